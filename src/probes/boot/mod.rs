//! What sysctl.d and modules-load.d would set at the next boot.

pub(in crate::probes) mod drop_ins;
mod modules_load;
mod sysctl;
pub(in crate::probes) mod wildcard;

use crate::text::shown;
use sockdoctor_checks::facts::{Boot, Place};
use std::path::Path;

/// Reads the configuration under `root`.
pub fn collect(root: &Path) -> Boot {
    Boot {
        sysctls: sysctl::collect(root),
        modules: modules_load::collect(root),
    }
}

/// A line of a file under `root`, named as the machine that boots from `root` names it.
fn place(root: &Path, path: &Path, line: usize) -> Place {
    let inside = path.strip_prefix(root).unwrap_or(path);
    Place {
        path: shown(&Path::new("/").join(inside)),
        line: u32::try_from(line).ok(),
    }
}
