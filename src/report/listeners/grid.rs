//! Columns under their heads. On a screen that is too narrow a row takes more lines; in a pipe it
//! is one, however long, for whoever searches it. Nothing is ever cut.

use super::cell::{self, Cell};
use super::widths::{self, Column};
use crate::report::escape::{Charset, escape};
use crate::report::page::{Page, Piece};
use crate::report::style::Tone;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::ops::Range;

/// Between two columns.
pub(super) const GUTTER: usize = 2;
/// Before what has a line of its own.
const INDENT: &str = "    ";

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

impl Side {
    /// A cell between what fills its column.
    fn piece(self, text: Cow<'_, str>, tone: Option<Tone>, padding: usize) -> Piece<'_> {
        let (before, after) = match self {
            Side::Left => (0, padding),
            Side::Right => (padding, 0),
        };
        Piece {
            before,
            text,
            tone,
            after: after + GUTTER,
        }
    }
}

/// What becomes of a cell for which its column has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Long {
    /// There is always room.
    Never,
    /// It goes on in its column, on the next line.
    Wraps,
    /// It has a line to itself.
    Alone,
}

/// The head of a column, and how the column takes it when there is no room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) title: &'static str,
    pub(super) side: Side,
    pub(super) long: Long,
}

/// A table under way: the cells of one row after the other, the titles first. A machine can have
/// ten thousand listeners, so that all text is in one piece.
#[derive(Debug)]
pub(super) struct Grid {
    heads: Vec<Head>,
    charset: Charset,
    text: String,
    cells: Vec<Cell>,
    /// What stands below rows, by their number.
    below: BTreeMap<usize, Vec<String>>,
}

impl Grid {
    /// A table with these columns, and room for so many rows.
    pub(super) fn new(heads: Vec<Head>, rows: usize, charset: Charset) -> Self {
        let mut grid = Grid {
            charset,
            text: String::new(),
            cells: Vec::with_capacity((rows + 1) * heads.len()),
            below: BTreeMap::new(),
            heads: Vec::new(),
        };
        for head in &heads {
            grid.toned(head.title, Some(Tone::Faint));
        }
        Grid { heads, ..grid }
    }

    /// The next cell of the row: a number.
    pub(super) fn number(&mut self, number: impl itoa::Integer) {
        self.measured(number, "", None);
    }

    /// The same with its unit: ASCII, which needs no escape and no detour through `Display`.
    pub(super) fn measured(
        &mut self,
        number: impl itoa::Integer,
        unit: &'static str,
        tone: Option<Tone>,
    ) {
        let start = self.text.len();
        self.text += itoa::Buffer::new().format(number);
        self.text += unit;
        self.cells.push(Cell::at_end_of(&self.text, start, tone));
    }

    /// The same with text as the machine gave it.
    pub(super) fn plain(&mut self, text: impl Display) {
        self.toned(text, None);
    }

    /// The same in this tone.
    pub(super) fn toned(&mut self, text: impl Display, tone: Option<Tone>) {
        let start = self.text.len();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{text}");
        if let Cow::Owned(safe) = escape(&self.text[start..], self.charset) {
            self.text.replace_range(start.., &safe);
        }
        self.cells.push(Cell::at_end_of(&self.text, start, tone));
    }

    /// What is below the row that is complete now.
    pub(super) fn below(&mut self, below: Vec<String>) {
        if !below.is_empty() {
            self.below.insert(self.rows().len() - 1, below);
        }
    }

    /// Whether every row fits on one line of a screen with so many columns.
    pub(super) fn fits(&self, screen: usize) -> bool {
        widths::natural(&self.columns()) <= screen
    }

    /// Whether every number fits, where names and addresses may take more lines.
    pub(super) fn can_be_squeezed(&self, screen: usize) -> bool {
        widths::least(&self.columns()) <= screen
    }

    /// Puts the table on the page. `screen`: its columns, where it goes to one.
    pub(super) fn write(&self, page: &mut Page, screen: Option<usize>) {
        let widths = widths::within(&self.columns(), screen);
        for (number, cells) in self.rows().enumerate() {
            self.put(page, cells, &widths);
            if let Some(below) = self.below.get(&number) {
                let indent = page.lead(&[(INDENT, None)]);
                page.row(&indent, INDENT, below);
            }
        }
    }

    fn rows(&self) -> std::slice::ChunksExact<'_, Cell> {
        self.cells.chunks_exact(self.heads.len())
    }

    fn columns(&self) -> Vec<Column<'_>> {
        let heads = self.heads.iter().enumerate();
        let column = |(at, head): (usize, &Head)| Column {
            long: head.long,
            text: &self.text,
            cells: self.cells[at..].iter().step_by(self.heads.len()),
        };
        heads.map(column).collect()
    }

    /// A row: mostly one line.
    fn put(&self, page: &mut Page, cells: &[Cell], widths: &[usize]) {
        let columns = || self.heads.iter().zip(cells).zip(widths);
        if columns().any(|((_, cell), width)| cell.width() > *width) {
            return self.put_long(page, cells, widths);
        }
        page.line(columns().map(|((head, cell), width)| {
            let text = Cow::Borrowed(cell.text(&self.text));
            head.side.piece(text, cell.tone, width - cell.width())
        }));
    }

    /// A row with more lines. What has one to itself stands above what follows it, and below what
    /// it ends.
    fn put_long(&self, page: &mut Page, cells: &[Cell], widths: &[usize]) {
        let all = 0..cells.len();
        let is_alone =
            |at: &usize| self.heads[*at].long == Long::Alone && cells[*at].width() > widths[*at];
        match all.clone().find(is_alone) {
            None => self.lay(page, cells, all, widths),
            Some(at) if at + 1 < cells.len() => {
                self.lay(page, cells, 0..at + 1, widths);
                self.lay(page, cells, at + 1..cells.len(), widths);
            }
            Some(last) => {
                self.lay(page, cells, 0..last, widths);
                let last = &cells[last];
                let lead = page.lead(&[(INDENT, None), (last.text(&self.text), last.tone)]);
                page.unbroken(&lead, "");
            }
        }
    }

    /// These cells of a row, with nothing in the place of the others.
    fn lay(&self, page: &mut Page, cells: &[Cell], laid: Range<usize>, widths: &[usize]) {
        let part = |at: usize, line| match laid.contains(&at) {
            true => self.part(at, &cells[at], widths[at], line),
            false => None,
        };
        let is_there = |line: &usize| laid.clone().any(|at| part(at, *line).is_some());
        for line in (0..).take_while(is_there) {
            page.line((0..cells.len()).map(|at| {
                let text = part(at, line).unwrap_or_default();
                let padding = widths[at].saturating_sub(cell::width(&text));
                let side = self.heads[at].side;
                side.piece(text, cells[at].tone, padding)
            }));
        }
    }

    /// What stands on this line of those that a cell takes in its column.
    fn part(&self, at: usize, cell: &Cell, width: usize, line: usize) -> Option<Cow<'_, str>> {
        let text = cell.text(&self.text);
        if self.heads[at].long == Long::Wraps && cell.width() > width {
            return cell::wrapped(text, width).into_iter().nth(line);
        }
        (line == 0).then_some(Cow::Borrowed(text))
    }
}
