//! A file of pages, in which each has one use. So no page is read twice, and what damaged or made
//! up references cost is bounded by the file.

use super::bytes::part;
use super::damage::Damage;
use crate::root::Contents;

/// The pages of a database.
pub(super) struct Pages<'a> {
    file: &'a dyn Contents,
    /// Bytes of each.
    pub(super) size: usize,
    /// The number of the first.
    first: u32,
    used: Vec<bool>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(file: &'a dyn Contents, size: usize, first: u32) -> Self {
        let count = usize::try_from(file.size()).map_or(0, |bytes| bytes / size);
        Pages {
            file,
            size,
            first,
            used: vec![false; count],
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.used.len()
    }

    /// Reads a page that nothing else referred to.
    ///
    /// # Errors
    /// Another reference was there before, or there is no such page.
    pub(super) fn take(&mut self, number: u32) -> Result<Vec<u8>, Damage> {
        let index = self.mark(number)?;
        part(self.file, index as u64 * self.size as u64, self.size)
    }

    /// Notes that a page is in use, and gives its place in the file.
    ///
    /// # Errors
    /// As of [`take`](Pages::take).
    pub(super) fn mark(&mut self, number: u32) -> Result<usize, Damage> {
        let index = number.checked_sub(self.first).map(|index| index as usize);
        let used = index.and_then(|index| Some((index, self.used.get_mut(index)?)));
        let Some((index, used)) = used else {
            let count = self.count();
            let why = format!("it refers to page {number}, and has {count} pages");
            return Err(Damage::Malformed(why));
        };
        if std::mem::replace(used, true) {
            let why = format!("two references to page {number}");
            return Err(Damage::Malformed(why));
        }
        Ok(index)
    }
}
