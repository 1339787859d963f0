//! How wide the columns of a table are.

use super::cell::{Cell, longest_word};
use super::grid::{GUTTER, Long};
use std::iter::StepBy;
use std::slice::Iter;

/// What is longer has a line to itself where there is little room. Every IPv4 address is shorter.
const SHORT: usize = "255.255.255.255:65535".len();

/// A column, its title first.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub(super) long: Long,
    /// That of all cells of its table.
    pub(super) text: &'a str,
    pub(super) cells: StepBy<Iter<'a, Cell>>,
}

/// Columns of the table with every row on one line.
pub(super) fn natural(columns: &[Column<'_>]) -> usize {
    sum(columns, Column::natural)
}

/// Columns of the table with as many lines to a row as it takes.
pub(super) fn least(columns: &[Column<'_>]) -> usize {
    sum(columns, Column::least)
}

fn sum<'a>(columns: &[Column<'a>], of: fn(&Column<'a>) -> usize) -> usize {
    let gutters = GUTTER * columns.len().saturating_sub(1);
    columns.iter().map(of).sum::<usize>() + gutters
}

/// Of each column, where the table is to be on a screen that is so wide. What is wrapped comes
/// first, because it is in every row; few addresses are long.
pub(super) fn within(columns: &[Column<'_>], screen: Option<usize>) -> Vec<usize> {
    let Some(screen) = screen.filter(|screen| natural(columns) > *screen) else {
        return columns.iter().map(Column::natural).collect();
    };
    let all = least(columns);
    let mut spare = screen.saturating_sub(all);
    let lack = all.saturating_sub(screen);
    let least = columns.iter().map(|column| column.narrowed_by(lack));
    let mut widths: Vec<usize> = least.collect();
    for long in [Long::Wraps, Long::Alone] {
        for (column, width) in columns.iter().zip(&mut widths).rev() {
            if column.long == long {
                let wider = column.widest_within(*width + spare).max(*width);
                spare -= wider - *width;
                *width = wider;
            }
        }
    }
    widths
}

impl Column<'_> {
    fn natural(&self) -> usize {
        self.widest_within(usize::MAX)
    }

    /// Narrower it would be hard to read.
    fn least(&self) -> usize {
        match self.long {
            Long::Never => self.natural(),
            Long::Wraps => {
                let texts = self.cells.clone().map(|cell| cell.text(self.text));
                texts.map(longest_word).max().unwrap_or(0)
            }
            Long::Alone => self.widest_within(SHORT).max(self.title()),
        }
    }

    fn narrowed_by(&self, lack: usize) -> usize {
        match self.long {
            Long::Alone => self.least().saturating_sub(lack).max(self.title()),
            Long::Never | Long::Wraps => self.least(),
        }
    }

    /// Narrower it cannot be.
    fn title(&self) -> usize {
        self.cells.clone().next().map_or(0, Cell::width)
    }

    /// The widest cell for which there is room: more room would be for nothing.
    fn widest_within(&self, room: usize) -> usize {
        let widths = self.cells.clone().map(Cell::width);
        widths.filter(|width| *width <= room).max().unwrap_or(0)
    }
}
