//! What stands before a header because it does not fit into it.

use super::Refused;
use tar::PaxExtensions;

/// Long names, sizes and marks for the next member.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// Its path.
    pub(super) path: Option<Vec<u8>>,
    /// What it links to.
    pub(super) target: Option<Vec<u8>>,
    /// Its size in the stream.
    pub(super) size: Option<u64>,
    /// It has holes (GNU.sparse.*): its contents begin with a map.
    pub(super) sparse: bool,
}

impl Extensions {
    /// A path of GNU tar, with a zero byte at its end.
    pub(super) fn long_path(&mut self, bytes: Vec<u8>) {
        self.path = Some(without_end(bytes));
    }

    /// A link target of GNU tar.
    pub(super) fn long_target(&mut self, bytes: Vec<u8>) {
        self.target = Some(without_end(bytes));
    }

    /// Records of pax. A file with holes stands under an invented name, with its own one beside.
    pub(super) fn pax(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut real = None;
        for record in PaxExtensions::new(bytes) {
            let record = record?;
            let value = || record.value_bytes().to_vec();
            match record.key_bytes() {
                b"path" => self.path = Some(value()),
                b"linkpath" => self.target = Some(value()),
                b"size" => self.size = Some(number(record.value_bytes())?),
                b"GNU.sparse.name" => real = Some(value()),
                _ => {}
            }
            self.sparse |= record.key_bytes().starts_with(b"GNU.sparse.");
        }
        self.path = real.or(self.path.take());
        Ok(())
    }
}

fn without_end(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

fn number(value: &[u8]) -> Result<u64, Refused> {
    let number = std::str::from_utf8(value)
        .ok()
        .and_then(|value| value.parse().ok());
    number.ok_or_else(|| Refused::malformed("a pax size that is no number"))
}
