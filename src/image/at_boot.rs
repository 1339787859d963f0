//! A root as a boot finds it: whatever lies in /run is hidden under a file system in memory
//! (mount_table, systemd's src/shared/mount-setup.c).

use crate::root::{Contents, Entry, Kind, Root};
use std::io;
use std::path::{Path, PathBuf};

/// A root without what is in its /run.
pub(super) struct AtBoot<'a>(pub(super) &'a dyn Root);

impl AtBoot<'_> {
    fn there(&self, path: &Path) -> io::Result<&dyn Root> {
        match path.strip_prefix("/run") {
            Ok(inside) if inside != Path::new("") => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(self.0),
        }
    }
}

impl Root for AtBoot<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.there(path)?.read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Contents + '_>> {
        self.there(path)?.open(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        match directory == Path::new("/run") {
            true => Ok(Vec::new()),
            false => self.there(directory)?.list(directory),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.there(path)?.kind(path)
    }

    fn is_executable(&self, path: &Path) -> io::Result<bool> {
        self.there(path)?.is_executable(path)
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.there(path)?.real_path(path)
    }
}
