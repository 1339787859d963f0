//! One cell of a table.

use crate::report::style::Tone;
use std::borrow::Cow;
use std::ops::Range;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

/// One cell. Its text, escaped, stands among that of all cells of its table.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) text: Range<usize>,
    /// Columns that it takes.
    pub(super) width: usize,
    pub(super) tone: Option<Tone>,
}

impl Cell {
    /// Its text among that of its table.
    pub(super) fn text<'a>(&self, all: &'a str) -> &'a str {
        &all[self.text.clone()]
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
