//! The members of a tar stream: headers, long names and pax records joined, contents on demand.
//! What a header may make the reader hold is bounded, and nothing is allocated on its word.

use super::Refused;
use super::extensions::Extensions;
use crate::root::has_execute;
use crate::text::{shown, text};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tar::{GnuExtSparseHeader, Header};

const BLOCK: usize = 512;

/// PATH_MAX, with which no file system can hold a longer name (include/uapi/linux/limits.h).
const PATH: usize = 4096;

/// More than any names and extended attributes need, in bytes.
const EXTENSION: u64 = 1 << 20;

/// One name of the archive.
#[derive(Debug)]
pub(super) struct Member {
    /// As written.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) what: What,
    /// Somebody may run it.
    pub(super) executable: bool,
    /// Bytes that follow in the stream.
    pub(super) size: u64,
}

/// What a member is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    File,
    /// A file with holes: what follows is a map of it and its data.
    Sparse,
    HardLink(PathBuf),
    Link(PathBuf),
    Directory,
    CharacterDevice,
    Other,
    /// A header that is no file: the label of a volume.
    Nothing,
}

/// Reads members one after the other.
pub(super) struct Members<R> {
    tar: R,
    /// What is left of the current member, with its padding.
    left: u64,
    /// The current member, for errors.
    place: String,
    begun: bool,
}

impl<R: Read> Members<R> {
    pub(super) fn new(tar: R) -> Self {
        Members {
            tar,
            left: 0,
            place: String::new(),
            begun: false,
        }
    }

    /// The next member, `None` after the end mark.
    ///
    /// # Errors
    /// [`Refused`], with the place.
    pub(super) fn next(&mut self) -> Result<Option<Member>, Refused> {
        let member = self.read_member();
        member.map_err(|refused| refused.at(&self.place))
    }

    /// The contents of the current member.
    ///
    /// # Errors
    /// The stream ends, or cannot be unpacked.
    pub(super) fn contents(&mut self, size: u64) -> Result<Vec<u8>, Refused> {
        let bytes = self.take(size);
        bytes.map_err(|refused| refused.at(&self.place))
    }

    /// The current member, as errors name it.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    fn malformed(&self, why: impl Into<String>) -> Refused {
        Refused::Malformed {
            member: self.place.clone(),
            why: why.into(),
        }
    }

    /// Reads to the end of the stream: its checksums come last, and who writes into a pipe
    /// wants to be read.
    ///
    /// # Errors
    /// The stream is damaged or too long.
    pub(super) fn finish(mut self) -> Result<(), Refused> {
        let end = io::copy(&mut self.tar, &mut io::sink()).map(|_| ());
        end.map_err(|error| Refused::from(error).at(&self.place))
    }

    fn read_member(&mut self) -> Result<Option<Member>, Refused> {
        let mut extensions = Extensions::default();
        loop {
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            let size = header.entry_size()?;
            match header.entry_type().as_byte() {
                b'L' => extensions.long_path(self.extension(size)?),
                b'K' => extensions.long_target(self.extension(size)?),
                b'x' => extensions.pax(&self.extension(size)?)?,
                // Comments of `git archive`; nobody writes paths there.
                b'g' => self.left = padded(size)?,
                _ => return self.member(&header, &extensions).map(Some),
            }
        }
    }

    fn member(&mut self, header: &Header, extensions: &Extensions) -> Result<Member, Refused> {
        let path = extensions.path.as_deref();
        let path = bounded(path.unwrap_or(&header.path_bytes()))?;
        self.place = shown(&path);
        let target = header.link_name_bytes().unwrap_or_default();
        let target = extensions.target.as_deref().unwrap_or(&target);
        let mut what = what(header.entry_type().as_byte(), &path, target)?;
        self.skip_sparse_map(header)?;
        if extensions.sparse && what == What::File {
            what = What::Sparse;
        }
        // GNU tar takes a hard link for empty whatever it says (read_header, src/list.c).
        let size = match what {
            What::HardLink(_) => 0,
            _ => extensions.size.map_or_else(|| header.entry_size(), Ok)?,
        };
        self.left = padded(size)?;
        Ok(Member {
            path,
            what,
            executable: header.mode().is_ok_and(has_execute),
            size,
        })
    }

    /// The old GNU map of a file with holes goes on in blocks that its size does not count.
    fn skip_sparse_map(&mut self, header: &Header) -> Result<(), Refused> {
        let is_sparse = header.entry_type().is_gnu_sparse();
        let mut more = is_sparse && header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while more {
            let mut map = GnuExtSparseHeader::new();
            self.tar.read_exact(map.as_mut_bytes())?;
            more = map.is_extended();
        }
        Ok(())
    }

    /// The next header, `None` for the end mark. The stream has to have one: without it nobody
    /// could tell a whole archive from one that was cut off between two members.
    fn header(&mut self) -> Result<Option<Header>, Refused> {
        let skipped = io::copy(&mut (&mut self.tar).take(self.left), &mut io::sink())?;
        if skipped < self.left {
            return Err(Refused::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        self.left = 0;
        let block = self.up_to(BLOCK as u64)?;
        match block.len() {
            BLOCK => {}
            _ if !self.begun => return Err(Refused::NotAnArchive),
            _ => return Err(Refused::Io(io::ErrorKind::UnexpectedEof.into())),
        }
        let header = Header::from_byte_slice(&block).clone();
        if header.as_bytes() == &[0; BLOCK] {
            return Ok(None);
        }
        if header.cksum().ok() != Some(checksum(header.as_bytes())) {
            return Err(match self.begun {
                false => Refused::NotAnArchive,
                true => self.malformed("the next header has a wrong checksum"),
            });
        }
        self.begun = true;
        Ok(Some(header))
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Refused> {
        if size > EXTENSION {
            let what = format!("a header of more than {EXTENSION} bytes");
            return Err(Refused::limit(what));
        }
        self.left = padded(size)?;
        self.take(size)
    }

    fn take(&mut self, size: u64) -> Result<Vec<u8>, Refused> {
        let bytes = self.up_to(size)?;
        self.left -= bytes.len() as u64;
        if (bytes.len() as u64) < size {
            return Err(Refused::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(bytes)
    }

    fn up_to(&mut self, size: u64) -> Result<Vec<u8>, Refused> {
        let mut bytes = Vec::new();
        (&mut self.tar).take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The sum of all bytes, with those of the sum itself taken for blanks.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let (before, rest) = header.split_at(148);
    let bytes = before.iter().chain(&rest[8..]);
    8 * u32::from(b' ') + bytes.map(|&byte| u32::from(byte)).sum::<u32>()
}

fn padded(size: u64) -> Result<u64, Refused> {
    let whole = size.checked_next_multiple_of(BLOCK as u64);
    whole.ok_or_else(|| Refused::limit(format!("a member of {size} bytes")))
}

fn bounded(path: &[u8]) -> Result<PathBuf, Refused> {
    if path.len() > PATH {
        let what = format!("a name of more than {PATH} bytes");
        return Err(Refused::limit(what));
    }
    if path.contains(&0) {
        let why = format!("a name with a zero byte: {}", text(path));
        return Err(Refused::malformed(why));
    }
    Ok(Path::new(OsStr::from_bytes(path)).to_owned())
}

/// GNU tar takes a type that it does not know for a file (prepare_to_extract, src/extract.c).
fn what(entry_type: u8, path: &Path, target: &[u8]) -> Result<What, Refused> {
    Ok(match entry_type {
        b'1' => What::HardLink(bounded(target)?),
        b'2' => What::Link(bounded(target)?),
        b'3' => What::CharacterDevice,
        b'4' | b'6' => What::Other,
        b'5' | b'D' => What::Directory,
        b'S' => What::Sparse,
        b'V' => What::Nothing,
        b'M' => {
            return Err(Refused::malformed("it goes on from another volume"));
        }
        // Archives older than POSIX tell directories by their names.
        _ if path.as_os_str().as_bytes().ends_with(b"/") => What::Directory,
        _ => What::File,
    })
}
