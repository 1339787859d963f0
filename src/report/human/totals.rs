//! What is well, the numbers, and what the exit code means.

use super::{Detail, header, shown, words};
use crate::exit::Exit;
use crate::report::Report;
use crate::report::page::{Lead, Page};
use crate::report::style::Tone;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::facts::DiagModule;
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::list::{counted, list};

pub(super) fn write(page: &mut Page, report: &Report<'_>, detail: Detail) {
    if detail == Detail::Verbose {
        passes(page, report, detail);
    }
    page.gap();
    if let Some(changed) = changed(report) {
        page.entry(&Lead::default(), &changed);
    }
    page.entry(&Lead::default(), &counts(report, detail));
    let explain = worst(report).map(|id| format!("`sockdoctor explain {id}` tells more."));
    let last: Vec<String> = exit(report).into_iter().chain(explain).collect();
    if !last.is_empty() {
        page.entry(&Lead::default(), &last.join(" "));
    }
}

/// The lines of a quiet report that the verdict does not explain.
pub(super) fn write_quiet(page: &mut Page, report: &Report<'_>) {
    for line in [header::policy(report), exit(report)].iter().flatten() {
        page.entry(&Lead::default(), line);
    }
}

/// What is well, a line each.
fn passes(page: &mut Page, report: &Report<'_>, detail: Detail) {
    page.gap();
    let well = || shown(report, detail).filter(|result| result.status < Status::Waived);
    let width = well()
        .map(|result| result.check.id.len())
        .max()
        .unwrap_or(0);
    for result in well() {
        let lead = page.lead(&[
            words::status(result.status),
            ("  ", None),
            (&format!("{:width$}", result.check.id), Some(Tone::Strong)),
            ("  ", None),
        ]);
        let summary = result.findings.first().map_or("", |first| &first.summary);
        let text = match result.findings.len() {
            0 | 1 => summary.to_owned(),
            number => format!("{summary} (and {} more)", number - 1),
        };
        page.entry(&lead, &text);
    }
}

/// What the asking changed on the machine.
fn changed(report: &Report<'_>) -> Option<String> {
    let modules = report.facts.loaded_by_this_run()?;
    let names: Vec<&str> = modules.into_iter().map(DiagModule::name).collect();
    let names = (!names.is_empty()).then(|| list(&names))?;
    Some(format!(
        "The kernel loaded {names} because this run asked, as it does for ss."
    ))
}

fn counts(report: &Report<'_>, detail: Detail) -> String {
    let counts = report.diagnosis.counts();
    let mut parts = numbers(&[
        (counts.fail, "failed"),
        (counts.warn, "with a warning"),
        (counts.unknown, "undecided"),
    ]);
    let results = &report.diagnosis.results;
    let masked = results.iter().filter(|result| result.masked_by.is_some());
    let because_of_another = match masked.count() {
        0 => String::new(),
        1 => " 1 of them follows from another.".to_owned(),
        number => format!(" {number} of them follow from others."),
    };
    let passed = match detail {
        Detail::Normal => "passed (-v lists them)",
        Detail::Quiet | Detail::Verbose => "passed",
    };
    parts.extend(numbers(&[
        (counts.waived, "waived"),
        (counts.pass, passed),
        (counts.skipped, "not applicable"),
    ]));
    let checks = counted(results.len(), "check");
    format!("{checks}: {}.{because_of_another}", parts.join(", "))
}

fn numbers(parts: &[(usize, &str)]) -> Vec<String> {
    parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect()
}

/// The check to read about first: of those that the exit code is about, or else of the worst.
fn worst(report: &Report<'_>) -> Option<&'static str> {
    let results = || shown(report, Detail::Normal);
    let worst = || results().map(|result| result.status).max();
    let told = told_by_exit(report).or_else(worst)?;
    let is_told = |result: &&CheckResult| result.status == told && told > Status::Waived;
    let verdict = &report.diagnosis.verdict;
    let causes = [verdict.tcp.cause, verdict.unix.cause];
    let is_cause = |result: &&CheckResult| causes.contains(&Some(result.check.id));
    let cause = results().filter(is_told).find(is_cause);
    let told = cause.or_else(|| results().find(is_told));
    told.map(|result| result.check.id)
}

/// The status that the exit code is about.
pub(super) fn told_by_exit(report: &Report<'_>) -> Option<Status> {
    match report.exit {
        Exit::Failure => Some(Status::Fail),
        Exit::Warnings => Some(Status::Warn),
        Exit::Undecided => Some(Status::Unknown),
        Exit::Fine | Exit::Usage => None,
    }
}

/// What the exit code means, where it is not 0.
fn exit(report: &Report<'_>) -> Option<String> {
    let (exit, diagnosis) = (report.exit, report.diagnosis);
    let of_machine = report.facts.origin.image().is_none();
    let meaning = match exit {
        Exit::Fine => return None,
        Exit::Failure => "something failed",
        Exit::Usage => "a mistake in usage",
        Exit::Warnings => "nothing failed, something warns",
        Exit::Undecided if !diagnosis.judged_anything() => "nothing could be judged",
        Exit::Undecided if of_machine && diagnosis.saw_no_namespace() => {
            "no network namespace could be judged"
        }
        Exit::Undecided => "something could not be decided",
    };
    Some(format!("Exit code {}: {meaning}.", exit.code()))
}
