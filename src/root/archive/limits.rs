//! How much an archive may ask for before it is refused.

use super::Refused;
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// The bounds of one archive. Each is far above what a real root needs.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members, and directories that only their names imply. A full desktop has half a million.
    pub members: usize,
    /// Names and bytes of link targets on the way to all members. Links could make a short archive
    /// a long walk.
    pub steps: usize,
    /// Bytes of names, link targets and kept contents. A Debian root with one kernel has 15 MB.
    pub kept: usize,
    /// Bytes of the tar stream.
    pub stream: u64,
    /// How many times its size in the file a compressed stream may have. Real roots have 2 to 5.
    pub ratio: u64,
    /// Bytes of the tar stream before `ratio` counts.
    pub ratio_from: u64,
}

impl Limits {
    /// Those of the program.
    pub const DEFAULT: Limits = Limits {
        members: 2_000_000,
        steps: 100_000_000,
        kept: 512 << 20,
        stream: 64 << 30,
        ratio: 200,
        ratio_from: 1 << 30,
    };
}

/// Counts what a decoder takes in.
pub(super) struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    /// The reader, and where its count is seen.
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let bytes = Rc::new(Cell::new(0));
        let seen = Rc::clone(&bytes);
        (Counted { inner, bytes }, seen)
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
        self.bytes.set(self.bytes.get() + amount as u64);
    }
}

/// Ends a stream that grows too long, by itself or for what it was unpacked from.
pub(super) struct Bounded<R> {
    inner: R,
    limits: Limits,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl<R: Read> Bounded<R> {
    /// `taken` counts the bytes that `inner` is unpacked from.
    pub(super) fn new(inner: R, taken: Rc<Cell<u64>>, limits: Limits) -> Self {
        Bounded {
            inner,
            limits,
            taken,
            given: 0,
        }
    }

    fn check(&self) -> Result<(), Refused> {
        let Limits {
            stream,
            ratio,
            ratio_from,
            ..
        } = self.limits;
        if self.given > stream {
            return Err(Refused::limit(format!("more than {stream} bytes of tar")));
        }
        if self.given > ratio_from && self.given / ratio > self.taken.get() {
            let what = format!("more than {ratio} times its compressed size in tar");
            return Err(Refused::limit(what));
        }
        Ok(())
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.given += read as u64;
        self.check().map_err(io::Error::other)?;
        Ok(read)
    }
}
