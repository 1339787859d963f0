//! Recognises by its first bytes how a stream is packed, and unpacks it, in Rust alone.

use super::Refused;
use super::gzip::Gzip;
use super::limits::{Bounded, Counted, Limits};
use super::zstd::Zstd;
use lzma_rust2::XzReader;
use std::io::{self, BufReader, Cursor, Read};

/// The longest of the magic numbers, that of xz.
const MAGIC: u64 = 6;

/// What xz may need, in KiB: `xz -9` needs 65 MiB to unpack.
const XZ_MEMORY: u32 = 192 << 10;

/// The tar stream in `packed`.
///
/// # Errors
/// Its first bytes cannot be read.
pub(super) fn unpack<'a>(
    mut packed: impl Read + 'a,
    limits: Limits,
) -> io::Result<Bounded<Box<dyn Read + 'a>>> {
    let mut magic = Vec::new();
    packed.by_ref().take(MAGIC).read_to_end(&mut magic)?;
    let first = magic.clone();
    let whole = BufReader::with_capacity(128 << 10, Cursor::new(magic).chain(packed));
    let (packed, taken) = Counted::new(whole);
    let tar: Box<dyn Read> = match *first {
        [0x1f, 0x8b, ..] => Box::new(Gzip::new(packed)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            Box::new(Xz(XzReader::new_mem_limit(packed, true, XZ_MEMORY)))
        }
        // A frame, or a frame to skip (RFC 8878, 3.1).
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Box::new(Zstd::new(packed))
        }
        _ => Box::new(packed),
    };
    Ok(Bounded::new(tar, taken, limits))
}

/// Names the one limit that the decoder itself holds.
struct Xz<R: Read>(XzReader<R>);

impl<R: Read> Read for Xz<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::OutOfMemory => {
                let most = XZ_MEMORY >> 10;
                let what = format!("an xz stream that needs more than {most} MiB of memory");
                io::Error::other(Refused::limit(what))
            }
            _ => error,
        })
    }
}
