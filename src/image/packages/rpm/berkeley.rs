//! The hash table of Berkeley DB that was rpm's database (lib/backend/bdb_ro.cc of rpm, and
//! src/dbinc/db_page.h of Berkeley DB): buckets of chained pages, whose items are keys and values in
//! turn; a value that is large is a chain of pages itself.

use super::HEADER_LIMIT;
use super::bytes::{array, part};
use super::damage::Damage;
use super::pages::Pages;
use crate::root::Contents;

/// The first bytes of page 0.
const META: usize = 512;

const MAGIC: u32 = 0x0006_1561;

/// What every page begins with.
const PAGE_HEADER: usize = 26;

/// Types of pages: of items, of old versions and of new; of a part of a large value.
const ITEMS: [u8; 2] = [2, 13];
const OVERFLOW: u8 = 7;

/// Types of items: one that is there, and one that is a chain of pages.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 3;

/// Hands every header of a package to `each`.
///
/// # Errors
/// What stopped it. The headers before are as they stand in the file.
pub(super) fn headers(file: &dyn Contents, each: &mut dyn FnMut(&[u8])) -> Result<(), Damage> {
    let meta = Meta::read(file)?;
    let mut table = Table {
        pages: Pages::new(file, meta.page_size, 0),
        order: meta.order,
    };
    table.pages.mark(0)?;
    for bucket in 0..=meta.last_bucket {
        let mut next = meta.page_of(bucket)?;
        while next != 0 {
            let page = table.page(next, &ITEMS)?;
            table.items(&page, each)?;
            next = meta.order.four(&page, 16)?;
        }
    }
    Ok(())
}

/// The order of bytes of the machine that wrote it.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn two(self, bytes: &[u8], at: usize) -> Result<usize, Damage> {
        let number = array(bytes, at).map(|bytes| match self {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        });
        number.map(usize::from).ok_or_else(cut)
    }

    fn four(self, bytes: &[u8], at: usize) -> Result<u32, Damage> {
        let number = array(bytes, at).map(|bytes| match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        });
        number.ok_or_else(cut)
    }
}

fn cut() -> Damage {
    Damage::malformed("a number that reaches out of its page")
}

/// What page 0 says of the table.
struct Meta {
    order: Order,
    page_size: usize,
    last_bucket: u32,
    /// For each doubling of the table, how many pages lie before those of its buckets.
    spares: Vec<u32>,
}

impl Meta {
    fn read(file: &dyn Contents) -> Result<Self, Damage> {
        let meta = part(file, 0, META)?;
        let order = match array(&meta, 12).map(u32::from_le_bytes) {
            Some(MAGIC) => Order::Little,
            Some(other) if other.swap_bytes() == MAGIC => Order::Big,
            _ => return Err(Damage::malformed("it is no hash table of Berkeley DB")),
        };
        let page_size = order.four(&meta, 20)? as usize;
        if !page_size.is_power_of_two() || !(META..=65536).contains(&page_size) {
            return Err(Damage::malformed(
                "a page size that Berkeley DB does not have",
            ));
        }
        // An algorithm to decrypt it with, a checksum in each page: rpm asks for neither.
        let is_plain = meta[24] == 0 && meta[26] == 0;
        if !is_plain || !(8..=10).contains(&order.four(&meta, 16)?) {
            let why = "a kind of Berkeley DB that rpm does not write";
            return Err(Damage::unsupported(why));
        }
        let pages = u64::from(order.four(&meta, 32)?) + 1;
        if file.size() < pages * page_size as u64 {
            let why = format!("it is cut off before the last of its {pages} pages");
            return Err(Damage::Malformed(why));
        }
        let spares = (0..32).map(|index| order.four(&meta, 96 + 4 * index));
        Ok(Meta {
            order,
            page_size,
            last_bucket: order.four(&meta, 72)?,
            spares: spares.collect::<Result<_, _>>()?,
        })
    }

    fn page_of(&self, bucket: u32) -> Result<u32, Damage> {
        let doublings = (u32::BITS - bucket.leading_zeros()) as usize;
        let spare = self.spares.get(doublings);
        let page = spare.and_then(|spare| bucket.checked_add(*spare));
        page.ok_or_else(|| Damage::malformed("more buckets than there can be"))
    }
}

struct Table<'a> {
    pages: Pages<'a>,
    order: Order,
}

impl Table<'_> {
    /// A page of one of these types, which knows its own number.
    fn page(&mut self, number: u32, types: &[u8]) -> Result<Vec<u8>, Damage> {
        let page = self.pages.take(number)?;
        match self.order.four(&page, 8)? == number && types.contains(&page[25]) {
            true => Ok(page),
            false => Err(Damage::Malformed(format!(
                "page {number} is not what it is said to be"
            ))),
        }
    }

    /// The values on a page. They lie from its end on, each before the one that precedes it.
    fn items(&mut self, page: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Damage> {
        let count = self.order.two(page, 20)?;
        let mut end = page.len();
        for index in 0..count {
            let start = self.order.two(page, PAGE_HEADER + 2 * index)?;
            let item = page.get(start..end);
            let item =
                item.ok_or_else(|| Damage::malformed("items that are not in their order"))?;
            end = start;
            if index % 2 == 1 {
                self.value(item, each)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, item: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Damage> {
        match item {
            // The value of key 0 is the number for the next package.
            [HERE, _, _, _, _] => {}
            [HERE, header @ ..] => each(header),
            [ELSEWHERE, ..] if item.len() == 12 => {
                let first = self.order.four(item, 4)?;
                let length = self.order.four(item, 8)? as usize;
                each(&self.chain(first, length)?);
            }
            _ => {
                return Err(Damage::malformed(
                    "an item of a kind that rpm does not write",
                ));
            }
        }
        Ok(())
    }

    fn chain(&mut self, first: u32, length: usize) -> Result<Vec<u8>, Damage> {
        if length > HEADER_LIMIT {
            return Err(Damage::malformed("a package that is larger than it may be"));
        }
        let mut value = Vec::new();
        let mut next = first;
        while next != 0 {
            let page = self.page(next, &[OVERFLOW])?;
            let used = self.order.two(&page, 22)?;
            let part = page.get(PAGE_HEADER..PAGE_HEADER + used).ok_or_else(cut)?;
            value.extend_from_slice(part);
            next = self.order.four(&page, 16)?;
        }
        match value.len() == length {
            true => Ok(value),
            false => Err(Damage::malformed(
                "a package that is not as long as it should be",
            )),
        }
    }
}
