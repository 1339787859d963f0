//! The diag modules: which are there, and what keeps them from loading.

use sockdoctor_checks::facts::{DiagModule, Fact, Gap, Kernel, Modules};

/// Observes the diag modules without loading any.
pub fn collect(kernel: &Kernel) -> Fact<Modules> {
    let _ = kernel;
    Fact::Missing(Gap::not_collected("modules", "not written"))
}

/// The diag modules that are in /proc/modules now.
///
/// # Errors
/// A kernel without loadable modules has no such file: [`sockdoctor_checks::facts::Why::Absent`].
pub fn loaded() -> Result<Vec<DiagModule>, Gap> {
    Err(Gap::not_collected("/proc/modules", "not written"))
}
