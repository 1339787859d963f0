//! From the arguments to the exit code. Each subcommand has a file of its name; `watch` and `trace`
//! have their loops in folders of their own. The other files are parts of these.

mod check;
mod expect;
mod explain;
mod generate;
mod image;
mod judge;
mod list;
mod listeners;
mod named;
mod progress;
mod record;
mod replay;
mod selection;
mod trace;
mod watch;

use crate::cli::{Cli, Command, wrong_value};
use crate::exit::{Exit, Mistake};
use crate::report::environment::Environment;
use crate::report::escape::escape;
use crate::stdout;
use std::ffi::OsString;
use std::io::Write;

/// Runs the program with these arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let done = match Cli::read(arguments) {
        Ok(cli) => dispatch(&cli),
        Err(error) if error.use_stderr() => match wrong_value(&error) {
            Some(line) => Err(Mistake(line)),
            None => {
                say(&error.render().to_string());
                return Exit::Usage;
            }
        },
        // --help and --version come as errors too.
        Err(text) => stdout::print(&text.render().to_string()).map(|()| Exit::Fine),
    };
    done.unwrap_or_else(|Mistake(line)| {
        let charset = Environment::here().charset();
        say(&format!("sockdoctor: {}\n", escape(&line, charset)));
        Exit::Usage
    })
}

fn dispatch(cli: &Cli) -> Result<Exit, Mistake> {
    match &cli.command {
        None => check::run(&cli.check),
        Some(Command::Check(options)) => check::run(options),
        Some(Command::Listeners(options)) => listeners::run(options),
        Some(Command::Image(options)) => image::run(options),
        Some(Command::Watch(options)) => watch::run(options),
        Some(Command::List(options)) => list::run(options),
        Some(Command::Explain(options)) => explain::run(options),
        Some(Command::Replay(options)) => replay::run(options),
        Some(Command::Trace(options)) => trace::run(options),
        Some(Command::Generate(options)) => generate::run(options),
    }
}

/// Writes to stderr. When that fails too there is nobody left to tell.
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
