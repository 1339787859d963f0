//! The module tree: where it is, and what lies in it.

use crate::root::{Kind, Root};
use crate::text::text;
use std::path::{Path, PathBuf};

/// Where distributions put module trees. The last one is that of NixOS.
const PARENTS: [&str; 3] = [
    "/lib/modules",
    "/usr/lib/modules",
    "/run/booted-system/kernel-modules/lib/modules",
];

/// Where a diag module can lie: in the tree of the kernel, or beside it when it was built or
/// shipped apart.
const PLACES: [&str; 4] = ["kernel/net", "updates", "extra", "weak-updates"];

/// No tree is deeper, and a hostile one ends.
const DEEPEST: usize = 16;

/// The tree of this release, or where it should be.
pub(super) fn find(root: &dyn Root, release: &str) -> PathBuf {
    let mut trees = PARENTS.map(|parent| Path::new(parent).join(release));
    let there = trees.iter().position(|tree| is_directory(root, tree));
    std::mem::take(&mut trees[there.unwrap_or(0)])
}

pub(super) fn is_directory(root: &dyn Root, path: &Path) -> bool {
    root.kind(path).is_ok_and(|kind| kind == Kind::Directory)
}

/// True when modules.builtin of `tree` names the module. A file that is not there says nothing.
pub(super) fn is_built_in(root: &dyn Root, tree: &Path, module: &str) -> bool {
    let Ok(bytes) = root.read(&tree.join("modules.builtin")) else {
        return false;
    };
    let text = text(&bytes);
    let mut names = text.lines().filter_map(|line| module_name(Path::new(line)));
    names.any(|name| name == module)
}

/// Looks for the file of a module, for when no index names it. This walks directories, so it is
/// the last resort.
pub(super) fn file_of(root: &dyn Root, tree: &Path, module: &str) -> Option<PathBuf> {
    let mut places = PLACES.iter().map(|place| tree.join(place));
    places.find_map(|place| walk(root, &place, module, DEEPEST))
}

fn walk(root: &dyn Root, directory: &Path, module: &str, deeper: usize) -> Option<PathBuf> {
    let entries = root.list(directory).ok()?;
    entries.into_iter().find_map(|entry| {
        let path = directory.join(&entry.name);
        if entry.kind == Kind::Directory {
            walk(root, &path, module, deeper.checked_sub(1)?)
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
