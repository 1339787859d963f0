//! What is acceptable, where the kernel itself does not say.

use crate::facts::{DiagModule, Kernel};
use std::collections::BTreeSet;

/// Limits that a judgement holds the facts against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// The lowest acceptable net.core.somaxconn. `None`: the kernel's own default of its era.
    pub somaxconn_min: Option<u32>,
    /// Modules that have to be there, or to load when they are asked for.
    pub required_modules: BTreeSet<DiagModule>,
}

/// SOMAXCONN of kernels before 5.4.
pub const OLD_SOMAXCONN: u32 = 128;

/// SOMAXCONN since Linux 5.4 (commit 19f92a030ca6).
pub const NEW_SOMAXCONN: u32 = 4096;

/// SOMAXCONN of the kernel. `None` when the release could not be read.
pub fn default_somaxconn(kernel: &Kernel) -> Option<u32> {
    kernel.version().map(|version| match version >= (5, 4) {
        true => NEW_SOMAXCONN,
        false => OLD_SOMAXCONN,
    })
}
