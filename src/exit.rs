//! Exit codes, the same for every format.

use crate::cli::FailOn;
use sockdoctor_checks::diagnosis::Counts;
use std::process::ExitCode;

/// What the process says to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing at or above `--fail-on`.
    Fine = 0,
    /// A failure.
    Failure = 1,
    /// A mistake in usage, configuration or input, or output that could not be written.
    Usage = 2,
    /// Warnings only, with `--fail-on warn`.
    Warnings = 3,
    /// Nothing could be judged, or with `--fail-on unknown` something could not.
    Undecided = 4,
}

impl Exit {
    /// The exit code of a diagnosis with these counts.
    pub fn of(counts: &Counts, fail_on: FailOn) -> Self {
        let judged = counts.pass + counts.warn + counts.fail + counts.waived;
        match fail_on {
            FailOn::Never => Exit::Fine,
            _ if counts.fail > 0 => Exit::Failure,
            FailOn::Unknown if counts.unknown > 0 => Exit::Undecided,
            FailOn::Warn | FailOn::Unknown if counts.warn > 0 => Exit::Warnings,
            _ if judged == 0 && counts.unknown > 0 => Exit::Undecided,
            _ => Exit::Fine,
        }
    }

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
