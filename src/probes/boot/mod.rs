//! What sysctl.d and modules-load.d would set at the next boot.

pub(in crate::probes) mod drop_ins;
mod lines;
mod modules_load;
mod sysctl;
mod wildcard;

use super::io_gap;
use crate::root::{Directory, Root};
use crate::text::shown;
use sockdoctor_checks::facts::{Boot, Fact, Place};
use std::path::Path;

/// Reads the configuration of this machine.
pub fn collect() -> Fact<Boot> {
    let root = Path::new("/");
    let boot = Directory::open(root).map(|root| collect_in(&root));
    boot.map_err(|error| io_gap(shown(root), &error)).into()
}

/// Reads the configuration of `root`.
pub fn collect_in(root: &dyn Root) -> Boot {
    Boot {
        sysctls: sysctl::collect(root),
        modules: modules_load::collect(root),
    }
}

/// A line of a file of the image or of this machine.
pub(in crate::probes) fn place(path: &Path, line: usize) -> Place {
    Place {
        path: shown(path),
        line: u32::try_from(line).ok(),
    }
}
