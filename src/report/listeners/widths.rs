//! How wide the columns of a table are.

use super::cell::Cell;
use super::grid::{GUTTER, Head, Long};
use crate::report::escape::Charset;
use textwrap::core::display_width;

/// What is longer has a line to itself where there is little room. Every IPv4 address is shorter.
const SHORT: usize = "255.255.255.255:65535".len();

/// The widths of the columns of one table.
#[derive(Debug)]
pub(super) struct Widths(Vec<Column>);

#[derive(Debug)]
struct Column {
    long: Long,
    /// The widths of the head and of each cell.
    cells: Vec<usize>,
    /// Narrower it would be hard to read.
    least: usize,
    /// Narrower it cannot be.
    title: usize,
}

impl Widths {
    /// Those of these columns.
    pub(super) fn of<'a, C: Iterator<Item = &'a Cell>>(
        columns: impl Iterator<Item = (Head, C)>,
        charset: Charset,
    ) -> Self {
        Widths(
            columns
                .map(|(head, cells)| Column::of(head, &cells.collect::<Vec<_>>(), charset))
                .collect(),
        )
    }

    /// Of the table with every row on one line.
    pub(super) fn natural(&self) -> usize {
        self.sum(Column::natural)
    }

    /// Of the table with as many lines to a row as it takes.
    pub(super) fn least(&self) -> usize {
        self.sum(|column| column.least)
    }

    /// Of each column, where the table is to be on a screen that is so wide. What is wrapped
    /// comes first, because it is in every row; few addresses are long.
    pub(super) fn within(&self, screen: Option<usize>) -> Vec<usize> {
        let Some(screen) = screen.filter(|screen| self.natural() > *screen) else {
            return self.0.iter().map(Column::natural).collect();
        };
        let mut spare = screen.saturating_sub(self.least());
        let lack = self.least().saturating_sub(screen);
        let least = self.0.iter().map(|column| column.narrowed_by(lack));
        let mut widths: Vec<usize> = least.collect();
        for long in [Long::Wraps, Long::Alone] {
            for (column, width) in self.0.iter().zip(&mut widths).rev() {
                if column.long == long {
                    let wider = column.widest_within(*width + spare).max(*width);
                    spare -= wider - *width;
                    *width = wider;
                }
            }
        }
        widths
    }

    fn sum(&self, of: impl Fn(&Column) -> usize) -> usize {
        let gutters = GUTTER.len() * self.0.len().saturating_sub(1);
        self.0.iter().map(of).sum::<usize>() + gutters
    }
}

impl Column {
    fn of(head: Head, cells: &[&Cell], charset: Charset) -> Self {
        let title = display_width(head.title);
        let each = cells.iter().map(|cell| cell.width(charset));
        let each: Vec<usize> = each.chain([title]).collect();
        let natural = each.iter().copied().max().unwrap_or(0);
        let words = cells.iter().map(|cell| cell.longest_word(charset));
        let least = match head.long {
            Long::Never => natural,
            Long::Wraps => words.max().unwrap_or(0).max(title),
            Long::Alone => widest(&each, SHORT).max(title),
        };
        Column {
            long: head.long,
            cells: each,
            least,
            title,
        }
    }

    fn narrowed_by(&self, lack: usize) -> usize {
        match self.long {
            Long::Alone => self.least.saturating_sub(lack).max(self.title),
            Long::Never | Long::Wraps => self.least,
        }
    }

    fn natural(&self) -> usize {
        self.widest_within(usize::MAX)
    }

    /// The widest cell for which there is room: more room would be for nothing.
    fn widest_within(&self, room: usize) -> usize {
        widest(&self.cells, room)
    }
}

fn widest(cells: &[usize], room: usize) -> usize {
    let fitting = cells.iter().copied().filter(|width| *width <= room);
    fitting.max().unwrap_or(0)
}
