//! Columns under their heads. On a screen that is too narrow a row takes more lines; in a pipe it
//! is one, however long, for whoever searches it. Nothing is ever cut.

use super::cell::Cell;
use super::widths::Widths;
use crate::report::page::Page;
use crate::report::style::Tone;

/// Between two columns.
pub(super) const GUTTER: &str = "  ";
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

/// A row: a cell for each column, and what stands below them.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) cells: Vec<Cell>,
    pub(super) below: Vec<String>,
}

/// A table under way.
#[derive(Debug)]
pub(super) struct Grid {
    heads: Vec<Head>,
    lines: Vec<Line>,
}

impl Grid {
    /// A table with these columns and rows.
    pub(super) fn new(heads: Vec<Head>, lines: Vec<Line>) -> Self {
        Grid { heads, lines }
    }

    /// Whether every row fits on one line of a screen with so many columns.
    pub(super) fn fits(&self, page: &Page, screen: usize) -> bool {
        self.widths(page).natural() <= screen
    }

    /// Whether every number fits, where names and addresses may take more lines.
    pub(super) fn can_be_squeezed(&self, page: &Page, screen: usize) -> bool {
        self.widths(page).least() <= screen
    }

    /// Puts the table on the page. `screen`: its columns, where it goes to one.
    pub(super) fn write(&self, page: &mut Page, screen: Option<usize>) {
        let widths = self.widths(page).within(screen);
        let titles = self.heads.iter().map(|head| Cell::plain(head.title));
        let titles: Vec<Cell> = titles.map(|title| title.in_tone(Tone::Faint)).collect();
        self.lay(page, &titles, &widths);
        for line in &self.lines {
            self.put(page, &line.cells, &widths);
            if !line.below.is_empty() {
                let indent = page.lead(&[(INDENT, None)]);
                page.row(&indent, INDENT, &line.below);
            }
        }
    }

    fn widths(&self, page: &Page) -> Widths {
        let cells = |column: usize| {
            let lines = self.lines.iter();
            lines.filter_map(move |line| line.cells.get(column))
        };
        let columns = self.heads.iter().enumerate();
        Widths::of(columns.map(|(at, head)| (*head, cells(at))), page.charset())
    }

    /// A row. What has a line to itself stands above what follows it, and below what it ends.
    fn put(&self, page: &mut Page, cells: &[Cell], widths: &[usize]) {
        let charset = page.charset();
        let is_alone =
            |at: usize| self.heads[at].long == Long::Alone && cells[at].width(charset) > widths[at];
        let Some(at) = (0..cells.len()).find(|at| is_alone(*at)) else {
            return self.lay(page, cells, widths);
        };
        let blank = Cell::default();
        let only = |wanted: &dyn Fn(usize) -> bool| -> Vec<Cell> {
            let cells = cells.iter().enumerate();
            cells
                .map(|(at, cell)| if wanted(at) { cell } else { &blank }.clone())
                .collect()
        };
        if at + 1 < cells.len() {
            self.lay(page, &only(&|it| it <= at), widths);
            return self.lay(page, &only(&|it| it > at), widths);
        }
        self.lay(page, &only(&|it| it < at), widths);
        let lead = page.lead(&[(INDENT, None), cells[at].piece()]);
        page.unbroken(&lead, "");
    }

    fn lay(&self, page: &mut Page, cells: &[Cell], widths: &[usize]) {
        let charset = page.charset();
        let columns = self.heads.iter().zip(cells).zip(widths);
        let columns: Vec<(Side, Vec<Cell>, usize)> = columns
            .map(|((head, cell), &width)| match head.long {
                Long::Wraps => (head.side, cell.wrapped(width, charset), width),
                Long::Never | Long::Alone => (head.side, vec![cell.clone()], width),
            })
            .collect();
        let height = columns.iter().map(|(_, lines, _)| lines.len()).max();
        for line in 0..height.unwrap_or(0) {
            let columns = columns.iter();
            let padded = columns.map(|(side, lines, width)| {
                let cell = lines.get(line).cloned().unwrap_or_default();
                cell.padded(*side, *width, charset)
            });
            let padded: Vec<[Cell; 3]> = padded.collect();
            let pieces: Vec<_> = padded.iter().flatten().map(Cell::piece).collect();
            let lead = page.lead(&pieces);
            page.unbroken(&lead, "");
        }
    }
}
