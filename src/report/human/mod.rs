//! The report for people: the verdict first, then what is wrong, worst first.

mod findings;
mod header;
mod sampled;
mod totals;
mod unknowns;
mod verdict;
pub(super) mod words;

use super::Report;
use super::page::{Look, Page};
use sockdoctor_checks::check::Group;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::list::list;
use std::collections::BTreeSet;

/// How much to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The verdict, and what the exit code is about, a line each.
    Quiet,
    /// What is wrong in full; what is well in numbers.
    Normal,
    /// Everything.
    Verbose,
}

/// Before everything that belongs to the line above it.
const INDENT: &str = "      ";

/// The report as text.
pub(crate) fn render(report: &Report<'_>, look: Look, detail: Detail) -> String {
    let told = told(report, detail);
    let mut page = Page::new(look);
    if detail != Detail::Quiet {
        header::write(&mut page, report);
    }
    if has_verdict(report) {
        verdict::write(&mut page, report, detail);
    }
    findings::write(&mut page, report, Status::Fail, detail, &told);
    if detail != Detail::Quiet {
        findings::write(&mut page, report, Status::Warn, detail, &told);
        findings::write(&mut page, report, Status::Waived, detail, &told);
        sampled::write(&mut page, report, detail);
        unknowns::write(&mut page, report, detail, &told);
        totals::write(&mut page, report, detail);
    } else {
        if let Some(status) = totals::told_by_exit(report).filter(|status| *status < Status::Fail) {
            findings::write(&mut page, report, status, detail, &told);
        }
        totals::write_quiet(&mut page, report);
    }
    page.finish()
}

/// The walks are judged from what the path checks look at. Where none of those was asked for
/// there is no verdict to show.
fn has_verdict(report: &Report<'_>) -> bool {
    let mut results = report.diagnosis.results.iter();
    results.any(|result| result.check.group == Group::Path)
}

/// The checks whose worst finding the verdict has told already.
fn told(report: &Report<'_>, detail: Detail) -> BTreeSet<&'static str> {
    if detail == Detail::Verbose || !has_verdict(report) {
        return BTreeSet::new();
    }
    let verdict = &report.diagnosis.verdict;
    [&verdict.tcp, &verdict.unix]
        .into_iter()
        .filter(|walk| walk.status > Status::Skipped)
        .filter_map(|walk| walk.cause)
        .collect()
}

/// The results to show, in catalogue order: all, or those that do not follow from another.
fn shown<'a>(report: &'a Report<'_>, detail: Detail) -> impl Iterator<Item = &'a CheckResult> {
    let results = report.diagnosis.results.iter();
    results.filter(move |result| detail == Detail::Verbose || result.masked_by.is_none())
}

/// The line that folds what follows from the check `root`.
fn follow_ons(page: &mut Page, report: &Report<'_>, root: &str) {
    let ids: Vec<&str> = report
        .diagnosis
        .results
        .iter()
        .filter(|result| report.root(result) == Some(root))
        .map(|result| result.check.id)
        .collect();
    match ids.as_slice() {
        [] => {}
        [id] => words::label(page, "also", &format!("{id} follows from {root}")),
        ids => words::label(page, "also", &format!("{} follow from {root}", list(ids))),
    }
}

#[cfg(test)]
mod tests;
