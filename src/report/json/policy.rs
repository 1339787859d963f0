//! The policy that was applied, and what it made of findings.

use super::checks::Status;
use crate::report::Report;
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::policy;

/// The policy that was applied.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Policy<'a> {
    /// Its file, as it was named or found.
    path: &'a str,
    /// Its waivers, in the order of the file.
    waivers: Vec<Waiver<'a>>,
}

/// Somebody accepts what a check finds.
#[derive(Debug, Serialize, JsonSchema)]
struct Waiver<'a> {
    /// The check.
    id: &'static str,
    /// The namespace or the listener. null: whatever the finding is about.
    subject: Option<&'a str>,
    /// Why it is accepted.
    reason: &'a str,
    /// The last day on which it is, YYYY-MM-DD, UTC.
    expires: String,
    /// Its line in the file, from 1.
    line: Option<u32>,
    /// What it was good for.
    standing: Standing,
}

/// What a waiver was good for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Standing {
    /// It accepted a finding.
    Used,
    /// Nothing that it could accept was found.
    Unused,
    /// What it speaks of could not be decided, or was not judged.
    Open,
    /// Its last day is over, so it accepts nothing.
    Expired,
}

/// What the policy made of a finding.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(super) enum Ruling<'a> {
    /// It warns, and the policy calls warnings of its check fatal.
    Fatal,
    /// Somebody has accepted it.
    Waived {
        /// Its status without that.
        was: Status,
        /// Why it is accepted.
        reason: &'a str,
        /// The last day on which it is, YYYY-MM-DD, UTC.
        expires: String,
    },
}

impl<'a> Policy<'a> {
    pub(super) fn of(report: &'a Report<'_>) -> Option<Self> {
        let applied = report.applied?;
        let waivers = applied.policy.waivers.iter();
        let waivers = waivers.zip(&report.diagnosis.waivers);
        Some(Policy {
            path: &applied.path,
            waivers: waivers
                .map(|(waiver, standing)| Waiver::of(waiver, *standing))
                .collect(),
        })
    }
}

impl<'a> Waiver<'a> {
    fn of(waiver: &'a policy::Waiver, standing: policy::Standing) -> Self {
        Waiver {
            id: waiver.id,
            subject: waiver.subject.as_deref(),
            reason: &waiver.reason,
            expires: waiver.expires.to_string(),
            line: waiver.place.line,
            standing: match standing {
                policy::Standing::Used => Standing::Used,
                policy::Standing::Unused => Standing::Unused,
                policy::Standing::Open => Standing::Open,
                policy::Standing::Expired => Standing::Expired,
            },
        }
    }
}

impl<'a> Ruling<'a> {
    pub(super) fn of(ruling: &'a policy::Ruling) -> Self {
        match ruling {
            policy::Ruling::Fatal => Ruling::Fatal,
            policy::Ruling::Waived {
                was,
                reason,
                expires,
            } => Ruling::Waived {
                was: (*was).into(),
                reason,
                expires: expires.to_string(),
            },
        }
    }
}
