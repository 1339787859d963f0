//! `sockdoctor watch`: looks again and again.

use super::Mistake;
use super::output::{self, reason};
use crate::cli;
use crate::exit::Exit;
use crate::watch::{self, Failure};

pub(super) fn run(options: &cli::Watch) -> Result<Exit, Mistake> {
    output::open()?;
    watch::run(options).map_err(|failure| match failure {
        Failure::NoSuchNamespace(error) => Mistake(error.to_string()),
        Failure::Signals(error) => Mistake(format!("signals: {}", reason(&error))),
        Failure::Thread(error) => Mistake(format!("a thread for the readings: {}", reason(&error))),
        Failure::Stdout(error) => Mistake(format!("stdout: {}", reason(&error))),
    })
}
