//! Columns under their heads. The last column takes what room is left and is never cut: a row is
//! one line, however long, for whoever searches it.

use crate::report::escape::escape;
use crate::report::page::Page;
use crate::report::style::Tone;
use textwrap::core::display_width;

/// Between two columns.
const GUTTER: &str = "  ";

/// One cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    text: String,
    tone: Option<Tone>,
}

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table under way.
#[derive(Debug)]
pub(super) struct Grid {
    heads: Vec<(&'static str, Side)>,
    lines: Vec<Vec<Cell>>,
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
}

impl Grid {
    /// A table with these columns and no lines.
    pub(super) fn new(heads: Vec<(&'static str, Side)>) -> Self {
        Grid {
            heads,
            lines: Vec::new(),
        }
    }

    /// Adds a line: a cell for each column.
    pub(super) fn line(&mut self, cells: Vec<Cell>) {
        self.lines.push(cells);
    }

    /// Columns of the terminal that the widest line takes.
    pub(super) fn width(&self, page: &Page) -> usize {
        let widths = self.widths(page);
        widths.iter().sum::<usize>() + GUTTER.len() * widths.len().saturating_sub(1)
    }

    /// Puts the table on the page.
    pub(super) fn write(&self, page: &mut Page) {
        let widths = self.widths(page);
        let heads = self.heads.iter();
        let heads: Vec<Cell> = heads
            .map(|(head, _)| Cell::plain(*head).in_tone(Tone::Faint))
            .collect();
        for cells in std::iter::once(&heads).chain(&self.lines) {
            self.put(page, cells, &widths);
        }
    }

    fn widths(&self, page: &Page) -> Vec<usize> {
        let charset = page.charset();
        let width = |text: &str| display_width(&escape(text, charset));
        let columns = self.heads.iter().enumerate();
        columns
            .map(|(column, (head, _))| {
                let cells = self.lines.iter().filter_map(|line| line.get(column));
                let widest = cells.map(|cell| width(&cell.text)).max();
                widest.unwrap_or(0).max(width(head))
            })
            .collect()
    }

    fn put(&self, page: &mut Page, cells: &[Cell], widths: &[usize]) {
        let Some((last, first)) = cells.split_last() else {
            return;
        };
        let charset = page.charset();
        let columns = first.iter().zip(widths).zip(&self.heads);
        // Padding is not painted, and so is a piece of its own.
        let pieces: Vec<(String, Option<Tone>)> = columns
            .flat_map(|((cell, &width), (_, side))| {
                let text = escape(&cell.text, charset).into_owned();
                let padding = " ".repeat(width.saturating_sub(display_width(&text)));
                let (before, after) = match side {
                    Side::Left => (String::new(), padding),
                    Side::Right => (padding, String::new()),
                };
                [(before, None), (text, cell.tone), (after + GUTTER, None)]
            })
            .chain([(last.text.clone(), last.tone)])
            .collect();
        let pieces: Vec<(&str, Option<Tone>)> = pieces
            .iter()
            .map(|(text, tone)| (text.as_str(), *tone))
            .collect();
        let lead = page.lead(&pieces);
        page.unbroken(&lead, "");
    }
}
