//! A file tree that is read as data: the root of this machine, or that of an image which never
//! ran here. All paths are absolute inside the root. Links, absolute ones too, and `..` end
//! inside it. Nothing but regular files and directories is ever opened.

mod archive;
mod contents;
mod directory;
mod walk;

pub use archive::{Archive, Limits, Refused};
pub use contents::Contents;
pub use directory::Directory;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// How much of one file is read, in bytes. The largest that matter are the package list of a full
/// desktop (/var/lib/dpkg/status, some 10 MB) and the indexes of modules (some MB).
pub const READ_LIMIT: usize = 32 << 20;

/// How large a file may be that is read in parts, in bytes: the database of rpm, which has some 20 MB
/// on a server and 150 MB on a full desktop.
pub const PARTS_LIMIT: usize = 256 << 20;

/// A file tree. No path in it goes through more than 256 directories.
pub trait Root: Send + Sync {
    /// The bytes of a regular file.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` for what is no regular file; `FileTooLarge` above
    /// [`READ_LIMIT`]; `Unsupported` for a member of an archive whose contents were not kept.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The same bytes, for who reads them in parts. Of an archive they are in memory anyway, of a
    /// directory they never are.
    ///
    /// # Errors
    /// As of [`read`](Root::read), but with [`PARTS_LIMIT`].
    fn open(&self, path: &Path) -> io::Result<Box<dyn Contents + '_>>;

    /// What a directory holds, in no order.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>>;

    /// What is at the end of `path`, links followed.
    ///
    /// # Errors
    /// `NotFound`, also for a link to nothing.
    fn kind(&self, path: &Path) -> io::Result<Kind>;

    /// Whether what is at the end of `path` is a file that root may run: one with any of its
    /// three permissions to execute (generic_permission, fs/namei.c).
    ///
    /// # Errors
    /// `NotFound`, also for a link to nothing.
    fn is_executable(&self, path: &Path) -> io::Result<bool>;

    /// `path` without links and `..`, absolute inside the root.
    ///
    /// # Errors
    /// `NotFound`, also for a link to nothing.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name: no slash, not `.` and not `..`.
    pub name: OsString,
    /// What it is itself; a link is a link.
    pub kind: Kind,
}

/// The kinds of files, as far as they matter to who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A character device, as /dev/null is.
    CharacterDevice,
    /// A pipe, a socket, a block device.
    Other,
}

/// Whether a mode has any permission to execute.
pub(crate) const fn has_execute(mode: u32) -> bool {
    mode & 0o111 != 0
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

fn too_large(most: usize) -> io::Error {
    let why = format!("larger than {} MiB", most >> 20);
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}
