//! What sysctl.d and modules-load.d would set at the next boot.

use sockdoctor_checks::facts::{Boot, Fact, Gap};
use std::path::Path;

/// Reads the configuration under `root`.
pub fn collect(root: &Path) -> Boot {
    let _ = root;
    let not_yet = || Gap::not_collected("boot", "not written");
    Boot {
        sysctls: Fact::Missing(not_yet()),
        modules: Fact::Missing(not_yet()),
    }
}
