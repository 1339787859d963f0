//! A finding as lines of text, for documents that other programs show to people.

use super::escape::{Charset, escape};
use super::human::words;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{Finding, Source, Status, Step};

/// `text` on one line, without anything that could act on whoever shows it.
pub(super) fn line(text: &str) -> String {
    escape(text, Charset::Unicode).into_owned()
}

/// The sentence of a finding and what belongs to it, a line each.
pub(super) fn lines(result: &CheckResult, finding: &Finding) -> Vec<String> {
    let evidence = finding.evidence.iter().map(|piece| {
        let word = match piece.source {
            Source::Gap => "why",
            _ => "seen",
        };
        format!("{word}: {}", words::evidence(piece))
    });
    let ruling = finding.ruling.iter();
    let root = result
        .masked_by
        .filter(|_| finding.unwaived() > Status::Waived);
    let remedy = finding.remedy.iter();
    let steps = |word, steps: &[Step]| -> Vec<String> {
        let steps = steps.iter();
        steps
            .map(|step| format!("{word}: {}", step.text()))
            .collect()
    };
    std::iter::once(finding.summary.clone())
        .chain(evidence)
        .chain(ruling.map(|ruling| format!("policy: {}", words::ruling(ruling))))
        .chain(root.iter().map(|root| format!("follows from {root}")))
        .chain(
            remedy.flat_map(|remedy| {
                [steps("now", &remedy.now), steps("keep", &remedy.keep)].concat()
            }),
        )
        .map(|text| line(&text))
        .collect()
}
