//! An image that has not booted: the same checks, on what its files promise.

pub(crate) mod kernels;
#[cfg(test)]
mod tests;
mod told;

pub(crate) use told::{remedy, told};

use crate::check::{Check, Judges};
use crate::facts::{Facts, SeenImage};
use crate::finding::{Finding, Status};

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
