//! One cell of a table.

use crate::report::style::Tone;
use std::borrow::Cow;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

/// One cell. Its text, escaped, stands among that of all cells of its table. Of these a table may
/// have a hundred thousand: small, because each page of memory that they fill costs a microsecond.
#[derive(Debug)]
pub(super) struct Cell {
    start: u32,
    bytes: u32,
    width: u32,
    pub(super) tone: Option<Tone>,
}

impl Cell {
    /// The cell whose text is that of its table from `start` on.
    pub(super) fn at_end_of(all: &str, start: usize, tone: Option<Tone>) -> Self {
        let text = &all[start..];
        // 4 GiB of text are more than there are sockets for.
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Cell {
            start: short(start),
            bytes: short(text.len()),
            width: short(width(text)),
            tone,
        }
    }

    /// Its text among that of its table.
    pub(super) fn text<'a>(&self, all: &'a str) -> &'a str {
        let start = self.start as usize;
        &all[start..start + self.bytes as usize]
    }

    /// Columns that it takes.
    pub(super) fn width(&self) -> usize {
        self.width as usize
    }
}

/// Columns that an escaped text takes.
pub(super) fn width(text: &str) -> usize {
    match text.is_ascii() {
        true => text.len(),
        false => display_width(text),
    }
}

/// Columns that its longest word takes.
pub(super) fn longest_word(text: &str) -> usize {
    text.split(' ').map(width).max().unwrap_or(0)
}

/// Lines of at most so many columns, or as many as its longest word takes.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    let options = Options::new(width)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::wrap(text, options)
}
