//! SUSE's database of packages (lib/backend/ndb/rpmpkg.c of rpm): pages of slots, each of which
//! says where a package is, and then the packages, in blocks of 16 bytes with a head and a tail.

use super::HEADER_LIMIT;
use super::bytes::{le32, part};
use super::damage::Damage;
use crate::root::Contents;

/// Bytes of a block and of a slot. The file's header stands in place of two slots.
const BLOCK: usize = 16;

const SLOT_PAGE: usize = 4096;

/// Enough for half a million packages.
const SLOT_PAGES: usize = 2048;

/// Bytes around a package: magic, number, generation, length; checksum, length, magic.
const HEAD: usize = 16;
const TAIL: usize = 12;

/// A package that is there.
struct Slot {
    package: u32,
    /// In blocks, from the start of the file.
    from: u32,
    blocks: u32,
}

/// Hands every header of a package to `each`.
///
/// # Errors
/// What stopped it. The headers before are as they stand in the file.
pub(super) fn headers(file: &dyn Contents, each: &mut dyn FnMut(&[u8])) -> Result<(), Damage> {
    let header = part(file, 0, 2 * BLOCK)?;
    if !header.starts_with(b"RpmP") {
        return Err(Damage::malformed("it is no database in the format of ndb"));
    }
    if le32(&header, 4) != Some(0) {
        return Err(Damage::unsupported("a later version of the format of ndb"));
    }
    let pages = le32(&header, 12).ok_or_else(cut)? as usize;
    if pages > SLOT_PAGES {
        return Err(Damage::Malformed(format!("{pages} pages of slots")));
    }
    let slots = part(file, 0, pages * SLOT_PAGE)?;
    let mut end = u32::try_from(slots.len() / BLOCK).unwrap_or(u32::MAX);
    for slot in in_order(&slots)? {
        if slot.from < end {
            return Err(Damage::malformed("packages that lie on one another"));
        }
        end = slot.from.saturating_add(slot.blocks);
        each(&package(file, &slot)?);
    }
    Ok(())
}

fn cut() -> Damage {
    Damage::malformed("a number that reaches out of its block")
}

/// The slots that are in use, by the places of their packages.
fn in_order(slots: &[u8]) -> Result<Vec<Slot>, Damage> {
    let mut used = Vec::new();
    for slot in slots.chunks_exact(BLOCK).skip(2) {
        let number = |at| le32(slot, at).ok_or_else(cut);
        let read = Slot {
            package: number(4)?,
            from: number(8)?,
            blocks: number(12)?,
        };
        match slot.starts_with(b"Slot") {
            false => return Err(Damage::malformed("a slot that is none")),
            true if read.from == 0 => {}
            true => used.push(read),
        }
    }
    used.sort_unstable_by_key(|slot| slot.from);
    Ok(used)
}

fn package(file: &dyn Contents, slot: &Slot) -> Result<Vec<u8>, Damage> {
    let broken = || {
        let why = format!("package {} is not where its slot says", slot.package);
        Damage::Malformed(why)
    };
    let length = (slot.blocks as usize).saturating_mul(BLOCK);
    if length > HEADER_LIMIT {
        return Err(broken());
    }
    let mut bytes = part(file, u64::from(slot.from) * BLOCK as u64, length)?;
    let head = [le32(&bytes, 4), le32(&bytes, 12)];
    let [Some(number), Some(size)] = head else {
        return Err(broken());
    };
    let size = size as usize;
    let tail = length.saturating_sub(TAIL);
    let fits = bytes.starts_with(b"BlbS")
        && number == slot.package
        && length == (HEAD + TAIL).saturating_add(size).next_multiple_of(BLOCK)
        && le32(&bytes, tail + 4).map(|size| size as usize) == Some(size)
        && bytes.ends_with(b"BlbE");
    if !fits {
        return Err(broken());
    }
    bytes.truncate(HEAD + size);
    bytes.drain(..HEAD);
    Ok(bytes)
}
