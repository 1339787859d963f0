//! One diagnosis of an image with several kernels.

use crate::diagnosis::{CheckResult, merge_alike};
use crate::facts::Facts;
use crate::finding::Status;
use crate::verdict::{Verdict, Walk};

/// Adds what the same checks said with another kernel.
pub(crate) fn add(sum: &mut [CheckResult], more: Vec<CheckResult>) {
    // In the same order: whether a check judges depends on nothing that differs by kernel.
    for (result, more) in sum.iter_mut().zip(more) {
        let findings = std::mem::take(&mut result.findings).into_iter();
        result.findings = merge_alike(findings.chain(more.findings));
        result.masked_by = result.masked_by.or(more.masked_by);
        result.rank();
    }
}

/// The verdict is that of the kernel with which ss is blindest, and says which that is.
pub(crate) fn add_verdict(first: &Facts, sum: &mut Verdict, facts: &Facts, more: Verdict) {
    for (walk, other) in [(&mut sum.tcp, more.tcp), (&mut sum.unix, more.unix)] {
        if other.status > walk.status {
            *walk = other;
            name_kernel(facts, walk);
        } else {
            name_kernel(first, walk);
        }
    }
}

fn name_kernel(facts: &Facts, walk: &mut Walk) {
    const WITH: &str = "With Linux ";
    if let Some(release) = facts.kernel.release.value()
        && walk.status != Status::Pass
        && !walk.summary.starts_with(WITH)
    {
        walk.summary = format!("{WITH}{release}: {}", walk.summary);
    }
}
