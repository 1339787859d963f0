//! `sockdoctor watch`: looks again and again.

use super::{Mistake, say};
use crate::cli;
use crate::exit::Exit;
use crate::stdout;
use crate::text::reason;
use crate::watch::{self, Failure};

pub(super) fn run(options: &cli::Watch) -> Result<Exit, Mistake> {
    stdout::open()?;
    watch::run(options).or_else(|failure| match failure {
        Failure::NoSuchNamespace(error) => Err(Mistake(error.to_string())),
        Failure::Stdout(error) => Err(Mistake(format!("stdout: {}", reason(&error)))),
        // No mistake of the user, and nothing was judged.
        Failure::Means(what, error) => {
            let why = reason(&error);
            say(&format!("sockdoctor: {what} could not be started: {why}\n"));
            Ok(Exit::Undecided)
        }
    })
}
