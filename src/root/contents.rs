//! A file of a root that is too large to be held whole: it is read in parts.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The bytes of a regular file.
pub trait Contents {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills `buffer` with those from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` where they end before that; else that of pread(2).
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl Contents for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).ok();
        let rest = from.and_then(|from| self.get(from..));
        let part = rest.and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A file of this machine, with the size that it had when it was opened.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) size: u64,
}

impl Contents for Opened {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}
