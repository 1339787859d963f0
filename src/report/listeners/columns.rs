//! The columns of the table of listeners. What is the same in all rows is told above it.

use super::cell::Cell;
use super::grid::{Grid, Head, Line, Long, Side};
use super::{cells, words};
use crate::report::escape::Charset;
use crate::report::page::Page;
use sockdoctor_checks::listeners::{Kind, Member, Row};

/// Which columns there are, in their order, and what stands below each row instead.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    beside: Vec<Column>,
    below: Vec<Column>,
    bars: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Netns,
    Protocol,
    Address,
    Queue,
    Backlog,
    Somaxconn,
    Fill,
    Drops,
    SynRecv,
    Source,
    Process,
}

impl Columns {
    /// Those that it takes for these rows. A path can be long, and comes last.
    pub(super) fn of(rows: &[Row], kind: Kind) -> Self {
        use Column::*;
        let all: &[Column] = match kind {
            Kind::Tcp => &[
                Netns, Protocol, Address, Queue, Backlog, Somaxconn, Fill, Drops, SynRecv, Source,
                Process,
            ],
            Kind::Unix => &[
                Netns, Queue, Backlog, Somaxconn, Fill, Source, Process, Address,
            ],
        };
        let varies = |column: &Column| match column {
            Netns => differ(rows.iter().map(|row| row.netns.id)),
            Somaxconn => differ(rows.iter().map(|row| &row.netns.somaxconn)),
            Source => {
                let members = rows.iter().flat_map(|row| &row.members);
                differ(members.map(|member| member.source))
            }
            _ => true,
        };
        Columns {
            beside: all.iter().copied().filter(varies).collect(),
            ..Columns::default()
        }
    }

    /// What all rows have in common, as the first one has it.
    pub(super) fn same(&self, row: &Row, ss: Option<&'static str>) -> Vec<String> {
        let is_told = |column| !self.beside.contains(&column);
        let source = row.members.first().map(|member| member.source);
        [
            is_told(Column::Netns).then(|| format!("network namespace: {}", row.netns.label)),
            is_told(Column::Somaxconn).then(|| words::somaxconn(&row.netns.somaxconn)),
            source
                .filter(|_| is_told(Column::Source))
                .map(words::source),
            ss.map(str::to_owned),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The table of these rows as there is room for it: on a screen, with bars, then without;
    /// then without the protocol, which the brackets of an IPv6 address tell as well; then with
    /// more lines to a row. A pipe has room for everything.
    pub(super) fn grid(&self, rows: &[Row], page: &Page, screen: Option<usize>) -> Grid {
        let charset = page.charset();
        let Some(screen) = screen else {
            return self.table(rows, charset);
        };
        let without = |columns: &[Column]| self.without(columns);
        let brief = without(&[Column::Protocol]);
        let bars = Columns {
            bars: true,
            ..self.clone()
        };
        let on_one_line = [&bars, self, &brief].map(|columns| columns.table(rows, charset));
        if let Some(grid) = on_one_line.into_iter().find(|it| it.fits(page, screen)) {
            return grid;
        }
        let numbers = brief.below(&[Column::Source, Column::Somaxconn]);
        let names = numbers.below(&[Column::Process, Column::Netns]);
        [&brief, &numbers]
            .map(|columns| columns.table(rows, charset))
            .into_iter()
            .find(|it| it.can_be_squeezed(page, screen))
            .unwrap_or_else(|| names.table(rows, charset))
    }

    fn without(&self, columns: &[Column]) -> Self {
        let mut others = self.clone();
        others.beside.retain(|column| !columns.contains(column));
        others
    }

    /// With these columns below the rows.
    fn below(&self, columns: &[Column]) -> Self {
        let moved = columns.iter().filter(|column| self.beside.contains(column));
        let mut others = self.without(columns);
        others.below.splice(0..0, moved.copied());
        others
    }

    fn table(&self, rows: &[Row], charset: Charset) -> Grid {
        let heads = self.beside.iter().copied().map(Column::head).collect();
        let mut lines = Vec::new();
        for row in rows {
            lines.push(self.row(row, charset));
            let members = row.members.iter().filter(|_| row.is_group());
            for (number, member) in members.enumerate() {
                let branch = branch(charset, number + 1 == row.members.len());
                let mut line = self.member(member, branch, charset);
                if self.below.contains(&Column::Source) && has_sources(row) {
                    line.below.push(words::source(member.source));
                }
                lines.push(line);
            }
        }
        Grid::new(heads, lines)
    }

    fn row(&self, row: &Row, charset: Charset) -> Line {
        let bars = self.bars.then_some(charset);
        let beside = self.beside.iter();
        let below = self.below.iter();
        Line {
            cells: beside.map(|column| column.of_row(row, bars)).collect(),
            below: below.filter_map(|column| column.below_row(row)).collect(),
        }
    }

    /// A line of an SO_REUSEPORT group. What is that of the whole group stands above it.
    fn member(&self, member: &Member, branch: &str, charset: Charset) -> Line {
        let bars = self.bars.then_some(charset);
        // With the process below there is room behind the branch.
        let process = self.below.contains(&Column::Process);
        let address = || match process {
            true => cells::owner(&member.owner).behind(branch),
            false => Cell::plain(branch),
        };
        let cell = |column: &Column| match column {
            Column::Address => address(),
            column => column.of_member(member, bars),
        };
        Line {
            cells: self.beside.iter().map(cell).collect(),
            below: Vec::new(),
        }
    }
}

impl Column {
    fn head(self) -> Head {
        let (title, side, long) = match self {
            Column::Netns => ("netns", Side::Left, Long::Wraps),
            Column::Protocol => ("proto", Side::Left, Long::Never),
            Column::Address => ("address", Side::Left, Long::Alone),
            Column::Queue => ("queue", Side::Right, Long::Never),
            Column::Backlog => ("backlog", Side::Right, Long::Never),
            Column::Somaxconn => ("somaxconn", Side::Right, Long::Never),
            Column::Fill => ("fill", Side::Right, Long::Never),
            Column::Drops => ("drops", Side::Right, Long::Never),
            Column::SynRecv => ("syn", Side::Right, Long::Never),
            Column::Source => ("source", Side::Left, Long::Never),
            Column::Process => ("process", Side::Left, Long::Wraps),
        };
        Head { title, side, long }
    }

    fn of_row(self, row: &Row, bars: Option<Charset>) -> Cell {
        match (self, &row.members[..]) {
            (Column::Netns, _) => Cell::plain(&row.netns.label),
            (Column::Protocol, _) => Cell::plain(row.protocol.name()),
            (Column::Address, _) => Cell::plain(row.address.to_string()),
            (Column::Queue, _) => cells::number(&row.accept_queue()),
            (Column::Backlog, _) => cells::number(&row.backlog()),
            (Column::Somaxconn, _) => cells::number(&row.netns.somaxconn),
            (Column::Fill, _) => cells::fill(row.fill(), row.percent(), bars),
            (Column::Drops, _) => row
                .drops()
                .map_or_else(Cell::default, |it| cells::drops(&it)),
            (Column::SynRecv, _) => row
                .syn_recv
                .as_ref()
                .map_or_else(Cell::default, cells::number),
            (Column::Source, [only]) => Cell::plain(only.source.name()),
            (Column::Process, [only]) => cells::owner(&only.owner),
            (Column::Process, many) => Cell::plain(words::group(many.len())),
            (Column::Source, _) => Cell::default(),
        }
    }

    /// The same in words, below the row.
    fn below_row(self, row: &Row) -> Option<String> {
        match (self, &row.members[..]) {
            (Column::Netns, _) => Some(format!("netns {}", row.netns.label)),
            (Column::Somaxconn, _) => Some(words::somaxconn(&row.netns.somaxconn)),
            (Column::Source, [first, ..]) if !has_sources(row) => Some(words::source(first.source)),
            (Column::Process, [only]) => Some(words::process(&only.owner)),
            (Column::Process, many) => Some(words::group(many.len())),
            _ => None,
        }
    }

    fn of_member(self, member: &Member, bars: Option<Charset>) -> Cell {
        match self {
            Column::Queue => cells::number(&member.accept_queue),
            Column::Backlog => cells::number(&member.backlog),
            Column::Fill => cells::fill(member.fill(), member.percent(), bars),
            Column::Drops => {
                let drops = member.drops.clone().map(|drops| drops.map(u64::from));
                drops.map_or_else(Cell::default, |drops| cells::drops(&drops))
            }
            Column::Source => Cell::plain(member.source.name()),
            Column::Process => cells::owner(&member.owner),
            Column::Netns
            | Column::Protocol
            | Column::Address
            | Column::Somaxconn
            | Column::SynRecv => Cell::default(),
        }
    }
}

/// Whether not all values are the same.
pub(super) fn differ<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    first.is_some_and(|first| values.any(|other| other != first))
}

/// Whether its members have their numbers from here and from there.
fn has_sources(row: &Row) -> bool {
    differ(row.members.iter().map(|member| member.source))
}

fn branch(charset: Charset, last: bool) -> &'static str {
    match (charset, last) {
        (Charset::Unicode, false) => " ├─",
        (Charset::Unicode, true) => " └─",
        (Charset::Ascii, false) => " |-",
        (Charset::Ascii, true) => " `-",
    }
}
