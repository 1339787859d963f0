//! The columns of the table of listeners. What is the same in all rows is told above it.

use super::cells;
use super::grid::{Cell, Grid, Side};
use crate::report::escape::Charset;
use sockdoctor_checks::listeners::{Kind, Member, Row, Source};

/// Which columns there are, in their order.
pub(super) struct Columns(Vec<Column>);

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
        Columns(all.iter().copied().filter(varies).collect())
    }

    /// What all rows have in common, as the first one has it.
    pub(super) fn same(&self, row: &Row, ss: Option<&'static str>) -> Vec<String> {
        let is_told = |column| !self.0.contains(&column);
        let source = row.members.first().map(|member| member.source);
        let somaxconn = match &row.netns.somaxconn {
            Ok(somaxconn) => format!("somaxconn {somaxconn}"),
            Err(_) => "somaxconn ?".to_owned(),
        };
        [
            is_told(Column::Netns).then(|| format!("network namespace: {}", row.netns.label)),
            is_told(Column::Somaxconn).then_some(somaxconn),
            source.filter(|_| is_told(Column::Source)).map(from),
            ss.map(str::to_owned),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The table of these rows, with bars where there is a charset for them.
    pub(super) fn grid(&self, rows: &[Row], charset: Charset, bars: Option<Charset>) -> Grid {
        let columns = || self.0.iter().copied();
        let mut grid = Grid::new(columns().map(Column::head).collect());
        for row in rows {
            grid.line(columns().map(|column| column.of_row(row, bars)).collect());
            let members = row.members.iter().filter(|_| row.is_group());
            for (number, member) in members.enumerate() {
                let branch = branch(charset, number + 1 == row.members.len());
                let cell = |column: Column| column.of_member(member, branch, bars);
                grid.line(columns().map(cell).collect());
            }
        }
        grid
    }
}

impl Column {
    fn head(self) -> (&'static str, Side) {
        match self {
            Column::Netns => ("netns", Side::Left),
            Column::Protocol => ("proto", Side::Left),
            Column::Address => ("address", Side::Left),
            Column::Queue => ("queue", Side::Right),
            Column::Backlog => ("backlog", Side::Right),
            Column::Somaxconn => ("somaxconn", Side::Right),
            Column::Fill => ("fill", Side::Right),
            Column::Drops => ("drops", Side::Right),
            Column::SynRecv => ("syn", Side::Right),
            Column::Source => ("source", Side::Left),
            Column::Process => ("process", Side::Left),
        }
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
            (Column::Process, many) => Cell::plain(format!("{} by SO_REUSEPORT", many.len())),
            (Column::Source, _) => Cell::default(),
        }
    }

    /// A line of an SO_REUSEPORT group. What is that of the whole group stands above it.
    fn of_member(self, member: &Member, branch: &str, bars: Option<Charset>) -> Cell {
        match self {
            Column::Netns | Column::Protocol | Column::Somaxconn | Column::SynRecv => {
                Cell::default()
            }
            Column::Address => Cell::plain(branch),
            Column::Queue => cells::number(&member.accept_queue),
            Column::Backlog => cells::number(&member.backlog),
            Column::Fill => cells::fill(member.fill(), member.percent(), bars),
            Column::Drops => {
                let drops = member.drops.clone().map(|drops| drops.map(u64::from));
                drops.map_or_else(Cell::default, |drops| cells::drops(&drops))
            }
            Column::Source => Cell::plain(member.source.name()),
            Column::Process => cells::owner(&member.owner),
        }
    }
}

/// Whether not all values are the same.
pub(super) fn differ<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    first.is_some_and(|first| values.any(|other| other != first))
}

fn from(source: Source) -> String {
    match source {
        Source::SockDiag => "numbers from sock_diag",
        Source::Descriptor => "numbers from the sockets themselves",
        Source::ProcNet => "numbers from /proc/net",
    }
    .to_owned()
}

fn branch(charset: Charset, last: bool) -> &'static str {
    match (charset, last) {
        (Charset::Unicode, false) => " ├─",
        (Charset::Unicode, true) => " └─",
        (Charset::Ascii, false) => " |-",
        (Charset::Ascii, true) => " `-",
    }
}
