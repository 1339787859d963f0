//! One diagnosis of an image with several kernels.

use crate::check::Check;
use crate::diagnosis::{Diagnosis, diagnose, merge_alike, settle};
use crate::facts::Facts;
use crate::finding::{Finding, Status};
use crate::limits::Limits;
use crate::verdict::Walk;

/// Judges an image with each of its kernels, or without one. `all` is never empty: an image
/// without a kernel has facts too.
pub fn diagnose_kernels(
    all: &[Facts],
    limits: &Limits,
    selected: impl Fn(&Check) -> bool,
) -> Option<Diagnosis> {
    let mut each = all
        .iter()
        .map(|facts| (facts, diagnose(facts, limits, &selected)));
    let (first, mut sum) = each.next()?;
    name_kernel(first, &mut sum, all.len());
    for (facts, mut next) in each {
        name_kernel(facts, &mut next, all.len());
        add(&mut sum, next);
    }
    for result in &mut sum.results {
        let findings: Vec<Finding> = std::mem::take(&mut result.findings);
        result.findings = merge_alike(findings);
        settle(result);
    }
    Some(sum)
}

fn add(sum: &mut Diagnosis, next: Diagnosis) {
    worse(&mut sum.verdict.tcp, next.verdict.tcp);
    worse(&mut sum.verdict.unix, next.verdict.unix);
    // The same checks, in the same order: whether one judges depends on the origin alone.
    for (result, more) in sum.results.iter_mut().zip(next.results) {
        result.findings.extend(more.findings);
        result.masked_by = result.masked_by.or(more.masked_by);
    }
}

/// The verdict is that of the kernel with which ss is blindest.
fn worse(walk: &mut Walk, other: Walk) {
    if other.status > walk.status {
        *walk = other;
    }
}

/// With more than one kernel a verdict that is not a pass says which it is about.
fn name_kernel(facts: &Facts, diagnosis: &mut Diagnosis, kernels: usize) {
    let Some(release) = facts.kernel.release.value().filter(|_| kernels > 1) else {
        return;
    };
    for walk in [&mut diagnosis.verdict.tcp, &mut diagnosis.verdict.unix] {
        if walk.status != Status::Pass {
            walk.summary = format!("With Linux {release}: {}", walk.summary);
        }
    }
}
