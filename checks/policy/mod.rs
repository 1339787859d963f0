//! What the operator asks for and accepts: limits, checks whose warnings are fatal, waivers.

mod date;
mod ruling;
mod waiver;
pub mod waivers;

pub use date::Date;
pub use ruling::Ruling;
pub use waiver::{Standing, Waiver};

use crate::diagnosis::CheckResult;
use crate::finding::{Finding, Status, Subject};
use crate::limits::Limits;
use std::collections::BTreeSet;

/// What the operator asks for and accepts. The default asks for nothing and accepts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// What is acceptable.
    pub limits: Limits,
    /// The checks whose warnings count as failures, by id.
    pub fatal: BTreeSet<&'static str>,
    /// What somebody has accepted for a while, in the order of the file.
    pub waivers: Vec<Waiver>,
    /// The day on which it is applied, which decides what waivers are over.
    pub today: Date,
}

impl Policy {
    /// The finding, apart for each of its namespaces that a waiver names: who accepts it for one
    /// of them does not accept it for the others.
    pub(crate) fn apart(&self, id: &str, finding: Finding) -> Vec<Finding> {
        let Subject::Namespaces(labels) = &finding.subject else {
            return vec![finding];
        };
        let named = |label: &&String| {
            let mut waivers = self.waivers.iter().filter(|waiver| waiver.id == id);
            waivers.any(|waiver| waiver.subject.as_ref() == Some(label))
        };
        let (named, others): (Vec<_>, Vec<_>) = labels.iter().partition(named);
        if named.is_empty() {
            return vec![finding];
        }
        let about = |labels: Vec<String>| Finding {
            subject: Subject::Namespaces(labels),
            ..finding.clone()
        };
        let others: Vec<String> = others.into_iter().cloned().collect();
        let rest = (!others.is_empty()).then(|| about(others));
        let alone = named.into_iter().map(|label| about(vec![label.clone()]));
        rest.into_iter().chain(alone).collect()
    }

    /// What becomes of a finding of the check `id`.
    pub(crate) fn rule(&self, id: &str, mut finding: Finding) -> Finding {
        if finding.status == Status::Warn && self.fatal.contains(id) {
            finding.status = Status::Fail;
            finding.ruling = Some(Ruling::Fatal);
        }
        let mut in_date = self.waivers.iter().filter(|waiver| !waiver.is_over(self));
        if let Some(waiver) = in_date.find(|waiver| waiver.accepts(id, &finding)) {
            finding.ruling = Some(Ruling::Waived {
                was: finding.status,
                reason: waiver.reason.clone(),
                expires: waiver.expires,
            });
            finding.status = Status::Waived;
        }
        finding
    }

    /// What each waiver was good for.
    pub(crate) fn standings(&self, results: &[CheckResult]) -> Vec<Standing> {
        let waivers = self.waivers.iter();
        waivers
            .map(|waiver| waiver.standing(self, results))
            .collect()
    }
}

/// Waives what follows from a waived check alone: who accepts that tcp_diag is gone accepts that
/// ss is wrong, too. What could not be decided stays so.
pub(crate) fn waive_follow_ons(results: &mut [CheckResult]) {
    while let Some((at, ruling)) = next_follow_on(results) {
        let result = &mut results[at];
        for finding in &mut result.findings {
            if finding.status > Status::Unknown {
                finding.ruling = Some(ruling.for_a(finding.status));
                finding.status = Status::Waived;
            }
        }
        result.rank();
    }
}

/// The first that fails or warns under a waived check, and why that one is waived.
fn next_follow_on(results: &[CheckResult]) -> Option<(usize, Ruling)> {
    results.iter().enumerate().find_map(|(at, result)| {
        let root = result
            .masked_by
            .filter(|_| result.status > Status::Unknown)?;
        let root = results.iter().find(|other| other.check.id == root)?;
        Some((at, root.waiver()?.clone()))
    })
}

#[cfg(test)]
mod tests;
