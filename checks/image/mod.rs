//! An image that has not booted: the same checks, on what its files promise.

mod kernels;
#[cfg(test)]
mod tests;
mod told;

pub use kernels::diagnose_kernels;
pub(crate) use told::{remedy, told};

use crate::check::{Check, Judges};
use crate::facts::{Facts, SeenImage};
use crate::finding::{Finding, Status};

/// Whether `check` has something to say of what these facts are about.
pub(crate) fn is_judged_by(facts: &Facts, check: &Check) -> bool {
    let is_image = facts.origin.image().is_some();
    match check.judges {
        Judges::Machines => !is_image,
        Judges::MachinesAndKernels | Judges::MachinesAndSetting(_) => true,
        Judges::Images => is_image,
        Judges::Promises => !is_image && facts.expected.is_some(),
    }
}

/// What is said in the place of a judgement that a container image does not allow.
pub(crate) fn not_applicable(facts: &Facts, check: &Check) -> Option<Finding> {
    let Some(SeenImage {
        has_kernel: false, ..
    }) = facts.origin.image()
    else {
        return None;
    };
    let says = match check.judges {
        Judges::MachinesAndKernels => "not applicable: the image has no kernel".to_owned(),
        Judges::MachinesAndSetting(key) if facts.boot.line(key).is_none() => {
            format!("not applicable: the image does not set {key} and has no kernel")
        }
        _ => return None,
    };
    Some(Finding::host(Status::Skipped, says))
}
