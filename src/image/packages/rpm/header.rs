//! What rpm keeps of a package: an index of tags and their data (lib/header.cc of rpm). The tags
//! of the package file itself come first and are covered by a checksum; those that rpm adds when it
//! installs it come after, and win.

use super::bytes::{array, be32};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Of include/rpm/rpmtag.h.
mod tag {
    pub(super) const IMMUTABLE: u32 = 63;
    pub(super) const SHA1: u32 = 269;
    pub(super) const SHA256: u32 = 273;
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const OLD_FILE_NAMES: u32 = 1027;
    pub(super) const FILE_STATES: u32 = 1029;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
}

/// Types of data (rpmTagType_e, include/rpm/rpmtag.h).
const CHAR: u32 = 1;
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;

/// What stands before a header in a package file, and is part of its checksum.
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];

/// Bytes of an entry of the index: tag, type, offset, count.
const ENTRY: usize = 16;

/// More tags than rpm itself takes (HEADER_TAGS_MAX, lib/header.cc).
const TAGS: usize = 0xffff;

/// More files than any package has. What is held of each name is 16 bytes.
const FILES: u32 = 4_000_000;

/// Longer than any name or version, in bytes.
const TEXT: usize = 4096;

/// States of files that are there (RPMFILE_IS_INSTALLED, include/rpm/rpmfiles.h): normal, and on a
/// share. The others were replaced by another package, or left out.
const INSTALLED: [u8; 2] = [0, 3];

/// A file of a package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File<'a> {
    /// With a slash at its end.
    pub(super) directory: &'a [u8],
    pub(super) name: &'a [u8],
}

/// What the checksum is over.
struct Region<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

/// One header. Reasons why it is not to be used are short texts.
#[derive(Debug)]
pub(super) struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the header in `blob`, and holds it against its checksum.
    pub(super) fn new(blob: &'a [u8]) -> Result<Self, String> {
        let broken = || "it is not as long as it says".to_owned();
        let tags = be32(blob, 0).ok_or_else(broken)? as usize;
        let data = be32(blob, 4).ok_or_else(broken)? as usize;
        if tags == 0 || tags > TAGS {
            return Err(format!("it has {tags} tags"));
        }
        let rest = &blob[8..];
        let (index, rest) = rest.split_at_checked(ENTRY * tags).ok_or_else(broken)?;
        if rest.len() != data {
            return Err(broken());
        }
        let header = Header { index, data: rest };
        header.verify()?;
        Ok(header)
    }

    /// Its checksum is over what is one region in it (hdrblobDigestUpdate, lib/header.cc). Packages
    /// of before rpm 4.14 have SHA-1 alone; where there is none, rpm takes it as it is.
    fn verify(&self) -> Result<(), String> {
        let Some(Region { index, data }) = self.region()? else {
            return Ok(());
        };
        let count = |part: &[u8], each: usize| u32::try_from(part.len() / each).unwrap_or(u32::MAX);
        let lengths = [count(index, ENTRY), count(data, 1)].map(u32::to_be_bytes);
        let parts = [&MAGIC[..], lengths.as_flattened(), index, data];
        let matches = match (self.text(tag::SHA256)?, self.text(tag::SHA1)?) {
            (Some(expected), _) => hex::<Sha256>(&parts).as_bytes() == expected,
            (None, Some(expected)) => hex::<Sha1>(&parts).as_bytes() == expected,
            (None, None) => true,
        };
        match matches {
            true => Ok(()),
            false => Err("its checksum does not fit".to_owned()),
        }
    }

    /// The region ends with its first tag turned around (hdrblobVerifyRegion). Headers of rpm 3 have
    /// none.
    fn region(&self) -> Result<Option<Region<'a>>, String> {
        let first = Entry::at(self.index, 0);
        let Some(first) = first.filter(|entry| entry.tag == tag::IMMUTABLE) else {
            return Ok(None);
        };
        let trailer = Entry::at(self.data, first.offset);
        let region = trailer.and_then(|trailer| {
            let negative = u32::try_from(trailer.offset).ok()?;
            let tags = usize::try_from(negative.wrapping_neg()).ok()?;
            let index = self.index.get(..tags)?;
            let data = self.data.get(..first.offset + ENTRY)?;
            (trailer.tag == tag::IMMUTABLE && tags % ENTRY == 0).then_some(Region { index, data })
        });
        let broken = || "the end of its region is not where it should be".to_owned();
        region.map(Some).ok_or_else(broken)
    }

    /// The name of the package.
    pub(super) fn name(&self) -> Result<&'a [u8], String> {
        let name = self.text(tag::NAME)?;
        name.ok_or_else(|| "it has no name".to_owned())
    }

    /// `1:2.3-4`: epoch, version, release, as rpm's %{EVR}.
    pub(super) fn version(&self) -> Result<Option<Vec<u8>>, String> {
        let (version, release) = (self.text(tag::VERSION)?, self.text(tag::RELEASE)?);
        let (Some(version), Some(release)) = (version, release) else {
            return Ok(None);
        };
        let epoch = match self.entry(tag::EPOCH) {
            None => String::new(),
            Some(entry) => match be32(self.data, entry.offset) {
                Some(epoch) if entry.kind == INT32 => format!("{epoch}:"),
                _ => return Err("its epoch is no number".to_owned()),
            },
        };
        Ok(Some([epoch.as_bytes(), version, b"-", release].concat()))
    }

    /// Its installed files of whose names `wants` is true.
    pub(super) fn files(&self, wants: impl Fn(&[u8]) -> bool) -> Result<Vec<File<'a>>, String> {
        let Some(names) = self.entry(tag::BASE_NAMES) else {
            return match self.entry(tag::OLD_FILE_NAMES) {
                Some(_) => Err("its files are listed as rpm 3 did it".to_owned()),
                None => Ok(Vec::new()),
            };
        };
        let all = self.strings(&names)?;
        let wanted = all.iter().enumerate().filter(|(_, name)| wants(name));
        let wanted: Vec<(usize, &[u8])> = wanted.map(|(index, name)| (index, *name)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let directories = self.entry(tag::DIR_NAMES);
        // Each looked up once: an entry is found by a walk through the index.
        let about = Files {
            states: self.column(tag::FILE_STATES, CHAR, all.len()),
            indexes: self.column(tag::DIR_INDEXES, INT32, all.len()),
            directories: directories.map_or(Ok(Vec::new()), |entry| self.strings(&entry))?,
        };
        let mut files = Vec::new();
        for (file, name) in wanted {
            if about.is_installed(file)? {
                let directory = about.directory(file)?;
                files.push(File { directory, name });
            }
        }
        Ok(files)
    }

    /// What an entry says of each of so many files.
    fn column(&self, tag: u32, kind: u32, files: usize) -> Column<'a> {
        let Some(entry) = self.entry(tag) else {
            return Column::Absent;
        };
        let fits = entry.kind == kind && entry.count as usize == files;
        Column::Of(
            fits.then(|| self.data.get(entry.offset..))
                .flatten()
                .unwrap_or_default(),
        )
    }

    fn entry(&self, tag: u32) -> Option<Entry> {
        let entries = self.index.chunks_exact(ENTRY).rev();
        let mut entries = entries.filter_map(|entry| Entry::at(entry, 0));
        entries.find(|entry| entry.tag == tag)
    }

    fn text(&self, tag: u32) -> Result<Option<&'a [u8]>, String> {
        let Some(entry) = self.entry(tag) else {
            return Ok(None);
        };
        let bytes = self.data.get(entry.offset..).unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(TEXT)];
        match bytes.iter().position(|&byte| byte == 0) {
            Some(end) if entry.kind == STRING => Ok(Some(&bytes[..end])),
            _ => Err(format!("its tag {tag} is no text")),
        }
    }

    fn strings(&self, entry: &Entry) -> Result<Vec<&'a [u8]>, String> {
        if entry.count > FILES {
            return Err(format!("it has more than {FILES} files"));
        }
        let mut rest = self.data.get(entry.offset..).unwrap_or_default();
        let mut strings = Vec::new();
        while strings.len() < entry.count as usize {
            match rest.iter().position(|&byte| byte == 0) {
                Some(end) if entry.kind == STRING_ARRAY => {
                    strings.push(&rest[..end]);
                    rest = &rest[end + 1..];
                }
                _ => return Err("a list of names that is none".to_owned()),
            }
        }
        Ok(strings)
    }
}

/// What a header says of each of its files, in the order of their names.
struct Files<'a> {
    states: Column<'a>,
    indexes: Column<'a>,
    directories: Vec<&'a [u8]>,
}

/// One value for each file. Without a value where the entry does not fit the files.
enum Column<'a> {
    /// There is no such entry.
    Absent,
    Of(&'a [u8]),
}

impl<'a> Files<'a> {
    fn directory(&self, file: usize) -> Result<&'a [u8], String> {
        let directory = match self.indexes {
            Column::Of(indexes) => be32(indexes, 4 * file)
                .and_then(|index| self.directories.get(index as usize).copied()),
            Column::Absent => None,
        };
        directory.ok_or_else(|| "a file in none of its directories".to_owned())
    }

    fn is_installed(&self, file: usize) -> Result<bool, String> {
        match self.states {
            Column::Absent => Ok(true),
            Column::Of(states) => match states.get(file) {
                Some(state) => Ok(INSTALLED.contains(state)),
                None => Err("a file without a state".to_owned()),
            },
        }
    }
}

/// An entry of the index.
struct Entry {
    tag: u32,
    kind: u32,
    offset: usize,
    count: u32,
}

impl Entry {
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let entry: [u8; ENTRY] = array(bytes, at)?;
        Some(Entry {
            tag: be32(&entry, 0)?,
            kind: be32(&entry, 4)?,
            offset: be32(&entry, 8)? as usize,
            count: be32(&entry, 12)?,
        })
    }
}

fn hex<D: Digest>(parts: &[&[u8]]) -> String {
    let mut digest = D::new();
    parts.iter().for_each(|part| digest.update(part));
    let sum = digest.finalize();
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: u32 = 200_000;

    /// A header with as many tags as there may be, those about its files the last to be found, and
    /// with `states` of its files.
    fn with_many_tags_and_files(states: u32) -> Vec<u8> {
        let names = "tcp_diag.ko\0".repeat(FILES as usize).into_bytes();
        let zeros = vec![0; 4 * FILES as usize];
        let parts = [
            (tag::BASE_NAMES, STRING_ARRAY, FILES, names),
            (tag::DIR_NAMES, STRING_ARRAY, 1, b"/lib/\0".to_vec()),
            (tag::DIR_INDEXES, INT32, FILES, zeros.clone()),
            (tag::FILE_STATES, CHAR, states, zeros),
        ];
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, kind, count, bytes) in parts {
            let offset = u32::try_from(data.len()).expect("a short header");
            let entry = [tag, kind, offset, count].map(u32::to_be_bytes);
            index.extend_from_slice(entry.as_flattened());
            data.extend(bytes);
        }
        index.resize(ENTRY * TAGS, 0);
        let lengths = [TAGS, data.len()].map(|length| u32::try_from(length).expect("short"));
        let lengths = lengths.map(u32::to_be_bytes);
        [lengths.as_flattened(), &index, &data].concat()
    }

    /// Not a matter of minutes, as it is where each file looks for its tags.
    #[test]
    fn many_files_under_many_tags_are_read() {
        let blob = with_many_tags_and_files(FILES);
        let header = Header::new(&blob).expect("a header");
        let files = header.files(|name| name == b"tcp_diag.ko").expect("files");
        assert_eq!(files.len(), FILES as usize);
        assert_eq!(files[0].directory, b"/lib/");
    }

    #[test]
    fn states_of_another_number_of_files_are_none() {
        let blob = with_many_tags_and_files(FILES - 1);
        let header = Header::new(&blob).expect("a header");
        let files = header.files(|name| name == b"tcp_diag.ko");
        assert_eq!(files, Err("a file without a state".to_owned()));
    }
}
