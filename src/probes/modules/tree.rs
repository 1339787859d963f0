//! The module tree: where it is, and what lies in it.

use crate::probes::io_gap;
use crate::root::{Kind, Root};
use crate::text::{shown, text};
use sockdoctor_checks::facts::Gap;
use std::io::{ErrorKind, Result as IoResult};
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

/// The tree of this release, or where it may be, or else where it should be.
pub(super) fn find(root: &dyn Root, release: &str) -> PathBuf {
    let mut trees = PARENTS.map(|parent| Path::new(parent).join(release));
    let looks = trees.each_ref().map(|tree| is_there(root, tree));
    let there = looks.iter().position(|look| *look == Ok(true));
    let hidden = looks.iter().position(Result::is_err);
    std::mem::take(&mut trees[there.or(hidden).unwrap_or(0)])
}

/// Whether a tree is there.
///
/// # Errors
/// It cannot be looked at, which says nothing.
pub(super) fn is_there(root: &dyn Root, tree: &Path) -> Result<bool, Gap> {
    let kind = unless_absent(tree, root.kind(tree))?;
    Ok(kind == Some(Kind::Directory))
}

/// `None` for what is not there, also because something on the way is a file.
///
/// # Errors
/// It cannot be looked at.
pub(super) fn unless_absent<T>(path: &Path, result: IoResult<T>) -> Result<Option<T>, Gap> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(None),
            _ => Err(io_gap(shown(path), &error)),
        },
    }
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
///
/// # Errors
/// It was not found, and a directory could not be read.
pub(super) fn file_of(root: &dyn Root, tree: &Path, module: &str) -> Result<Option<PathBuf>, Gap> {
    let mut hidden = None;
    for place in PLACES.map(|place| tree.join(place)) {
        let found = walk(root, &place, module, DEEPEST, &mut hidden);
        if found.is_some() {
            return Ok(found);
        }
    }
    hidden.map_or(Ok(None), Err)
}

fn walk(
    root: &dyn Root,
    directory: &Path,
    module: &str,
    deeper: usize,
    hidden: &mut Option<Gap>,
) -> Option<PathBuf> {
    let entries = unless_absent(directory, root.list(directory));
    let entries = entries.unwrap_or_else(|gap| {
        *hidden = Some(gap);
        None
    })?;
    entries.into_iter().find_map(|entry| {
        let path = directory.join(&entry.name);
        if entry.kind == Kind::Directory {
            walk(root, &path, module, deeper.checked_sub(1)?, hidden)
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
