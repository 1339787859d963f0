//! A root that is a directory of this machine.

use super::{Entry, Kind, Root};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, open, openat2};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A directory. The kernel itself keeps every path inside it (openat2 with RESOLVE_IN_ROOT).
#[derive(Debug)]
pub struct Directory {
    root: OwnedFd,
}

impl Directory {
    /// Opens the directory at `path`.
    ///
    /// # Errors
    /// That of open(2).
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(path, flags, Mode::empty())?;
        Ok(Directory { root })
    }

    fn inside(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC;
        Ok(openat2(&self.root, path, flags, Mode::empty(), resolve)?)
    }
}

impl Root for Directory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if self.kind(path)? != Kind::File {
            let why = "not a regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // O_NONBLOCK: should it have become a pipe meanwhile, nobody waits for its writer.
        let file = self.inside(path, OFlags::RDONLY | OFlags::NONBLOCK)?;
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let opened = self.inside(directory, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&opened)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                entries.push(Entry {
                    name: name.to_owned(),
                    kind: kind(entry.file_type()),
                });
            }
        }
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let stat = fstat(self.inside(path, OFlags::PATH)?)?;
        Ok(kind(FileType::from_raw_mode(stat.st_mode)))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        let root = own_path(&self.root)?;
        let inside = own_path(&self.inside(path, OFlags::PATH)?)?;
        let relative = inside.strip_prefix(&root).map_err(io::Error::other)?;
        Ok(Path::new("/").join(relative))
    }
}

fn own_path(file: impl AsFd) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    let link = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    let path = rustix::fs::readlinkat(CWD, link, Vec::new())?;
    Ok(PathBuf::from(OsStr::from_bytes(path.as_bytes())))
}

fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        FileType::CharacterDevice => Kind::CharacterDevice,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_end_inside_the_root() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("etc")).expect("etc");
        std::fs::write(folder.path().join("etc/a"), "inside").expect("a");
        symlink("/etc/a", folder.path().join("absolute")).expect("a link");
        symlink("../../../../etc/a", folder.path().join("up")).expect("a link");
        let root = Directory::open(folder.path()).expect("opened");
        for link in ["/absolute", "/up"] {
            let path = Path::new(link);
            assert_eq!(root.read(path).expect("read"), b"inside");
            assert_eq!(root.real_path(path).expect("resolved"), Path::new("/etc/a"));
        }
    }
}
