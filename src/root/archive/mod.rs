//! A root that is a tar stream, plain or in gzip, xz or zstd. It is read once, from its start to
//! its end, into a tree in memory; of contents only those are kept that the caller asks for.
//! Everything that the stream can make this program hold or do is bounded by [`Limits`].
//!
//! A tar of one layer of a container image is read as what it is: a whiteout (`.wh.NAME`) hides
//! names of lower layers, which are not in it, and stands as an empty file.

mod extensions;
mod gzip;
mod limits;
mod members;
mod packing;
mod refused;
mod tree;
mod zstd;

pub use limits::Limits;
pub use refused::Refused;

use super::walk::End;
use super::{Entry, Kind, PARTS_LIMIT, READ_LIMIT, Root, not_a_file, too_large};
use members::{Member, Members, What};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use tree::{Contents, Node, Tree};

/// The files of a tar stream.
#[derive(Debug)]
pub struct Archive {
    tree: Tree,
}

impl Archive {
    /// Reads `packed` to its end. `matters` says for a path, as it stands in the archive but from
    /// `/` on, whether anybody will want its contents, and up to what size: [`READ_LIMIT`], or
    /// [`PARTS_LIMIT`] for one that is read in parts.
    ///
    /// # Errors
    /// Why it cannot be judged. Nothing of it is used then.
    pub fn read(
        packed: impl Read,
        matters: impl Fn(&Path) -> Option<usize>,
        limits: Limits,
    ) -> Result<Self, Refused> {
        let unpacked = packing::unpack(packed, limits).map_err(Refused::Io)?;
        let mut members = Members::new(unpacked);
        let mut tree = Tree::new(limits);
        let mut is_empty = true;
        while let Some(member) = members.next()? {
            is_empty = false;
            let added = add(&mut tree, &mut members, member, &matters);
            added.map_err(|refused| refused.at(members.place()))?;
        }
        if is_empty {
            return Err(Refused::Empty);
        }
        members.finish()?;
        let archive = Archive { tree };
        match archive.holds_layers() {
            true => Err(Refused::Layers),
            false => Ok(archive),
        }
    }

    /// `docker save` writes manifest.json, an OCI layout oci-layout, at its top.
    fn holds_layers(&self) -> bool {
        let is = |path: &str, kind| self.kind(Path::new(path)).is_ok_and(|is| is == kind);
        let manifest = is("/manifest.json", Kind::File) || is("/oci-layout", Kind::File);
        manifest && !is("/etc", Kind::Directory) && !is("/usr", Kind::Directory)
    }

    fn walk(&self, path: &Path) -> io::Result<End<usize>> {
        self.tree.walk(path)
    }

    fn kept(&self, path: &Path, most: usize) -> io::Result<&[u8]> {
        let end = self.walk(path)?;
        let not_kept = |why| Err(io::Error::new(io::ErrorKind::Unsupported, why));
        let Node::File { contents, .. } = self.tree.at(&end).1 else {
            return Err(not_a_file());
        };
        match contents {
            Contents::Kept(bytes) if bytes.len() <= most => Ok(bytes),
            Contents::Kept(_) | Contents::TooLarge => Err(too_large(most)),
            Contents::NotKept => not_kept("its contents were not kept"),
            Contents::Sparse => not_kept("a file with holes is not read"),
        }
    }
}

fn add<R: Read>(
    tree: &mut Tree,
    members: &mut Members<R>,
    member: Member,
    matters: impl Fn(&Path) -> Option<usize>,
) -> Result<(), Refused> {
    let executable = member.executable;
    let file = |contents| Node::File {
        contents,
        executable,
    };
    let node = match member.what {
        What::Nothing => return Ok(()),
        What::HardLink(target) => return tree.link(&member.path, &target),
        What::File => file(match matters(&from_root(&member.path)) {
            None => Contents::NotKept,
            Some(most) if member.size > most as u64 => Contents::TooLarge,
            Some(_) => Contents::Kept(members.contents(member.size)?),
        }),
        What::Sparse => file(Contents::Sparse),
        What::Link(target) => Node::Link(target),
        What::Directory => Node::Directory(HashMap::new()),
        What::CharacterDevice => Node::CharacterDevice,
        What::Other => Node::Other,
    };
    tree.insert(&member.path, node)
}

/// `/etc/passwd` of `./etc/passwd`. What goes up is nobody's to want.
fn from_root(path: &Path) -> PathBuf {
    let names = path.components().filter(|part| *part != Component::CurDir);
    names.fold(PathBuf::from("/"), |path, name| path.join(name))
}

impl Root for Archive {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.kept(path, READ_LIMIT).map(<[u8]>::to_vec)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn super::Contents + '_>> {
        Ok(Box::new(self.kept(path, PARTS_LIMIT)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let end = self.walk(directory)?;
        if end.leaf.is_some() {
            return Err(Errno::NOTDIR.into());
        }
        let names = self.tree.names(self.tree.at(&end).0);
        let entry = |(name, kind): (&OsString, _)| Entry {
            name: name.clone(),
            kind,
        };
        Ok(names.map(entry).collect())
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let end = self.walk(path)?;
        Ok(self.tree.at(&end).1.kind())
    }

    fn is_executable(&self, path: &Path) -> io::Result<bool> {
        let end = self.walk(path)?;
        Ok(matches!(
            self.tree.at(&end).1,
            Node::File {
                executable: true,
                ..
            }
        ))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.walk(path).map(|end| end.path())
    }
}
