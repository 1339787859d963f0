//! `sockdoctor watch`: looks again and again.

use super::output::reason;
use super::{Mistake, closed_stdout};
use crate::cli;
use crate::exit::Exit;
use crate::watch::{self, Failure};

pub(super) fn run(options: &cli::Watch) -> Result<Exit, Mistake> {
    if closed_stdout::closed() {
        return Err(Mistake("stdout is closed".to_owned()));
    }
    watch::run(options).map_err(|failure| match failure {
        Failure::NoSuchNamespace(error) => Mistake(error.to_string()),
        Failure::Signals(error) => Mistake(format!("signals: {}", reason(&error))),
        Failure::Thread(error) => Mistake(format!("a thread for the readings: {}", reason(&error))),
        Failure::Stdout(error) => Mistake(format!("stdout: {}", reason(&error))),
    })
}
