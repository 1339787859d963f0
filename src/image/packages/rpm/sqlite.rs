//! The table of packages in a file of SQLite 3 (sqlite.org/fileformat2.html): a b-tree whose
//! leaves hold the rows, and chains of overflow pages for what does not fit there. Indexes, which
//! rpm looks files up in, are not needed: every package is read.

mod record;

use super::HEADER_LIMIT;
use super::bytes::{be16, be32, part};
use super::damage::Damage;
use super::pages::Pages;
use crate::root::Contents;
use record::{Value, column, varint};

/// The page that the table of all tables begins on, after the header of the file.
const SCHEMA: u32 = 1;
const FILE_HEADER: usize = 100;

/// As deep as SQLite itself follows a tree (BTCURSOR_MAX_DEPTH, src/btreeInt.h).
const DEPTH: usize = 20;

/// A page of a table's b-tree, by its first byte.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

/// Hands every header of a package to `each`.
///
/// # Errors
/// What stopped it. The headers before are as they stand in the file.
pub(super) fn headers(file: &dyn Contents, each: &mut dyn FnMut(&[u8])) -> Result<(), Damage> {
    let mut database = Database::open(file)?;
    let mut root = None;
    database.table(SCHEMA, &mut |row| {
        root = root.take().or_else(|| root_of_packages(row));
        Ok(())
    })?;
    let root = root.ok_or_else(|| Damage::malformed("it has no table of packages"))?;
    database.table(root, &mut |row| {
        // The number of the package is the key of the row, and so its column is empty.
        match (column(row, 0), column(row, 1)) {
            (Some(Value::Null), Some(Value::Blob(header))) => each(header),
            _ => return Err(Damage::malformed("a row of packages without a header")),
        }
        Ok(())
    })
}

/// The first page of the table, from a row of the schema: type, name, table, first page, SQL.
fn root_of_packages(row: &[u8]) -> Option<u32> {
    match (column(row, 0)?, column(row, 1)?, column(row, 3)?) {
        (Value::Text(b"table"), Value::Text(b"Packages"), Value::Integer(root)) => {
            u32::try_from(root).ok()
        }
        _ => None,
    }
}

struct Database<'a> {
    pages: Pages<'a>,
    /// Bytes of a page without those that extensions reserve.
    usable: usize,
    /// Bytes that rows may still have. Cells can lie on one another, and the file is no larger.
    left: usize,
}

impl<'a> Database<'a> {
    fn open(file: &'a dyn Contents) -> Result<Self, Damage> {
        let header = part(file, 0, FILE_HEADER)?;
        if !header.starts_with(b"SQLite format 3\0") {
            return Err(Damage::malformed("it is no database of SQLite 3"));
        }
        let size = match be16(&header, 16) {
            Some(1) => 65536,
            Some(size) if size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => return Err(Damage::malformed("a page size that SQLite does not have")),
        };
        if header[19] > 2 || be32(&header, 56) != Some(1) {
            let why = "a format of SQLite that rpm does not write";
            return Err(Damage::unsupported(why));
        }
        let usable = size - usize::from(header[20]);
        if usable < 480 {
            return Err(Damage::malformed(
                "more of each page is reserved than may be",
            ));
        }
        let mut database = Database {
            pages: Pages::new(file, size, 1),
            usable,
            left: usize::try_from(file.size()).unwrap_or(usize::MAX),
        };
        database.hold_length(&header)?;
        database.mark_free(&header)?;
        Ok(database)
    }

    /// The header says how long the file is. Old versions of SQLite did not keep that number, which
    /// shows in that of their last change.
    fn hold_length(&self, header: &[u8]) -> Result<(), Damage> {
        let says = be32(header, 28).map(|pages| pages as usize);
        let has = self.pages.count();
        if be32(header, 24) == be32(header, 92) && says.is_some_and(|says| says > has) {
            let says = says.unwrap_or(has);
            let why = format!("it is cut off: it has {has} of {says} pages");
            return Err(Damage::Malformed(why));
        }
        Ok(())
    }

    /// Pages that are free may still hold packages that were removed.
    fn mark_free(&mut self, header: &[u8]) -> Result<(), Damage> {
        let word = |page: &[u8], at| {
            let broken = || Damage::malformed("a list of free pages that reaches out of its page");
            be32(page, at).ok_or_else(broken)
        };
        let mut trunk = word(header, 32)?;
        while trunk != 0 {
            let page = self.pages.take(trunk)?;
            for leaf in 0..word(&page, 4)? as usize {
                self.pages.mark(word(&page, 8 + 4 * leaf)?)?;
            }
            trunk = word(&page, 0)?;
        }
        Ok(())
    }

    /// Hands every row of the table that begins on page `root` to `each`, in the order of their keys.
    fn table(
        &mut self,
        root: u32,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Damage>,
    ) -> Result<(), Damage> {
        let mut last = None;
        let mut waiting = vec![(root, 1)];
        while let Some((number, depth)) = waiting.pop() {
            if depth > DEPTH {
                let why = format!("a table of more than {DEPTH} levels");
                return Err(Damage::Malformed(why));
            }
            let page = self.pages.take(number)?;
            let start = if number == SCHEMA { FILE_HEADER } else { 0 };
            let below = self.page(&page, start, &mut last, each)?;
            waiting.extend(below.into_iter().rev().map(|page| (page, depth + 1)));
        }
        Ok(())
    }

    /// Reads the rows of a leaf. Of another page, gives the pages below it. Both begin at `start`.
    fn page(
        &mut self,
        page: &[u8],
        start: usize,
        last: &mut Option<i64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Damage>,
    ) -> Result<Vec<u32>, Damage> {
        let broken = || Damage::malformed("a page of a table that is none");
        let page = page.get(..self.usable).ok_or_else(broken)?;
        let cells = be16(page, start + 3).ok_or_else(broken)?;
        let cell = |index: u16, after: usize| {
            let at = be16(page, start + after + 2 * usize::from(index));
            at.map(usize::from).ok_or_else(broken)
        };
        match page.get(start) {
            Some(&LEAF) => {
                for index in 0..cells {
                    let row = self.row(page, cell(index, 8)?, last)?;
                    each(&row)?;
                }
                Ok(Vec::new())
            }
            Some(&INTERIOR) => {
                let below = (0..cells).map(|index| be32(page, cell(index, 12).ok()?));
                let below = below.chain([be32(page, start + 8)]);
                below.collect::<Option<Vec<u32>>>().ok_or_else(broken)
            }
            _ => Err(broken()),
        }
    }

    /// The row in the cell at `at`.
    fn row(&mut self, page: &[u8], at: usize, last: &mut Option<i64>) -> Result<Vec<u8>, Damage> {
        let broken = || Damage::malformed("a row that reaches out of its page");
        let cell = page.get(at..).ok_or_else(broken)?;
        let (length, rest) = varint(cell).ok_or_else(broken)?;
        let (key, rest) = varint(rest).ok_or_else(broken)?;
        if last.replace(key).is_some_and(|last| last >= key) {
            return Err(Damage::malformed("rows that are not in their order"));
        }
        let length = usize::try_from(length).map_err(|_| broken())?;
        self.left = match self.left.checked_sub(length) {
            Some(left) if length <= HEADER_LIMIT => left,
            _ => return Err(Damage::malformed("a row that is larger than it may be")),
        };
        let here = self.on_leaf(length);
        let mut row = rest.get(..here).ok_or_else(broken)?.to_vec();
        if here < length {
            let overflow = be32(rest, here).ok_or_else(broken)?;
            self.overflow(overflow, length, &mut row)?;
        }
        Ok(row)
    }

    /// How much of a row its leaf holds. The names are those of the format's description.
    fn on_leaf(&self, p: usize) -> usize {
        let u = self.usable;
        let x = u - 35;
        let m = (u - 12) * 32 / 255 - 23;
        if p <= x {
            return p;
        }
        let k = m + (p - m) % (u - 4);
        if k <= x { k } else { m }
    }

    fn overflow(&mut self, first: u32, length: usize, row: &mut Vec<u8>) -> Result<(), Damage> {
        let cut = || Damage::malformed("a row that reaches out of its page");
        let mut next = first;
        while row.len() < length {
            let page = self.pages.take(next)?;
            let (&link, rest) = page.split_first_chunk().ok_or_else(cut)?;
            let part = (self.usable - 4).min(length - row.len());
            row.extend_from_slice(rest.get(..part).ok_or_else(cut)?);
            next = u32::from_be_bytes(link);
        }
        match next {
            0 => Ok(()),
            _ => Err(Damage::malformed("a row that goes on after its end")),
        }
    }
}
