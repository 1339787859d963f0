//! The files of an archive, in memory: names, kinds, links, and the contents that were kept.

use super::Refused;
use super::limits::Limits;
use crate::root::Kind;
use crate::root::walk::{End, Step, walk};
use crate::text::reason;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// The longest name of a file (NAME_MAX, include/uapi/linux/limits.h).
const NAME: usize = 255;

/// A place in the list of nodes. Hard links are one node with several names.
type Id = usize;

const ROOT: Id = 0;

/// A file, a directory, a link.
#[derive(Debug)]
pub(super) enum Node {
    Directory(HashMap<OsString, Id>),
    File {
        contents: Contents,
        executable: bool,
    },
    Link(PathBuf),
    CharacterDevice,
    Other,
}

impl Node {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Node::Directory(_) => Kind::Directory,
            Node::File { .. } => Kind::File,
            Node::Link(_) => Kind::Link,
            Node::CharacterDevice => Kind::CharacterDevice,
            Node::Other => Kind::Other,
        }
    }
}

/// The contents of a file.
#[derive(Debug)]
pub(super) enum Contents {
    Kept(Vec<u8>),
    /// Nobody reads such files.
    NotKept,
    /// It has holes, which no file has that matters.
    Sparse,
    TooLarge,
}

/// All nodes.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    limits: Limits,
    names: usize,
    kept: usize,
    steps: usize,
}

impl Tree {
    pub(super) fn new(limits: Limits) -> Self {
        Tree {
            nodes: vec![Node::Directory(HashMap::new())],
            limits,
            names: 0,
            kept: 0,
            steps: 0,
        }
    }

    /// Puts `node` at `path`, in the place of what was there; a directory keeps what it holds.
    /// Links on the way are followed inside the root, as by tar in a chroot, and directories
    /// that are missing are made.
    pub(super) fn insert(&mut self, path: &Path, node: Node) -> Result<(), Refused> {
        let is_directory = matches!(node, Node::Directory(_));
        let Some((parent, name)) = self.parent_of(path, is_directory)? else {
            return Ok(());
        };
        let there = self.child(parent, &name).map(|id| &self.nodes[id]);
        if is_directory && matches!(there, Some(Node::Directory(_))) {
            return Ok(());
        }
        self.hold_directory(parent, &name)?;
        let id = self.add(node)?;
        self.name(parent, name, id)
    }

    /// A directory that holds something gives its place to nothing else: tar fails there, and
    /// what it held would be gone.
    fn hold_directory(&self, parent: Id, name: &OsStr) -> Result<(), Refused> {
        let there = self.child(parent, name).map(|id| &self.nodes[id]);
        match there {
            Some(Node::Directory(names)) if !names.is_empty() => Err(Refused::malformed(
                "it takes the place of a directory that holds files",
            )),
            _ => Ok(()),
        }
    }

    /// Gives the file at `target` another name.
    pub(super) fn link(&mut self, path: &Path, target: &Path) -> Result<(), Refused> {
        let there = self.parent_of(target, false)?;
        let id = there.and_then(|(parent, name)| self.child(parent, &name));
        let id = match id {
            Some(id) if !matches!(self.nodes[id], Node::Directory(_)) => id,
            _ => {
                return Err(Refused::malformed(
                    "a hard link to what is not in the archive",
                ));
            }
        };
        let Some((parent, name)) = self.parent_of(path, false)? else {
            return Ok(());
        };
        self.hold_directory(parent, &name)?;
        self.name(parent, name, id)
    }

    /// The directory that `path` lies in, and its last name. `None`: it is the root, or another
    /// directory that is there.
    fn parent_of(
        &mut self,
        path: &Path,
        is_directory: bool,
    ) -> Result<Option<(Id, OsString)>, Refused> {
        let name = match path.file_name() {
            Some(name) if name.len() <= NAME => name.to_owned(),
            Some(_) => return Err(Refused::limit(format!("a name of more than {NAME} bytes"))),
            None if is_directory => return Ok(None),
            None => return Err(Refused::malformed("a file with the name of a directory")),
        };
        let parent = path.parent().unwrap_or(Path::new(""));
        let end = walk(&mut Making(self), parent).map_err(unlike_a_tree)?;
        match end.leaf {
            None => Ok(Some((end.directory().copied().unwrap_or(ROOT), name))),
            Some(_) => Err(Refused::malformed("it lies in what is no directory")),
        }
    }

    fn add(&mut self, node: Node) -> Result<Id, Refused> {
        self.hold_members(self.nodes.len())?;
        self.keep(match &node {
            Node::File {
                contents: Contents::Kept(bytes),
                ..
            } => bytes.len(),
            Node::Link(target) => target.as_os_str().len(),
            _ => 0,
        })?;
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn name(&mut self, parent: Id, name: OsString, id: Id) -> Result<(), Refused> {
        self.keep(name.len())?;
        if let Node::Directory(names) = &mut self.nodes[parent] {
            self.names += usize::from(names.insert(name, id).is_none());
        }
        self.hold_members(self.names)
    }

    /// Holds files and names against one limit: a file can have many names, and a name can stand
    /// for one file after the other.
    fn hold_members(&self, members: usize) -> Result<(), Refused> {
        if members > self.limits.members {
            let what = format!("more than {} members", self.limits.members);
            return Err(Refused::limit(what));
        }
        Ok(())
    }

    fn keep(&mut self, bytes: usize) -> Result<(), Refused> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > self.limits.kept {
            let most = self.limits.kept;
            let what = format!("more than {most} bytes of names and contents that matter");
            return Err(Refused::limit(what));
        }
        Ok(())
    }

    fn child(&self, directory: Id, name: &OsStr) -> Option<Id> {
        match &self.nodes[directory] {
            Node::Directory(names) => names.get(name).copied(),
            _ => None,
        }
    }

    /// Names and kinds of what a directory holds.
    pub(super) fn names(&self, directory: Id) -> impl Iterator<Item = (&OsString, Kind)> {
        let names = match &self.nodes[directory] {
            Node::Directory(names) => Some(names),
            _ => None,
        };
        let kind = |(name, &id): (_, &Id)| (name, self.nodes[id].kind());
        names.into_iter().flatten().map(kind)
    }

    /// Where a path ends.
    pub(super) fn walk(&self, path: &Path) -> io::Result<End<Id>> {
        walk(&mut { self }, path)
    }

    /// The node at an end.
    pub(super) fn at(&self, end: &End<Id>) -> (Id, &Node) {
        let directory = end.directory().copied().unwrap_or(ROOT);
        let leaf = end.leaf.as_deref();
        let id = leaf.and_then(|name| self.child(directory, name));
        let id = id.unwrap_or(directory);
        (id, &self.nodes[id])
    }

    fn step(&self, directory: Option<&Id>, name: &OsStr) -> io::Result<Step<Id>> {
        let directory = directory.copied().unwrap_or(ROOT);
        let id = self.child(directory, name);
        let id = id.ok_or_else(|| io::Error::from(rustix::io::Errno::NOENT))?;
        Ok(match &self.nodes[id] {
            Node::Directory(_) => Step::Directory(id),
            Node::Link(target) => Step::Link(target.clone()),
            _ => Step::Leaf,
        })
    }
}

impl crate::root::walk::Tree for &Tree {
    type Directory = Id;

    fn step(&mut self, directory: Option<&Id>, name: &OsStr) -> io::Result<Step<Id>> {
        Tree::step(self, directory, name)
    }
}

/// Walks, and makes the directories that are missing on the way.
struct Making<'a>(&'a mut Tree);

impl Making<'_> {
    fn make(&mut self, parent: Option<&Id>, name: &OsStr) -> Result<Id, Refused> {
        let made = self.0.add(Node::Directory(HashMap::new()))?;
        let parent = parent.copied().unwrap_or(ROOT);
        self.0.name(parent, name.to_owned(), made)?;
        Ok(made)
    }

    fn count(&mut self, step: &Step<Id>) -> Result<(), Refused> {
        self.0.steps += match step {
            Step::Link(target) => 1 + target.as_os_str().len(),
            _ => 1,
        };
        let most = self.0.limits.steps;
        if self.0.steps > most {
            let what = format!("more than {most} steps on the way to its members");
            return Err(Refused::limit(what));
        }
        Ok(())
    }
}

impl crate::root::walk::Tree for Making<'_> {
    type Directory = Id;

    fn step(&mut self, directory: Option<&Id>, name: &OsStr) -> io::Result<Step<Id>> {
        let found = match self.0.step(directory, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = self.make(directory, name).map_err(io::Error::other)?;
                Step::Directory(made)
            }
            found => found?,
        };
        self.count(&found).map_err(io::Error::other)?;
        Ok(found)
    }
}

/// The errno of a walk in memory is the archive's fault and not that of a system call.
fn unlike_a_tree(error: io::Error) -> Refused {
    match error.raw_os_error() {
        Some(_) => Refused::malformed(format!("its name leads nowhere: {}", reason(&error))),
        None => error.into(),
    }
}
