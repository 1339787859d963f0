//! How the program ends: exit codes, the same for every format, and why it did not do its work.

use crate::cli::FailOn;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use sockdoctor_checks::diagnosis::{Counts, Diagnosis};
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

/// Why a command did not do what it was asked: one line for stderr, exit code 2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake(pub(crate) String);

/// The signals that ask for the end: Ctrl-C, a polite one, and a terminal that is closed.
const ENDS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// The same, without SIGHUP where this process was started to ignore it, as nohup(1) asks for. A
/// shell has SIGINT ignored of what it puts into the background, and a script that sends it all the
/// same means it.
pub(crate) fn ends() -> impl Iterator<Item = i32> {
    let status = procfs::process::Process::myself().and_then(|own| own.status());
    let ignored = status.map_or(0, |status| status.sigign);
    let survives_terminal = ignored >> (SIGHUP - 1) & 1 == 1;
    ENDS.into_iter()
        .filter(move |signal| *signal != SIGHUP || !survives_terminal)
}

impl Exit {
    /// The exit code of a diagnosis. Without an answer to the question whether ss can be
    /// believed it is never fine, whatever else passed.
    pub fn of(diagnosis: &Diagnosis, fail_on: FailOn) -> Self {
        let counts = diagnosis.counts();
        // What is skipped was not to be judged, so a run of which nothing else is left is fine;
        // one that is undecided throughout is not.
        let is_open = counts.unknown > 0 && !diagnosis.judged_anything();
        let lacks_an_answer =
            diagnosis.lacks_an_answer() || diagnosis.saw_no_namespace() || is_open;
        Exit::with(&counts, lacks_an_answer, fail_on)
    }

    /// The same of an image. One of which nothing could be judged is undecided, so that a folder
    /// that was named by mistake is not taken for a good one.
    pub fn of_image(diagnosis: &Diagnosis, fail_on: FailOn) -> Self {
        let lacks_an_answer = diagnosis.lacks_an_answer() || !diagnosis.judged_anything();
        Exit::with(&diagnosis.counts(), lacks_an_answer, fail_on)
    }

    fn with(counts: &Counts, lacks_an_answer: bool, fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Never => Exit::Fine,
            _ if counts.fail > 0 => Exit::Failure,
            FailOn::Unknown if counts.unknown > 0 => Exit::Undecided,
            FailOn::Warn | FailOn::Unknown if counts.warn > 0 => Exit::Warnings,
            _ if lacks_an_answer => Exit::Undecided,
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

#[cfg(test)]
mod tests {
    use super::*;
    use FailOn::{Fail, Never, Unknown, Warn};
    use sockdoctor_checks::diagnosis::diagnose;
    use sockdoctor_checks::finding::{Finding, Status};
    use sockdoctor_checks::fixture::healthy;
    use sockdoctor_checks::policy::Policy;

    /// pass, warn, fail, unknown → the code for each of `--fail-on`.
    #[test]
    fn every_outcome_has_its_code() {
        let table = [
            //                  fail warn unknown never
            ([3, 0, 0, 0], [0, 0, 0, 0]),
            ([3, 1, 0, 0], [0, 3, 3, 0]),
            ([3, 1, 1, 0], [1, 1, 1, 0]),
            ([3, 0, 0, 1], [0, 0, 4, 0]),
            ([3, 1, 0, 1], [0, 3, 4, 0]),
            ([3, 1, 1, 1], [1, 1, 1, 0]),
            ([0, 1, 0, 2], [0, 3, 4, 0]),
            ([0, 0, 0, 0], [0, 0, 0, 0]),
        ];
        for ([pass, warn, fail, unknown], expected) in table {
            let counts = Counts {
                pass,
                warn,
                fail,
                unknown,
                ..Counts::default()
            };
            let codes =
                [Fail, Warn, Unknown, Never].map(|on| Exit::with(&counts, false, on).code());
            assert_eq!(codes, expected, "{counts:?}");
        }
    }

    #[test]
    fn without_an_answer_to_the_question_nothing_is_fine() {
        let passing = Counts {
            pass: 18,
            unknown: 1,
            ..Counts::default()
        };
        let codes = [Fail, Warn, Unknown, Never].map(|on| Exit::with(&passing, true, on).code());
        assert_eq!(codes, [4, 4, 4, 0]);
    }

    /// The codes where one check has judged so.
    fn codes(statuses: &[Status]) -> [u8; 4] {
        let mut diagnosis = diagnose(&healthy(), &Policy::default(), |it| it.id == "somaxconn");
        let result = &mut diagnosis.results[0];
        let findings = statuses.iter().map(|status| Finding::host(*status, ""));
        result.findings = findings.collect();
        result.status = statuses[0];
        [Fail, Warn, Unknown, Never].map(|on| Exit::of(&diagnosis, on).code())
    }

    #[test]
    fn a_namespace_that_was_judged_counts_beside_one_that_was_not() {
        assert_eq!(codes(&[Status::Unknown]), [4, 4, 4, 0]);
        assert_eq!(codes(&[Status::Unknown, Status::Skipped]), [4, 4, 4, 0]);
        assert_eq!(codes(&[Status::Unknown, Status::Pass]), [0, 0, 4, 0]);
        assert_eq!(codes(&[Status::Skipped]), [0, 0, 0, 0]);
    }

    #[test]
    fn what_somebody_has_accepted_was_judged() {
        assert_eq!(codes(&[Status::Unknown, Status::Waived]), [0, 0, 4, 0]);
    }
}
