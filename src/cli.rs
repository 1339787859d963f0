//! The command line.

mod image;
mod listeners;
mod policy;
mod trace;
mod watch;
mod wrong_value;

pub(crate) use image::Image;
pub(crate) use listeners::{Listeners, Sort};
pub(crate) use policy::Policy;
pub(crate) use trace::Trace;

use crate::netns::Selector;
use crate::report::style::ColorChoice;
pub(crate) use watch::Watch;
pub(crate) use wrong_value::wrong_value;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Examples:
  sockdoctor                          look at this machine
  sockdoctor --only tcp-diag,queues   one check and one group of checks
  sockdoctor --netns web --sample 2s  one namespace, and what grows there
  sockdoctor listeners                every listening socket, the worst first
  sockdoctor explain tcp-diag         what a check looks at, and how to mend it
  sockdoctor trace --duration 10s     who is dropped, when, and why
  sockdoctor --record facts.json      keep what was seen, to judge it elsewhere:
  sockdoctor replay facts.json

Exit codes:
  0  nothing at or above --fail-on
  1  something failed
  2  a mistake in usage or input, or output that could not be written
  3  nothing failed but something warns, with --fail-on warn or unknown
  4  whether ss can be believed could not be told, or nothing could be judged,
     or no network namespace; with --fail-on unknown: something could not";

/// Says whether the queue numbers that ss shows can be believed, and if not, why not.
#[derive(Debug, Parser)]
#[command(
    name = "sockdoctor",
    version,
    about,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    term_width = 80
)]
pub(crate) struct Cli {
    /// Print help
    // One help, and the short one: the long one takes three screens for the same.
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    /// What to do; `check` where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `check`, which can be left out.
    #[command(flatten)]
    pub check: Check,
}

impl Cli {
    /// Reads the command line. What clap made for it is left to the end of the process: to give it
    /// back piece by piece takes a twelfth of the instructions of a short run.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut definition = ManuallyDrop::new(Cli::command());
        let mut matches = ManuallyDrop::new(definition.try_get_matches_from_mut(arguments)?);
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut definition))
    }
}

/// The subcommands. Only the one that is asked for defines its options: to define them all took
/// a third of the time of a short run. Their lines stand a second time above those options,
/// because then clap takes them from there.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Look at this machine (what happens without a command, too)
    #[command(after_help = AFTER_HELP)]
    Check(Box<Check>),
    /// Show every listening socket: its queue, its drops, its process
    #[command(after_help = listeners::AFTER_HELP)]
    Listeners(Box<Listeners>),
    /// Judge the root of a machine that has not booted: a directory or a tar
    Image(Image),
    /// Look again and again, and tell what happens to the queues
    #[command(after_help = watch::AFTER_HELP)]
    Watch(Watch),
    /// List the checks
    List(List),
    /// Explain a check
    Explain(Explain),
    /// Judge facts that were recorded with --record
    Replay(Replay),
    /// Watch the kernel drop connection requests, as it happens
    Trace(Trace),
    /// Print what other programs need
    Generate(Generate),
}

/// Look at this machine (what happens without a command, too)
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// What to look at.
    #[command(flatten)]
    pub scope: Scope,
    /// Which checks.
    #[command(flatten)]
    pub selection: Selection,
    /// What is asked for and accepted.
    #[command(flatten)]
    pub policy: Policy,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
    /// Hold this machine against what its image promised: what `image --format json` printed
    #[arg(long, value_name = "FILE", help_heading = "Which checks")]
    pub expect: Option<PathBuf>,
    /// Also write what was seen to FILE, for `replay`
    #[arg(long, value_name = "FILE", help_heading = "What to show")]
    pub record: Option<PathBuf>,
}

/// What to look at.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to look at")]
pub(crate) struct Scope {
    /// Network namespace: all, self, host, a name, or the pid of a process in it; repeatable
    #[arg(long, value_name = "WHICH", value_parser = netns, default_value = "all")]
    pub netns: Vec<Selector>,
    /// Send nothing that can make the kernel load a module
    #[arg(long)]
    pub passive: bool,
    /// Read again after TIME (2s, 500ms) and say what grew
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub sample: Option<Duration>,
    /// Give up after TIME on what has not answered; --sample comes on top
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub timeout: Duration,
}

/// Which checks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which checks")]
pub(crate) struct Selection {
    /// Only these checks or groups, with commas; `sockdoctor list` shows all
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these checks or groups
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub skip: Vec<String>,
}

/// How to show it.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to show")]
pub(crate) struct Output {
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// The least bad outcome that the exit code tells
    #[arg(long, value_enum, value_name = "STATUS", default_value_t = FailOn::Fail)]
    pub fail_on: FailOn,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Only the verdict, and what the exit code is about
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// What passes too, and all the evidence
    #[arg(short, long)]
    pub verbose: bool,
}

/// List the checks
#[derive(Debug, Args)]
pub(crate) struct List {
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// Explain a check
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The id of a check; `sockdoctor list` shows all
    pub id: String,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// Judge facts that were recorded with --record
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// What --record wrote; `-` is stdin
    pub file: PathBuf,
    /// Which checks.
    #[command(flatten)]
    pub selection: Selection,
    /// What is asked for and accepted.
    #[command(flatten)]
    pub policy: Policy,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
}

/// Print what other programs need
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// What.
    #[command(subcommand)]
    pub what: Artefact,
}

/// What `generate` can make.
#[derive(Debug, Subcommand)]
pub(crate) enum Artefact {
    /// Print the JSON Schema of `check --format json`
    Schema,
    /// Print the JSON Schema of `listeners --format json`
    SchemaListeners,
    /// Print the JSON Schema of a line of `watch --format json`
    SchemaWatch,
    /// Print the JSON Schema of a line of `trace --format json`
    SchemaTrace,
    /// Print the table of all checks, in Markdown
    Catalogue,
    /// Print a script that completes the arguments in a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for a terminal
    Human,
    /// One JSON document
    Json,
    /// JUnit XML, for the test reports of CI
    Junit,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// Text for a terminal
    Human,
    /// JSON
    Json,
}

/// From which status on the exit code says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A failure.
    Fail,
    /// A warning or worse.
    Warn,
    /// An undecided check or worse.
    Unknown,
    /// Nothing: exit 0 whatever was found.
    Never,
}

/// No run waits longer than this; far larger values would overflow the clock.
const LONGEST: Duration = Duration::from_secs(3600);

fn duration(text: &str) -> Result<Duration, String> {
    let is_accepted = |time: &Duration| !time.is_zero() && *time <= LONGEST;
    let duration = humantime::parse_duration(text).ok().filter(is_accepted);
    duration.ok_or_else(|| {
        "a time is written as 2s, 500ms or 1m, and is more than 0 and at most 1h".to_owned()
    })
}

/// Any port is one to listen on but 0, which asks the kernel to choose one.
fn port(text: &str) -> Result<NonZero<u16>, String> {
    text.parse()
        .map_err(|_| format!("a port is a number from 1 to {}", u16::MAX))
}

fn netns(text: &str) -> Result<Selector, String> {
    match text {
        "" => {
            Err("a namespace is all, self, host, a name, or the pid of a process in it".to_owned())
        }
        "all" => Ok(Selector::All),
        "self" => Ok(Selector::Own),
        name => Ok(name
            .parse()
            .map_or_else(|_| Selector::Name(name.to_owned()), Selector::Pid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::read(arguments.iter().map(Into::into))
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_each_command_begins_with_what_it_does() {
        let listed = Cli::command();
        let mut built = Cli::command();
        built.build();
        for command in listed.get_subcommands() {
            let about = |command: &clap::Command| command.get_about().map(ToString::to_string);
            let in_its_help = built.find_subcommand(command.get_name()).and_then(about);
            assert!(in_its_help.is_some());
            assert_eq!(in_its_help, about(command));
        }
    }

    #[test]
    fn options_need_no_subcommand() {
        let cli = read(&["sockdoctor", "--format", "json", "--only", "a,b"]);
        let check = cli.expect("valid").check;
        assert_eq!(check.output.format, Format::Json);
        assert_eq!(check.selection.only, ["a", "b"]);
    }

    #[test]
    fn namespaces_can_be_named_in_four_ways() {
        let arguments = ["--netns=self", "--netns=web", "--netns=812", "--netns=all"];
        let cli = read(&[&["sockdoctor"], arguments.as_slice()].concat());
        assert_eq!(
            cli.expect("valid").check.scope.netns,
            [
                Selector::Own,
                Selector::Name("web".to_owned()),
                Selector::Pid(812),
                Selector::All
            ]
        );
    }

    #[test]
    fn durations_have_a_unit_and_a_bound() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "2", "-1s", "0s", "2h", "99999999999999y"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
