//! What the policy made of a finding.

use super::Date;
use crate::finding::Status;

/// What the policy made of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ruling {
    /// It warns, and the policy calls warnings of its check fatal.
    Fatal,
    /// Somebody has accepted it.
    Waived {
        /// Its status without that.
        was: Status,
        /// Why it is accepted.
        reason: String,
        /// The last day on which it is.
        expires: Date,
    },
}

impl Ruling {
    /// The same waiver, for a finding that follows and had the status `was`.
    pub(crate) fn for_a(&self, was: Status) -> Self {
        let mut ruling = self.clone();
        if let Ruling::Waived { was: before, .. } = &mut ruling {
            *before = was;
        }
        ruling
    }
}
