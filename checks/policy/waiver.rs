//! One waiver: somebody accepts a finding, for a reason and up to a day.

use super::{Date, Policy};
use crate::diagnosis::CheckResult;
use crate::facts::Place;
use crate::finding::{Finding, Status, Subject};

/// Somebody accepts what a check finds, for a reason and up to a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The id of the check.
    pub id: &'static str,
    /// A namespace, a listener's address, or `ADDRESS in NAMESPACE`. `None`: whatever it is about.
    pub subject: Option<String>,
    /// Why it is accepted, on one line.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
    /// Where it was written.
    pub place: Place,
}

/// What a waiver was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It accepted a finding.
    Used,
    /// Nothing that it could accept was found.
    Unused,
    /// What it speaks of could not be decided, or was not judged.
    Open,
    /// Its last day is over, so it accepts nothing.
    Expired,
}

impl Waiver {
    /// True when its last day was before the day of `policy`.
    pub(super) fn is_over(&self, policy: &Policy) -> bool {
        self.expires < policy.today
    }

    /// Whether it accepts `finding`, in whole. What could not be decided cannot be accepted:
    /// nobody knows what it is.
    pub(super) fn accepts(&self, id: &str, finding: &Finding) -> bool {
        self.id == id && finding.status > Status::Unknown && self.names(&finding.subject)
    }

    pub(super) fn standing(&self, policy: &Policy, results: &[CheckResult]) -> Standing {
        if self.is_over(policy) {
            return Standing::Expired;
        }
        let Some(result) = results.iter().find(|result| result.check.id == self.id) else {
            return Standing::Open;
        };
        let findings = result.findings.iter();
        let worst = findings
            .filter(|finding| self.touches(&finding.subject))
            .map(Finding::unwaived)
            .max();
        match worst {
            Some(Status::Warn | Status::Fail) => Standing::Used,
            // It may apply on another machine that has the same policy.
            Some(Status::Unknown | Status::Skipped) => Standing::Open,
            // The namespace that it names may be among those that could not be seen.
            _ if result.status == Status::Unknown => Standing::Open,
            _ => Standing::Unused,
        }
    }

    /// Whether all of `about` is what it names.
    fn names(&self, about: &Subject) -> bool {
        match (&self.subject, about) {
            (Some(subject), Subject::Kernels(_)) if subject == "host" => true,
            (Some(subject), Subject::Namespaces(labels) | Subject::Kernels(labels)) => {
                labels.iter().all(|label| label == subject)
            }
            _ => self.touches(about),
        }
    }

    /// Whether some of `about` is what it names.
    fn touches(&self, about: &Subject) -> bool {
        let Some(subject) = &self.subject else {
            return true;
        };
        match about {
            Subject::Host => subject == "host",
            Subject::Kernels(_) if subject == "host" => true,
            Subject::Namespaces(labels) | Subject::Kernels(labels) => labels.contains(subject),
            Subject::Listener {
                address, namespace, ..
            } => {
                subject == address
                    || subject == namespace
                    || *subject == format!("{address} in {namespace}")
            }
        }
    }
}

impl std::fmt::Display for Waiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.subject {
            Some(subject) => write!(f, "the waiver of {} for {subject}", self.id),
            None => write!(f, "the waiver of {}", self.id),
        }
    }
}
