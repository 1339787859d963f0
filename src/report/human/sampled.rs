//! What was asked of a sample and is well: counters that moved at some time, and not during it.

use super::{Detail, findings, shown};
use crate::report::Report;
use crate::report::page::Page;
use sockdoctor_checks::finding::{Finding, Source, Status};

/// Whoever samples wants to know whether something still grows, also where it does not. A verbose
/// report tells all that passed.
pub(super) fn write(page: &mut Page, report: &Report<'_>, detail: Detail) {
    if detail != Detail::Normal || report.facts.collection.sample_ms.is_none() {
        return;
    }
    for result in shown(report, detail) {
        let findings = result.findings.iter();
        let history: Vec<&Finding> = findings.filter(|finding| is_history(finding)).collect();
        findings::run(page, result, &history, detail);
    }
}

/// A counter that is not zero, in a finding that passes.
fn is_history(finding: &Finding) -> bool {
    let counted = finding.evidence.iter().any(|piece| {
        let is_total = matches!(
            piece.source,
            Source::Counter {
                interval_ms: None,
                ..
            }
        );
        is_total && piece.says != "0"
    });
    finding.status == Status::Pass && counted
}
