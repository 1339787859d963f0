//! The table of listeners: which columns there is room for, and what stands in them.

use super::spark;
use crate::owners::Holder;
use crate::report::escape::{Charset, escape};
use crate::report::holder_label;
use crate::report::page::Look;
use crate::report::style::Tone;
use ratatui::layout::Constraint;
use ratatui::widgets::{Cell, Row as Line, Table};
use sockdoctor_checks::watch::{Fill, LENGTH, Protocol, Row};
use textwrap::core::display_width;

/// Between two columns.
const GAP: usize = 2;
const BAR: usize = 10;
/// Columns of the drops.
const DROPS: usize = "drops/s".len();
/// Columns of an address that is shortened: fewer say nothing.
const SHORT: usize = 10;
/// Columns of a history: fewer say nothing.
const FEWEST: usize = 10;

/// A column, in the order of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Namespace,
    Address,
    Process,
    Queue,
    Bar,
    Drops,
    QueueHistory,
    DropHistory,
}

/// What is left out first when there is no room is last here.
const BY_WORTH: [Column; 8] = [
    Column::Queue,
    Column::Address,
    Column::Drops,
    Column::Namespace,
    Column::Process,
    Column::Bar,
    Column::QueueHistory,
    Column::DropHistory,
];

/// A listener and who holds it.
pub(super) type Owned<'a> = (Row<'a>, Holder<'a>);

/// The table of `rows`, at most so many columns wide.
pub(super) fn table(rows: &[Owned<'_>], look: Look, width: usize) -> Table<'static> {
    let columns = chosen(rows, look, width);
    let titles = columns.iter().map(|(column, _)| Cell::from(column.title()));
    let lines = rows.iter().map(|row| {
        let cells = columns.iter().map(|&(column, width)| {
            let text = column.text(row, width, look.charset);
            let cell = Cell::from(fit(&text, width, column.keeps_its_end(), look.charset));
            match column.tone(row) {
                Some(tone) => cell.style(look.style.cell(tone)),
                None => cell,
            }
        });
        Line::new(cells)
    });
    let widths = columns.iter().map(|&(_, width)| length(width));
    Table::new(lines.collect::<Vec<_>>(), widths.collect::<Vec<_>>())
        .header(Line::new(titles).style(look.style.cell(Tone::Faint)))
        .column_spacing(length_of(GAP))
}

fn chosen(rows: &[Owned<'_>], look: Look, width: usize) -> Vec<(Column, usize)> {
    let mut left = width;
    let mut columns: Vec<(Column, usize)> = Vec::new();
    for column in BY_WORTH {
        let gap = if columns.is_empty() { 0 } else { GAP };
        let room = left.saturating_sub(gap);
        let natural = column.width(rows, room, look.charset);
        let wanted = match column {
            Column::Address => natural.min(room.saturating_sub(GAP + DROPS).max(SHORT)),
            _ => natural,
        };
        // The first stays however narrow the screen is.
        if wanted > room && !columns.is_empty() {
            continue;
        }
        left = room.saturating_sub(wanted);
        columns.push((column, wanted.min(width)));
    }
    columns.sort();
    columns
}

impl Column {
    const fn title(self) -> &'static str {
        match self {
            Column::Namespace => "namespace",
            Column::Address => "address",
            Column::Process => "process",
            Column::Queue => "queue/backlog",
            Column::Bar => "full",
            Column::Drops => "drops/s",
            Column::QueueHistory => "queue so far",
            Column::DropHistory => "drops so far",
        }
    }

    /// What the widest of `rows` needs, within reason.
    fn width(self, rows: &[Owned<'_>], room: usize, charset: Charset) -> usize {
        let most = match self {
            Column::Namespace => 20,
            Column::Address => 32,
            Column::Process => 24,
            Column::Queue => 21,
            Column::Drops => 10,
            Column::Bar => return BAR,
            Column::QueueHistory | Column::DropHistory => return history(room),
        };
        let texts = rows.iter().map(|row| self.text(row, most, charset));
        let widest = texts.map(|text| display_width(&text)).max().unwrap_or(0);
        widest.clamp(self.title().len(), most)
    }

    fn text(self, (row, owner): &Owned<'_>, width: usize, charset: Charset) -> String {
        let number = |number: Option<u32>| number.map_or("?".to_owned(), |n| n.to_string());
        let text = match self {
            Column::Namespace => row.who.namespace.clone(),
            Column::Address => row.who.address.clone(),
            Column::Process => holder_label(*owner),
            Column::Queue => format!("{}/{}", number(row.queue), number(row.backlog)),
            Column::Bar => return spark::bar(row, width, charset),
            Column::Drops => rate(row),
            Column::QueueHistory => return queues(row, width, charset),
            Column::DropHistory => return drops(row, width, charset),
        };
        escape(&text, charset).into_owned()
    }

    fn tone(self, (row, _): &Owned<'_>) -> Option<Tone> {
        let dropping = row.dropped.is_some_and(|dropped| dropped.by > 0);
        match (self, row.fill) {
            (Column::Queue | Column::Bar, Fill::Full) => Some(Tone::Bad),
            (Column::Queue | Column::Bar, Fill::Nearly) => Some(Tone::Warn),
            (Column::Drops, _) if dropping => Some(Tone::Bad),
            _ => None,
        }
    }

    /// The port, or the file's name, tells more than the beginning.
    fn keeps_its_end(self) -> bool {
        self == Column::Address
    }
}

fn history(room: usize) -> usize {
    room.clamp(FEWEST.max("queue so far".len()), LENGTH / 2)
}

/// The kernel counts no drops of unix listeners, and what has a counter may not have been read
/// twice.
fn rate(row: &Row<'_>) -> String {
    match row.drops_per_second() {
        None if row.who.protocol == Protocol::Unix => "-".to_owned(),
        Some(rate) if rate > 0.0 => format!("{rate:.1}"),
        Some(_) => "0".to_owned(),
        None => "?".to_owned(),
    }
}

/// Against the room that the queue has; where that is not known, against the longest.
fn queues(row: &Row<'_>, width: usize, charset: Charset) -> String {
    let queues = || {
        row.history
            .last(width)
            .map(|point| point.queue.map(f64::from))
    };
    let room = row.backlog.map(|backlog| f64::from(backlog) + 1.0);
    let most = room.unwrap_or_else(|| queues().flatten().fold(0.0, f64::max));
    spark::columns(queues(), most, charset)
}

/// Against the most that it dropped.
fn drops(row: &Row<'_>, width: usize, charset: Charset) -> String {
    let drops = || row.history.last(width).map(|point| point.drops);
    spark::columns(drops(), drops().flatten().fold(0.0, f64::max), charset)
}

/// `text`, cut to `width` columns with a sign that it was cut.
pub(super) fn fit(text: &str, width: usize, keep_end: bool, charset: Charset) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let sign = match charset {
        Charset::Unicode => "…",
        Charset::Ascii => "~",
    };
    let room = width.saturating_sub(1);
    if keep_end {
        let backwards: String = text.chars().rev().collect();
        let kept: String = beginning(&backwards, room).chars().rev().collect();
        return format!("{sign}{kept}");
    }
    format!("{}{sign}", beginning(text, room))
}

/// As much of `text` as fits into so many columns.
fn beginning(text: &str, room: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fitting = ends.take_while(|&end| display_width(&text[..end]) <= room);
    &text[..fitting.last().unwrap_or(0)]
}

fn length(width: usize) -> Constraint {
    Constraint::Length(length_of(width))
}

fn length_of(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Charset::{Ascii, Unicode};

    #[test]
    fn what_is_cut_says_so_and_keeps_the_end_that_matters() {
        assert_eq!(fit("short", 5, false, Unicode), "short");
        assert_eq!(fit("nginx-worker (812)", 8, false, Unicode), "nginx-w…");
        assert_eq!(fit("/run/app/x.sock", 8, true, Ascii), "~/x.sock");
    }

    #[test]
    fn wide_letters_count_as_two_columns() {
        assert_eq!(fit("日本語", 5, false, Unicode), "日本…");
    }
}
