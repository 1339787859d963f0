//! The module tree: where it is, and what lies in it.

use std::path::{Path, PathBuf};

/// Where distributions put module trees. The last one is that of NixOS.
const PARENTS: [&str; 3] = [
    "lib/modules",
    "usr/lib/modules",
    "run/booted-system/kernel-modules/lib/modules",
];

/// Where a diag module can lie: in the tree of the kernel, or beside it when it was built or
/// shipped apart.
const PLACES: [&str; 4] = ["kernel/net", "updates", "extra", "weak-updates"];

/// The tree of this release, or where it should be.
pub(super) fn find(root: &Path, release: &str) -> PathBuf {
    let trees = PARENTS.map(|parent| root.join(parent).join(release));
    let there = trees.iter().find(|tree| tree.is_dir());
    there.unwrap_or(&trees[0]).clone()
}

/// Looks for the file of a module, for when no index names it. This walks directories, so it is
/// the last resort.
pub(super) fn file_of(tree: &Path, module: &str) -> Option<PathBuf> {
    let places = PLACES.iter().map(|place| tree.join(place));
    places.into_iter().find_map(|place| walk(&place, module))
}

fn walk(directory: &Path, module: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?.flatten();
    entries.into_iter().find_map(|entry| {
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory {
            walk(&path, module)
        } else {
            (module_name(&path).as_deref() == Some(module)).then_some(path)
        }
    })
}

/// `tcp_diag` of `…/tcp-diag.ko.xz`. `None` for what is no module file.
pub(super) fn module_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let (stem, compression) = name.split_once(".ko")?;
    let known = ["", ".gz", ".xz", ".zst"].contains(&compression);
    known.then(|| stem.replace('-', "_"))
}
