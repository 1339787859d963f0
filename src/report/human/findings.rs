//! What is wrong, one block a finding.

use super::{Detail, INDENT, follow_ons, shown, words};
use crate::report::Report;
use crate::report::page::Page;
use crate::report::style::Tone;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{Evidence, Finding, Source, Status, Subject};
use sockdoctor_checks::list::counted;
use std::collections::BTreeSet;

/// Findings of one check to show.
const FINDINGS: usize = 5;
/// Pieces of evidence of one finding to show.
const EVIDENCE: usize = 4;
/// Namespaces to name.
const LABELS: usize = 4;

/// The findings of this status, without those that another explains.
pub(super) fn write(
    page: &mut Page,
    report: &Report<'_>,
    status: Status,
    detail: Detail,
    told: &BTreeSet<&str>,
) {
    for result in shown(report, detail) {
        let told = told.contains(result.check.id);
        let findings = findings(result, status, told);
        run(page, result, &findings, detail);
        let is_root = status >= Status::Warn && result.status == status;
        if is_root && !told && detail != Detail::Quiet {
            follow_ons(page, report, result.check.id);
        }
    }
}

/// The findings of `result` with this status. Where the verdict has told the worst one, it is
/// left out.
pub(super) fn findings(result: &CheckResult, status: Status, told: bool) -> Vec<&Finding> {
    let skip = usize::from(told && result.status == status);
    let findings = result.findings.iter();
    findings
        .filter(|finding| finding.status == status)
        .skip(skip)
        .collect()
}

/// Findings of one check, cut where there are many. Those that are about one listener come before
/// what is said of many.
pub(super) fn run(page: &mut Page, result: &CheckResult, findings: &[&Finding], detail: Detail) {
    let is_of_one = |finding: &&Finding| matches!(finding.subject, Subject::Listener { .. });
    let (of_one, others): (Vec<&Finding>, Vec<_>) = findings.iter().partition(|it| is_of_one(it));
    let last = part(page, result, &of_one, None, detail);
    more(page, of_one.len(), detail, |number| {
        counted(number, "more listener")
    });
    part(page, result, &others, last, detail);
    more(page, others.len(), detail, |number| {
        format!("{number} more of {}", result.check.id)
    });
}

/// As many as there is room for. Returns the last one, whose remedy is not told again.
fn part<'a>(
    page: &mut Page,
    result: &CheckResult,
    findings: &[&'a Finding],
    mut before: Option<&'a Finding>,
    detail: Detail,
) -> Option<&'a Finding> {
    for &finding in findings.iter().take(limit(detail, FINDINGS)) {
        if detail == Detail::Quiet {
            line(page, result, finding);
        } else {
            block(page, result, finding, before, detail);
        }
        before = Some(finding);
    }
    before
}

fn more(page: &mut Page, findings: usize, detail: Detail, number: impl Fn(usize) -> String) {
    let left_out = findings.saturating_sub(limit(detail, FINDINGS));
    if left_out > 0 {
        page.gap();
        let lead = page.lead(&[(INDENT, None)]);
        let text = format!("and {}; -v shows them, --format json too", number(left_out));
        page.entry(&lead, &text);
    }
}

/// How many of a long list to show.
fn limit(detail: Detail, limit: usize) -> usize {
    match detail {
        Detail::Verbose => usize::MAX,
        Detail::Quiet | Detail::Normal => limit,
    }
}

fn line(page: &mut Page, result: &CheckResult, finding: &Finding) {
    let lead = page.lead(&[words::status(finding.status), ("  ", None)]);
    let subject = words::subject(&finding.subject, LABELS);
    let gap = if subject.is_empty() { "" } else { " " };
    let text = format!("{}{gap}{subject}: {}", result.check.id, finding.summary);
    page.entry(&lead, &text);
}

fn block(
    page: &mut Page,
    result: &CheckResult,
    finding: &Finding,
    before: Option<&Finding>,
    detail: Detail,
) {
    page.gap();
    let lead = page.lead(&[
        words::status(finding.status),
        ("  ", None),
        (result.check.id, Some(Tone::Strong)),
        ("  ", None),
    ]);
    let subject = words::subject(&finding.subject, limit(detail, LABELS));
    page.wrap(&lead, INDENT, &subject);
    let lead = page.lead(&[(INDENT, None)]);
    page.entry(&lead, &finding.summary);
    if let Some(ruling) = &finding.ruling {
        words::label(page, "why", &words::ruling(ruling));
    }
    if finding.status == Status::Waived && detail != Detail::Verbose {
        return;
    }
    evidence(page, &finding.evidence, limit(detail, EVIDENCE));
    match (&finding.remedy, before.map(|before| &before.remedy)) {
        (None, _) => {}
        (Some(remedy), Some(Some(same))) if remedy == same => {
            let word = if remedy.now.is_empty() { "keep" } else { "now" };
            words::label(page, word, "as above");
        }
        (Some(remedy), _) => words::remedy(page, remedy),
    }
}

fn evidence(page: &mut Page, evidence: &[Evidence], limit: usize) {
    let mut last = "";
    for piece in evidence.iter().take(limit) {
        let word = match piece.source {
            Source::Gap => "why",
            _ => "seen",
        };
        let shown = if word == last { "" } else { word };
        words::label(page, shown, &words::evidence(piece));
        last = word;
    }
    let more = evidence.len().saturating_sub(limit);
    if more > 0 {
        words::label(page, "", &format!("and {more} more; -v shows them"));
    }
}
