//! One cell of a table.

use super::grid::{GUTTER, Side};
use crate::report::escape::{Charset, escape};
use crate::report::style::Tone;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

/// One cell, its text as the machine gave it.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl Cell {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Cell {
            text: text.into(),
            tone: None,
        }
    }

    /// What is not known.
    pub(super) fn unknown() -> Self {
        Cell::plain("?").in_tone(Tone::Unsure)
    }

    pub(super) fn in_tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }

    /// The same with something before it.
    pub(super) fn behind(mut self, before: &str) -> Self {
        self.text = format!("{before} {}", self.text);
        self
    }

    /// For the lead of a line.
    pub(super) fn piece(&self) -> (&str, Option<Tone>) {
        (&self.text, self.tone)
    }

    /// Columns that it takes.
    pub(super) fn width(&self, charset: Charset) -> usize {
        display_width(&escape(&self.text, charset))
    }

    /// Columns that its longest word takes.
    pub(super) fn longest_word(&self, charset: Charset) -> usize {
        let text = escape(&self.text, charset);
        text.split(' ').map(display_width).max().unwrap_or(0)
    }

    /// Itself in lines of at most so many columns, or as many as its longest word takes.
    pub(super) fn wrapped(&self, width: usize, charset: Charset) -> Vec<Cell> {
        let options = Options::new(width)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        let text = escape(&self.text, charset);
        let lines = textwrap::wrap(&text, options).into_iter();
        lines
            .map(|line| Cell {
                text: line.into_owned(),
                tone: self.tone,
            })
            .collect()
    }

    /// Itself between what fills its column. That is not painted, and so is apart.
    pub(super) fn padded(self, side: Side, width: usize, charset: Charset) -> [Cell; 3] {
        let padding = " ".repeat(width.saturating_sub(self.width(charset)));
        let (before, after) = match side {
            Side::Left => (String::new(), padding),
            Side::Right => (padding, String::new()),
        };
        [Cell::plain(before), self, Cell::plain(after + GUTTER)]
    }
}
