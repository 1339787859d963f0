//! What the tests of such checks share: one check, judged as the report judges it.

use crate::check::Check;
use crate::diagnosis::diagnose;
use crate::facts::{Fact, Facts, Namespace};
use crate::finding::{Finding, Status};
use crate::fixture::healthy;
use crate::limits::Limits;
use crate::policy::Policy;

/// The findings of one check, worst first, with alike ones merged; each warning and failure
/// is held to give evidence.
pub(crate) fn findings(check: &'static Check, facts: &Facts) -> Vec<Finding> {
    findings_within(check, facts, &Limits::default())
}

/// The same, within other limits.
pub(crate) fn findings_within(
    check: &'static Check,
    facts: &Facts,
    limits: &Limits,
) -> Vec<Finding> {
    let policy = Policy {
        limits: limits.clone(),
        ..Policy::default()
    };
    let mut diagnosis = diagnose(facts, &policy, |candidate| candidate.id == check.id);
    let findings = diagnosis.results.remove(0).findings;
    for finding in &findings {
        let must_prove = finding.status >= Status::Warn;
        assert!(!must_prove || !finding.evidence.is_empty(), "{finding:?}");
    }
    findings
}

/// The statuses that occur, worst first.
pub(crate) fn statuses(check: &'static Check, facts: &Facts) -> Vec<Status> {
    let mut statuses: Vec<Status> = findings(check, facts)
        .iter()
        .map(|finding| finding.status)
        .collect();
    statuses.dedup();
    statuses
}

/// The worst status.
pub(crate) fn worst(check: &'static Check, facts: &Facts) -> Status {
    findings(check, facts)[0].status
}

/// A healthy machine with exactly these namespaces.
pub(crate) fn machine(namespaces: Vec<Namespace>) -> Facts {
    Facts {
        namespaces: Fact::Known(namespaces),
        ..healthy()
    }
}
