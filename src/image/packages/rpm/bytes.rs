//! Numbers in bytes that nobody vouches for.

use super::damage::Damage;
use crate::root::Contents;

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// A part of a file. Nothing is allocated for what the file does not have.
///
/// # Errors
/// It ends before that.
pub(super) fn part(file: &dyn Contents, from: u64, length: usize) -> Result<Vec<u8>, Damage> {
    let end = from.checked_add(length as u64);
    if end.is_none_or(|end| end > file.size()) {
        let size = file.size();
        let why = format!("it ends at byte {size}, and from {from} on it should have {length}");
        return Err(Damage::Malformed(why));
    }
    let mut bytes = vec![0; length];
    file.read_at(from, &mut bytes)?;
    Ok(bytes)
}
