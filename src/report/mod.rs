//! Renders a diagnosis. Nothing here judges, and nothing else prints.

pub(crate) mod catalogue;
pub(crate) mod environment;
pub(crate) mod escape;
pub(crate) mod explain;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod junit;
#[cfg(test)]
mod line_schema;
pub(crate) mod listeners;
pub(crate) mod page;
mod plain;
pub(crate) mod sarif;
pub(crate) mod style;
pub(crate) mod trace;
pub(crate) mod watch;

use crate::exit::Exit;
use crate::owners::Holder;
use crate::policy::Applied;
use sockdoctor_checks::diagnosis::{CheckResult, Diagnosis};
use sockdoctor_checks::facts::{Expectation, Facts};
use sockdoctor_checks::label::owner_label;
use sockdoctor_checks::path::promises;

/// What stands for a process where all could be looked at, and none of them holds the socket.
const NOBODY: &str = "none seen";

/// The process behind a listener, as lines and tables name it.
fn holder_label(holder: Holder<'_>) -> String {
    match holder {
        Holder::Process(owner) => owner_label(owner),
        Holder::Nobody => NOBODY.to_owned(),
        Holder::Unknown => "?".to_owned(),
    }
}

/// All that a report shows.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// What was observed.
    pub facts: &'a Facts,
    /// The facts with the other kernels of an image.
    pub others: &'a [Facts],
    /// What came of it.
    pub diagnosis: &'a Diagnosis,
    /// The exit code that goes with it.
    pub exit: Exit,
    /// The policy that was applied, and where it comes from.
    pub applied: Option<&'a Applied>,
    /// The facts come from a file, and may be of another machine and another day.
    pub recorded: bool,
}

impl Report<'_> {
    /// What an image promises of the machine that boots it.
    fn promises(&self) -> Option<Expectation> {
        let all: Vec<&Facts> = std::iter::once(self.facts).chain(self.others).collect();
        promises(&all)
    }

    fn result(&self, id: &str) -> Option<&CheckResult> {
        let mut results = self.diagnosis.results.iter();
        results.find(|result| result.check.id == id)
    }

    /// The check at the root of what `result` follows from.
    fn root(&self, result: &CheckResult) -> Option<&'static str> {
        let mut root = result.masked_by?;
        // As many steps as there are checks: two that mask each other must not hold this up.
        for _ in &self.diagnosis.results {
            match self.result(root).and_then(|result| result.masked_by) {
                Some(further) => root = further,
                None => break,
            }
        }
        Some(root)
    }
}
