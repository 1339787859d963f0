//! One diagnosis of an image with several kernels.

use crate::alike;
use crate::diagnosis::CheckResult;
use crate::facts::Facts;
use crate::finding::Status;
use crate::verdict::{Verdict, Walk};

/// Adds what the same checks said with another kernel.
pub(crate) fn add(sum: &mut [CheckResult], more: Vec<CheckResult>) {
    // In the same order: whether a check judges depends on nothing that differs by kernel.
    for (result, more) in sum.iter_mut().zip(more) {
        let findings = std::mem::take(&mut result.findings).into_iter();
        result.findings = alike::merged(findings.chain(more.findings));
        result.masked_by = result.masked_by.or(more.masked_by);
        result.rank();
    }
}

/// The verdict of the kernel with which ss is blindest. It says which of several that is.
pub(crate) fn blindest(first: (&Facts, Verdict), others: Vec<(&Facts, Verdict)>) -> Verdict {
    let (facts, Verdict { tcp, unix }) = first;
    if others.is_empty() {
        return Verdict { tcp, unix };
    }
    let (mut tcp, mut unix) = ((facts, tcp), (facts, unix));
    for (facts, other) in others {
        tcp = worse(tcp, (facts, other.tcp));
        unix = worse(unix, (facts, other.unix));
    }
    Verdict {
        tcp: with_its_kernel(tcp),
        unix: with_its_kernel(unix),
    }
}

fn worse<'a>(worst: (&'a Facts, Walk), other: (&'a Facts, Walk)) -> (&'a Facts, Walk) {
    if other.1.status > worst.1.status {
        other
    } else {
        worst
    }
}

fn with_its_kernel((facts, mut walk): (&Facts, Walk)) -> Walk {
    if let Some(release) = facts.kernel.release.value()
        && walk.status != Status::Pass
    {
        walk.summary = format!("With Linux {release}: {}", walk.summary);
    }
    walk
}
