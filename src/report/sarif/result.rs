//! Findings as results.

use super::fingerprint::Fingerprints;
use super::log::{Finding, Suppression};
use super::message::Message;
use super::place::{self, Location};
use crate::report::human::words;
use crate::report::plain;
use sockdoctor_checks::CATALOGUE;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{self, Status};
use sockdoctor_checks::policy::Ruling;
use std::collections::BTreeMap;

/// One result for each finding, passes too: what was looked at and is well can be told from what
/// was not looked at.
pub(super) fn of_check(result: &CheckResult, fingerprints: &mut Fingerprints) -> Vec<Finding> {
    let id = result.check.id;
    let index = CATALOGUE.iter().position(|check| check.id == id);
    let findings = result.findings.iter();
    findings
        .map(|finding| {
            let fingerprint = fingerprints.of(result, finding);
            of_finding(result, index.unwrap_or_default(), finding, fingerprint)
        })
        .collect()
}

fn of_finding(
    result: &CheckResult,
    rule_index: usize,
    finding: &finding::Finding,
    partial_fingerprints: BTreeMap<&'static str, String>,
) -> Finding {
    let lines = place::lines(&finding.evidence).skip(1);
    // A waived result keeps its level: the suppression says that it is accepted.
    let status = finding.unwaived();
    Finding {
        rule_id: result.check.id,
        rule_index,
        kind: kind(status),
        level: level(status),
        message: Message::written(&plain::lines(result, finding).join("\n")),
        locations: [Location::of(&finding.subject, &finding.evidence)],
        related_locations: lines
            .map(|(place, line, evidence)| Location::related(place, line, evidence))
            .collect(),
        partial_fingerprints,
        suppressions: finding.ruling.iter().filter_map(suppression).collect(),
    }
}

const fn kind(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Skipped => "notApplicable",
        Status::Unknown => "open",
        Status::Waived | Status::Warn | Status::Fail => "fail",
    }
}

/// Only what is of the kind `fail` has a level (§3.27.10).
const fn level(status: Status) -> &'static str {
    match status {
        Status::Fail => "error",
        Status::Warn => "warning",
        Status::Pass | Status::Skipped | Status::Waived | Status::Unknown => "none",
    }
}

/// Not in the source but in a file of its own: external (§3.35.2).
fn suppression(ruling: &Ruling) -> Option<Suppression> {
    matches!(ruling, Ruling::Waived { .. }).then(|| Suppression {
        kind: "external",
        status: "accepted",
        justification: plain::line(&words::ruling(ruling)),
    })
}
