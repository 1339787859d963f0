//! What could not be decided. What one gap leaves undecided is told together.

use super::{Detail, findings, shown, words};
use crate::report::Report;
use crate::report::page::Page;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{Finding, Source, Status};
use sockdoctor_checks::list::list;
use std::collections::{BTreeMap, BTreeSet};

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
        Detail::Verbose => BTreeMap::new(),
        Detail::Quiet | Detail::Normal => shared(&undecided),
    };
    for (gaps, ids) in &shared {
        together(page, ids, gaps);
    }
    for (result, findings) in undecided {
        let alone = |finding: &&Finding| !shared.contains_key(&gaps(finding));
        let findings: Vec<&Finding> = findings.into_iter().filter(alone).collect();
        findings::run(page, result, &findings, detail);
    }
}

/// The gaps that leave more than one finding undecided, and the checks of those findings.
fn shared<'a>(
    undecided: &[(&'a CheckResult, Vec<&'a Finding>)],
) -> BTreeMap<Gaps<'a>, Vec<&'static str>> {
    let mut shared: BTreeMap<Gaps<'a>, Vec<&'static str>> = BTreeMap::new();
    for (result, findings) in undecided {
        for finding in findings {
            let ids = shared.entry(gaps(finding)).or_default();
            ids.push(result.check.id);
        }
    }
    shared.retain(|gaps, ids| !gaps.is_empty() && ids.len() > 1);
    shared.values_mut().for_each(Vec::dedup);
    shared
}

fn gaps(finding: &Finding) -> Gaps<'_> {
    let evidence = finding.evidence.iter();
    evidence
        .filter(|piece| piece.source == Source::Gap)
        .map(|piece| piece.says.as_str())
        .collect()
}

fn together(page: &mut Page, ids: &[&str], gaps: &[&str]) {
    page.gap();
    let lead = page.lead(&[words::status(Status::Unknown), ("  ", None)]);
    page.entry(&lead, &list(ids));
    for (number, gap) in gaps.iter().enumerate() {
        words::label(page, if number == 0 { "why" } else { "" }, gap);
    }
}
