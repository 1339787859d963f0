//! A root that is a directory of this machine.

use super::contents::{Contents, Opened};
use super::walk::{End, Step, Tree, walk};
use super::{Entry, Kind, PARTS_LIMIT, READ_LIMIT, Root, has_execute, not_a_file, too_large};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, open, openat, readlinkat, statat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// More names than a directory of a real root holds. A wrong disk can show endlessly many.
const NAMES: usize = 1_000_000;

/// A directory. Every path is walked from its descriptor, one name at a time.
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

    fn walk(&self, path: &Path) -> io::Result<End<OwnedFd>> {
        walk(&mut { self }, path)
    }

    fn descriptor<'a>(&'a self, directory: Option<&'a OwnedFd>) -> BorrowedFd<'a> {
        directory.unwrap_or(&self.root).as_fd()
    }

    fn last<'a>(&'a self, end: &'a End<OwnedFd>) -> BorrowedFd<'a> {
        self.descriptor(end.directory())
    }

    fn open_file(&self, path: &Path) -> io::Result<Opened> {
        let end = self.walk(path)?;
        let name = end.leaf.as_deref().ok_or_else(not_a_file)?;
        // A device can act when it is opened, so what it is comes first.
        if kind_at(self.last(&end), name)? != Kind::File {
            return Err(not_a_file());
        }
        // O_NONBLOCK: should it have become a pipe meanwhile, nobody waits for its writer.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(self.last(&end), name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(not_a_file());
        }
        Ok(Opened {
            file: File::from(file),
            size: u64::try_from(stat.st_size).map_err(io::Error::other)?,
        })
    }
}

impl Tree for &Directory {
    type Directory = OwnedFd;

    /// O_DIRECTORY makes autofs mount what is to be mounted there, which O_PATH alone does not
    /// (follow_automount, fs/namei.c). With O_NOFOLLOW a link gives ENOTDIR.
    fn step(&mut self, directory: Option<&OwnedFd>, name: &OsStr) -> io::Result<Step<OwnedFd>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let parent = self.descriptor(directory);
        match openat(parent, name, flags, Mode::empty()) {
            Ok(found) => return Ok(Step::Directory(found)),
            Err(Errno::NOTDIR | Errno::LOOP) => {}
            Err(errno) => return Err(errno.into()),
        }
        match readlinkat(parent, name, Vec::new()) {
            Ok(target) => Ok(Step::Link(PathBuf::from(OsStr::from_bytes(
                target.as_bytes(),
            )))),
            Err(Errno::INVAL) => Ok(Step::Leaf),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Root for Directory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        read_bounded(self.open_file(path)?.file)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Contents + '_>> {
        let opened = self.open_file(path)?;
        match opened.size > PARTS_LIMIT as u64 {
            true => Err(too_large(PARTS_LIMIT)),
            false => Ok(Box::new(opened)),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let end = self.walk(directory)?;
        if end.leaf.is_some() {
            return Err(Errno::NOTDIR.into());
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = openat(self.last(&end), c".", flags, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&opened)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if entries.len() == NAMES {
                let why = format!("more than {NAMES} names in one directory");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
            }
            entries.push(Entry {
                name: name.to_owned(),
                kind: match entry.file_type() {
                    // Not every file system says in the directory what its names are.
                    FileType::Unknown => kind_at(opened.as_fd(), name)?,
                    known => kind(known),
                },
            });
        }
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let end = self.walk(path)?;
        match &end.leaf {
            None => Ok(Kind::Directory),
            Some(name) => kind_at(self.last(&end), name),
        }
    }

    fn is_executable(&self, path: &Path) -> io::Result<bool> {
        let end = self.walk(path)?;
        let Some(name) = &end.leaf else {
            return Ok(false);
        };
        let stat = statat(self.last(&end), name, AtFlags::SYMLINK_NOFOLLOW)?;
        let file_type = FileType::from_raw_mode(stat.st_mode);
        Ok(file_type == FileType::RegularFile && has_execute(stat.st_mode))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.walk(path).map(|end| end.path())
    }
}

fn read_bounded(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = READ_LIMIT as u64 + 1;
    file.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > READ_LIMIT {
        return Err(too_large(READ_LIMIT));
    }
    Ok(bytes)
}

fn kind_at(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Kind> {
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(kind(FileType::from_raw_mode(stat.st_mode)))
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
mod tests;
