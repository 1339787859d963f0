//! An image that has not booted: the same checks, on what its files promise.

pub(crate) mod kernels;
#[cfg(test)]
mod tests;
mod told;

pub(crate) use told::{remedy, told};

use crate::check::{Check, Judges};
use crate::facts::{Boot, BootDoubt, Doubt, Facts, SeenImage};
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
        Judges::MachinesAndSetting(key) => unset(&facts.boot, key)?,
        _ => return None,
    };
    Some(Finding::host(Status::Skipped, says))
}

/// Why nothing is to be expected of `key`: a container gets its settings from what runs it.
fn unset(boot: &Boot, key: &str) -> Option<String> {
    let by_files = |doubt: &&BootDoubt| doubt.because != Doubt::CommandLine;
    match boot.doubts(key).find(by_files) {
        _ if boot.line(key).is_some() || !boot.sysctls.gaps().is_empty() => None,
        None => Some(format!(
            "not applicable: the image does not set {key} and has no kernel"
        )),
        Some(doubt) if doubt.because == Doubt::NobodyApplies => Some(format!(
            "not applicable: nothing in the image is known to apply {}, and it has no kernel",
            doubt.line.place
        )),
        Some(_) => None,
    }
}
