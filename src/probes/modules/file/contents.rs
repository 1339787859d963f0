//! What a module file says of itself, read without C.

use super::Information;
use crate::text::text;
use flate2::read::GzDecoder;
use lzma_rust2::XzReader;
use object::{Architecture, Object, ObjectKind, ObjectSection};
use ruzstd::decoding::StreamingDecoder;
use std::borrow::Cow;
use std::io::{self, Read};

/// A diag module is some 20 kB, the largest modules of distributions some 20 MB.
const LARGEST: u64 = 64 << 20;

/// What unpacking xz may need, in KiB. The kernel's own modules need 1 MiB.
const XZ_MEMORY: u32 = 64 << 10;

/// How a signed module ends (MODULE_SIG_STRING, include/linux/module_signature.h).
const SIGNED: &[u8] = b"~Module signature appended~\n";

/// It cannot be unpacked, or is no whole ELF file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// What a module file says of itself.
pub(super) struct Contents {
    /// The pairs of .modinfo, and `sig_id` where the file is signed.
    pub(super) information: Information,
    /// The processors that it is for.
    pub(super) architecture: Architecture,
    /// It has what the kernel keeps of a module (setup_load_info, kernel/module/main.c).
    pub(super) is_module: bool,
}

pub(super) fn contents(file: &[u8]) -> Result<Contents, Damaged> {
    let module = unpacked(file).map_err(|_| Damaged)?;
    let elf = object::File::parse(&*module).map_err(|_| Damaged)?;
    // ET_REL, or elf_validity_check refuses it (kernel/module/main.c).
    if elf.kind() != ObjectKind::Relocatable {
        return Err(Damaged);
    }
    Ok(Contents {
        information: information(&module, &elf)?,
        architecture: elf.architecture(),
        is_module: elf.section_by_name(".gnu.linkonce.this_module").is_some(),
    })
}

fn information(module: &[u8], elf: &object::File<'_>) -> Result<Information, Damaged> {
    let section = elf.section_by_name(".modinfo").ok_or(Damaged)?;
    let data = section.data().map_err(|_| Damaged)?;
    let strings = data.split(|&byte| byte == 0);
    let strings = strings.filter(|string| !string.is_empty()).map(text);
    let mut pairs: Information = strings.map(|string| pair(&string)).collect();
    // Only what stands at its end signs a module.
    pairs.retain(|(key, _)| !key.starts_with("sig"));
    if module.ends_with(SIGNED) {
        pairs.push(("sig_id".to_owned(), String::new()));
    }
    Ok(pairs)
}

fn pair(string: &str) -> (String, String) {
    let (key, value) = string.split_once('=').unwrap_or((string, ""));
    (key.to_owned(), value.to_owned())
}

/// As its first bytes say.
fn unpacked(file: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    let mut packed: Box<dyn Read> = match file {
        [0x1f, 0x8b, ..] => Box::new(GzDecoder::new(file)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            Box::new(XzReader::new_mem_limit(file, true, XZ_MEMORY))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Box::new(StreamingDecoder::new(file).map_err(io::Error::other)?)
        }
        _ => return Ok(Cow::Borrowed(file)),
    };
    let mut bytes = Vec::new();
    packed.by_ref().take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Cow::Owned(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    #[test]
    fn gzip_is_unpacked_and_cut_gzip_is_damaged() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(b"module").expect("packed");
        let packed = packer.finish().expect("packed");
        assert_eq!(&*unpacked(&packed).expect("whole"), b"module");
        assert!(unpacked(&packed[..packed.len() - 9]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(bytes: Vec<u8>) {
            for magic in [&b""[..], b"\x7fELF\x02\x01\x01", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"] {
                let _ = contents(&[magic, &bytes].concat());
            }
        }
    }
}
