//! What could not be decided. Checks that lack the same things are told together, each once.

use super::{Detail, findings, shown, words};
use crate::report::Report;
use crate::report::page::Page;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{Finding, Source, Status};
use sockdoctor_checks::list::list;
use std::collections::BTreeSet;

/// What a finding lacks.
type Gaps<'a> = Vec<&'a str>;

pub(super) fn write(page: &mut Page, report: &Report<'_>, detail: Detail, told: &BTreeSet<&str>) {
    let undecided: Vec<(&CheckResult, Vec<&Finding>)> = shown(report, detail)
        .map(|result| {
            let told = told.contains(result.check.id);
            (result, findings::findings(result, Status::Unknown, told))
        })
        .collect();
    let shared = match detail {
        Detail::Verbose => BTreeSet::new(),
        Detail::Quiet | Detail::Normal => shared(&undecided),
    };
    for block in blocks(&undecided, &shared) {
        together(page, &block);
    }
    for (result, findings) in undecided {
        let alone = |finding: &&Finding| !shared.contains(&gaps(finding));
        let findings: Vec<&Finding> = findings.into_iter().filter(alone).collect();
        findings::run(page, result, &findings, detail);
    }
}

/// The gaps that leave more than one finding undecided.
fn shared<'a>(undecided: &[(&'a CheckResult, Vec<&'a Finding>)]) -> BTreeSet<Gaps<'a>> {
    let (mut seen, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for finding in undecided.iter().flat_map(|(_, findings)| findings) {
        let gaps = gaps(finding);
        if !gaps.is_empty() && !seen.insert(gaps.clone()) {
            shared.insert(gaps);
        }
    }
    shared
}

/// Checks that lack the same, and what that is.
struct Block<'a> {
    ids: Vec<&'static str>,
    gaps: Gaps<'a>,
}

fn blocks<'a>(
    undecided: &[(&'a CheckResult, Vec<&'a Finding>)],
    shared: &BTreeSet<Gaps<'a>>,
) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    for (result, findings) in undecided {
        let lacking = findings.iter().map(|finding| gaps(finding));
        let mut gaps = Vec::new();
        for gap in lacking.filter(|gaps| shared.contains(gaps)).flatten() {
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
        let id = result.check.id;
        match blocks.iter_mut().find(|block| block.gaps == gaps) {
            _ if gaps.is_empty() => {}
            Some(block) => block.ids.push(id),
            None => blocks.push(Block {
                ids: vec![id],
                gaps,
            }),
        }
    }
    blocks
}

fn gaps(finding: &Finding) -> Gaps<'_> {
    let evidence = finding.evidence.iter();
    evidence
        .filter(|piece| piece.source == Source::Gap)
        .map(|piece| piece.says.as_str())
        .collect()
}

fn together(page: &mut Page, block: &Block<'_>) {
    page.gap();
    let lead = page.lead(&[words::status(Status::Unknown), ("  ", None)]);
    page.entry(&lead, &list(&block.ids));
    for (number, gap) in block.gaps.iter().enumerate() {
        words::label(page, if number == 0 { "why" } else { "" }, gap);
    }
}
