//! Walks a path name by name, so that no link and no `..` leaves the root. It needs no openat2
//! (Linux 5.6; old seccomp filters refuse it with EPERM) and no /proc, and a tree in memory is
//! walked by the same rules as a directory.

use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows in one path (MAXSYMLINKS, include/linux/namei.h).
const LINKS: usize = 40;

/// More directories than a real tree has inside each other. Who reads a root may recurse.
pub(super) const DEPTH: usize = 256;

/// Something that can be walked.
pub(super) trait Tree {
    /// A directory of it.
    type Directory;

    /// What `name` is in `directory`; `None` is the root itself.
    fn step(
        &mut self,
        directory: Option<&Self::Directory>,
        name: &OsStr,
    ) -> io::Result<Step<Self::Directory>>;
}

/// What a name is in its directory.
pub(super) enum Step<D> {
    /// A directory.
    Directory(D),
    /// A symbolic link, and what it says.
    Link(PathBuf),
    /// Anything else.
    Leaf,
}

/// Where a path ends.
pub(super) struct End<D> {
    /// The directories from the root on; empty is the root itself.
    pub(super) directories: Vec<(OsString, D)>,
    /// The name in the last directory, for what is none itself.
    pub(super) leaf: Option<OsString>,
}

impl<D> End<D> {
    /// The last directory, `None` for the root itself.
    pub(super) fn directory(&self) -> Option<&D> {
        self.directories.last().map(|(_, directory)| directory)
    }

    /// The path without links and `..`.
    pub(super) fn path(&self) -> PathBuf {
        let directories = self.directories.iter().map(|(name, _)| name);
        let names = directories.chain(&self.leaf);
        names.fold(PathBuf::from("/"), |path, name| path.join(name))
    }
}

/// Follows `path` to its end.
///
/// # Errors
/// `NotFound`, also for a link to nothing; ENOTDIR for a way through what is no directory; ELOOP
/// for more than 40 links; ENAMETOOLONG below 256 directories; those of [`Tree::step`].
pub(super) fn walk<T: Tree>(tree: &mut T, path: &Path) -> io::Result<End<T::Directory>> {
    let mut directories = Vec::new();
    let mut to_do = Vec::new();
    let mut links = 0;
    push(&mut to_do, path);
    while let Some(part) = to_do.pop() {
        let name = match part {
            Part::Root => {
                directories.clear();
                continue;
            }
            Part::Up => {
                directories.pop();
                continue;
            }
            Part::Name(name) => name,
        };
        let directory = directories.last().map(|(_, directory)| directory);
        match tree.step(directory, &name)? {
            Step::Directory(_) if directories.len() == DEPTH => {
                return Err(Errno::NAMETOOLONG.into());
            }
            Step::Directory(directory) => directories.push((name, directory)),
            Step::Link(_) if links == LINKS => return Err(Errno::LOOP.into()),
            Step::Link(target) => {
                links += 1;
                push(&mut to_do, &target);
            }
            Step::Leaf if to_do.is_empty() => {
                let leaf = Some(name);
                return Ok(End { directories, leaf });
            }
            Step::Leaf => return Err(Errno::NOTDIR.into()),
        }
    }
    let leaf = None;
    Ok(End { directories, leaf })
}

enum Part {
    Root,
    Up,
    Name(OsString),
}

/// Puts the parts of `path` on top of what is still to do, its first part last.
fn push(to_do: &mut Vec<Part>, path: &Path) {
    let part = |component: Component<'_>| match component {
        Component::RootDir => Some(Part::Root),
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Name(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    };
    to_do.extend(path.components().rev().filter_map(part));
}
