//! The answer to the question that the user came with, and the way that ss walks.

use super::{Detail, INDENT, follow_ons, words};
use crate::report::Report;
use crate::report::escape::Charset;
use crate::report::page::Page;
use crate::report::style::Tone;
use sockdoctor_checks::finding::{self, Remedy, Status};
use sockdoctor_checks::policy::Ruling;
use sockdoctor_checks::verdict::{Step, StepStatus, Walk};

pub(super) fn write(page: &mut Page, report: &Report<'_>, detail: Detail) {
    let verdict = &report.diagnosis.verdict;
    let (tcp, unix) = (&verdict.tcp, &verdict.unix);
    // One cause is told once.
    let same = tcp.cause.is_some() && tcp.cause == unix.cause;
    walk(page, report, tcp, detail, None);
    walk(page, report, unix, detail, same.then_some(tcp));
}

/// A walk, in short where the one that was `told` before breaks for the same cause.
fn walk(page: &mut Page, report: &Report<'_>, walk: &Walk, detail: Detail, told: Option<&Walk>) {
    if detail != Detail::Quiet {
        page.gap();
    }
    let lead = page.lead(&[words::status(walk.status), ("  ", None)]);
    page.entry(&lead, &walk.summary);
    let full = match detail {
        Detail::Quiet => false,
        Detail::Normal => walk.status != Status::Pass && told.is_none(),
        Detail::Verbose => true,
    };
    if full {
        tree(page, walk);
        aftermath(page, report, walk, detail);
    } else if detail == Detail::Normal {
        if let Some(remedy) = told.and_then(|told| beyond(walk, told)) {
            page.gap();
            words::remedy(page, &remedy);
        }
        words::labels(page, "true", &walk.truth);
    }
}

/// The steps that mend this walk and are not among those that mend the other, behind a word that
/// those are needed as well.
fn beyond(walk: &Walk, told: &Walk) -> Option<Remedy> {
    let (own, other) = (walk.remedy.as_ref()?, told.remedy.as_ref()?);
    let rest = |own: &[finding::Step], other: &[finding::Step]| -> Vec<finding::Step> {
        let rest = own.iter().filter(|step| !other.contains(step));
        let mut rest: Vec<_> = rest.cloned().collect();
        if !rest.is_empty() && rest.len() < own.len() {
            rest.insert(
                0,
                finding::Step::Do("what stands above, and then".to_owned()),
            );
        }
        rest
    };
    let remedy = Remedy {
        now: rest(&own.now, &other.now),
        keep: rest(&own.keep, &other.keep),
    };
    (remedy != Remedy::default()).then_some(remedy)
}

/// What mends it, what is true meanwhile, and what else comes of it.
fn aftermath(page: &mut Page, report: &Report<'_>, walk: &Walk, detail: Detail) {
    page.gap();
    if let Some(ruling) = accepted(report, walk) {
        words::label(page, "why", &words::ruling(ruling));
    }
    if let Some(remedy) = &walk.remedy {
        words::remedy(page, remedy);
    }
    words::labels(page, "true", &walk.truth);
    if let (Some(cause), Detail::Normal) = (walk.cause, detail) {
        follow_ons(page, report, cause);
    }
}

/// Why a walk that is broken does not fail.
fn accepted<'a>(report: &'a Report<'_>, walk: &Walk) -> Option<&'a Ruling> {
    let cause = walk.cause.filter(|_| walk.status == Status::Waived)?;
    report.result(cause)?.waiver()
}

fn tree(page: &mut Page, walk: &Walk) {
    if walk.steps.is_empty() {
        return;
    }
    page.gap();
    let lead = page.lead(&[(INDENT, None), (walk.command, Some(Tone::Strong))]);
    page.entry(&lead, "");
    let columns = Columns::of(&walk.steps);
    let mut steps = walk.steps.iter().peekable();
    while let Some(step) = steps.next() {
        columns.step(page, step, steps.peek().is_none());
    }
}

/// The widths of the columns before the details.
struct Columns {
    status: usize,
    name: usize,
}

impl Columns {
    fn of(steps: &[Step]) -> Self {
        let widest = |text: fn(&Step) -> &'static str| {
            let widths = steps.iter().map(|step| text(step).len());
            widths.max().unwrap_or(0)
        };
        Columns {
            status: widest(|step| word(step.status).0),
            name: widest(|step| step.name),
        }
    }

    fn step(&self, page: &mut Page, step: &Step, last: bool) {
        let (branch, trunk) = match (page.charset(), last) {
            (Charset::Unicode, false) => ("├─", "│"),
            (Charset::Unicode, true) => ("└─", " "),
            (Charset::Ascii, false) => ("|-", "|"),
            (Charset::Ascii, true) => ("`-", " "),
        };
        let (word, tone) = word(step.status);
        let &Columns { status, name } = self;
        let lead = page.lead(&[
            (INDENT, None),
            (" ", None),
            (branch, None),
            (" ", None),
            (&format!("{word:status$}"), tone),
            (&format!("  {:name$}  ", step.name), None),
        ]);
        let hang = format!("{INDENT} {trunk}{}", " ".repeat(status + name + 6));
        page.wrap(&lead, &hang, &step.detail);
    }
}

const fn word(status: StepStatus) -> (&'static str, Option<Tone>) {
    match status {
        StepStatus::Ok => ("ok", Some(Tone::Good)),
        StepStatus::Warn => ("warn", Some(Tone::Warn)),
        StepStatus::Fail => ("FAIL", Some(Tone::Bad)),
        StepStatus::Unknown => ("unknown", Some(Tone::Unsure)),
        StepStatus::Skipped => ("skipped", Some(Tone::Faint)),
        StepStatus::Then => ("then", Some(Tone::Strong)),
    }
}
