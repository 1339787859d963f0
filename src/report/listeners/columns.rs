//! The columns of the table of listeners. What is the same in all rows is told above it.

use super::grid::{Grid, Head, Long, Side};
use super::{Listing, cells, words};
use crate::report::escape::Charset;
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
    /// Those that it takes for this table. A path can be long, and comes last.
    pub(super) fn of(listing: &Listing<'_>) -> Self {
        use Column::*;
        let rows = &listing.table.rows;
        let all: &[Column] = match listing.request.kind {
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
            Process => listing.table.has_processes,
            _ => true,
        };
        Columns {
            beside: all.iter().copied().filter(varies).collect(),
            ..Columns::default()
        }
    }

    /// What all rows have in common, as the first one has it.
    pub(super) fn same(&self, row: &Row<'_>, ss: Option<&'static str>) -> Vec<String> {
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
    pub(super) fn grid(&self, rows: &[Row<'_>], charset: Charset, screen: Option<usize>) -> Grid {
        let Some(screen) = screen else {
            return self.table(rows, charset);
        };
        let without = |columns: &[Column]| self.without(columns);
        let brief = without(&[Column::Protocol]);
        let bars = Columns {
            bars: true,
            ..self.clone()
        };
        let table = |columns: &Columns| columns.table(rows, charset);
        let mut on_one_line = [&bars, self, &brief].into_iter().map(table);
        if let Some(grid) = on_one_line.find(|it| it.fits(screen)) {
            return grid;
        }
        let numbers = brief.below(&[Column::Source, Column::Somaxconn]);
        let names = numbers.below(&[Column::Process, Column::Netns]);
        let mut squeezed = [&brief, &numbers].into_iter().map(table);
        let squeezed = squeezed.find(|it| it.can_be_squeezed(screen));
        squeezed.unwrap_or_else(|| table(&names))
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

    fn table(&self, rows: &[Row<'_>], charset: Charset) -> Grid {
        let heads = self.beside.iter().copied().map(Column::head).collect();
        let members = rows.iter().filter(|row| row.is_group());
        let members: usize = members.map(|row| row.members.len()).sum();
        let mut grid = Grid::new(heads, rows.len() + members, charset);
        for row in rows {
            self.row(&mut grid, row, charset);
            if row.is_group() {
                self.members(&mut grid, row, charset);
            }
        }
        grid
    }

    fn row(&self, grid: &mut Grid, row: &Row<'_>, charset: Charset) {
        let bars = self.bars.then_some(charset);
        for column in &self.beside {
            column.of_row(grid, row, bars);
        }
        let below = self.below.iter();
        grid.below(below.filter_map(|column| column.below_row(row)).collect());
    }

    /// The lines of an SO_REUSEPORT group. What is that of the whole group stands above them.
    fn members(&self, grid: &mut Grid, row: &Row<'_>, charset: Charset) {
        let tells_source = self.below.contains(&Column::Source) && has_sources(row);
        for (number, member) in row.members.iter().enumerate() {
            self.member(grid, row, number, charset);
            if tells_source {
                grid.below(vec![words::source(member.source)]);
            }
        }
    }

    fn member(&self, grid: &mut Grid, row: &Row<'_>, number: usize, charset: Charset) {
        let member = &row.members[number];
        let branch = branch(charset, number + 1 == row.members.len());
        let bars = self.bars.then_some(charset);
        // With the process below there is room behind the branch.
        let process = self.below.contains(&Column::Process);
        for column in &self.beside {
            match column {
                Column::Address if process => {
                    cells::owner(grid, &format!("{branch} "), &member.owner);
                }
                Column::Address => grid.plain(branch),
                column => column.of_member(grid, row, member, bars),
            }
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

    fn of_row(self, grid: &mut Grid, row: &Row<'_>, bars: Option<Charset>) {
        match (self, &row.members[..]) {
            (Column::Netns, _) => grid.plain(&row.netns.label),
            (Column::Protocol, _) => grid.plain(row.protocol.name()),
            (Column::Address, _) => grid.plain(row.address),
            (Column::Queue, _) => cells::number(grid, &row.accept_queue()),
            (Column::Backlog, _) => cells::number(grid, &row.backlog()),
            (Column::Somaxconn, _) => cells::number(grid, &row.netns.somaxconn),
            (Column::Fill, _) => cells::fill(grid, row.fill(), row.percent(), bars),
            (Column::Drops, _) => cells::drops(grid, row.drops().as_ref(), may_have_dropped(row)),
            (Column::SynRecv, _) => match &row.syn_recv {
                Some(requests) => cells::number(grid, requests),
                None => grid.plain(""),
            },
            (Column::Source, [only]) => grid.plain(only.source.name()),
            (Column::Process, [only]) => cells::owner(grid, "", &only.owner),
            (Column::Process, many) => grid.plain(words::group(many.len())),
            (Column::Source, _) => grid.plain(""),
        }
    }

    /// The same in words, below the row.
    fn below_row(self, row: &Row<'_>) -> Option<String> {
        match (self, &row.members[..]) {
            (Column::Netns, _) => Some(format!("netns {}", row.netns.label)),
            (Column::Somaxconn, _) => Some(words::somaxconn(&row.netns.somaxconn)),
            (Column::Source, [first, ..]) if !has_sources(row) => Some(words::source(first.source)),
            (Column::Process, [only]) => Some(words::process(&only.owner)),
            (Column::Process, many) => Some(words::group(many.len())),
            _ => None,
        }
    }

    fn of_member(self, grid: &mut Grid, row: &Row<'_>, member: &Member<'_>, bars: Option<Charset>) {
        match self {
            Column::Queue => cells::number(grid, &member.accept_queue),
            Column::Backlog => cells::number(grid, &member.backlog),
            Column::Fill => cells::fill(grid, member.fill(), member.percent(), bars),
            Column::Drops => {
                let drops = member.drops.clone();
                let drops = drops.map(|drops| drops.map(u64::from));
                let dropped = row.may_have_dropped(member) == Some(true);
                cells::drops(grid, drops.as_ref(), dropped);
            }
            Column::Source => grid.plain(member.source.name()),
            Column::Process => cells::owner(grid, "", &member.owner),
            Column::Netns
            | Column::Protocol
            | Column::Address
            | Column::Somaxconn
            | Column::SynRecv => grid.plain(""),
        }
    }
}

/// Whether not all values are the same.
pub(super) fn differ<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    first.is_some_and(|first| values.any(|other| other != first))
}

fn may_have_dropped(row: &Row<'_>) -> bool {
    let mut members = row.members.iter();
    members.any(|member| row.may_have_dropped(member) == Some(true))
}

/// Whether its members have their numbers from here and from there.
fn has_sources(row: &Row<'_>) -> bool {
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
