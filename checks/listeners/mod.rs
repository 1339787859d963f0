//! The table of listeners: what waits at each, who holds it, what it dropped, and what ss would
//! show of it.

mod attribution;
mod build;
mod filter;
mod order;
mod reasons;
mod row;
mod syn_recv;
#[cfg(test)]
mod tests;

pub use crate::namespaces::dropping::Share;
pub use crate::namespaces::listening::Fill;
pub use attribution::Attribution;
pub use filter::{Filter, Process, Wanted};
pub use order::Order;
pub use reasons::Reason;
pub use row::{Address, InSs, Interface, Known, Member, Netns, Protocol, Row, Stream};

use crate::facts::{Facts, Gap, Namespace};
use crate::verdict::Walk;
use build::Builder;
use reasons::Reasons;
use std::cmp::Reverse;
use std::sync::Arc;

/// Which sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// TCP listeners.
    #[default]
    Tcp,
    /// Unix listeners, and unix streams with unread bytes.
    Unix,
}

/// Which rows, and in what order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Which sockets.
    pub kind: Kind,
    /// Which of those.
    pub filter: Filter,
    /// What comes first.
    pub order: Order,
}

/// The listeners of all namespaces that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<'a> {
    /// Those that were asked for, in the order that was asked for.
    pub rows: Vec<Row<'a>>,
    /// Unix streams with unread bytes, most first.
    pub streams: Vec<Stream<'a>>,
    /// How many there are, before `--full` leaves any out.
    pub counts: Counts,
    /// Sockets that are not shown because it is not known whether they were asked for.
    pub undecided: usize,
    /// Whether anybody looked for the processes that hold them.
    pub has_processes: bool,
    /// Who drops, in each namespace. Empty for unix sockets.
    pub attributions: Vec<Attribution>,
    /// What ss shows here, and why.
    pub ss: Walk,
    /// What could not be read, each reason once.
    pub gaps: Vec<Reason>,
    /// Namespaces that were found, of those that were asked for.
    pub namespaces: usize,
    /// Those of them whose listeners could be read.
    pub read: usize,
}

/// How many listening sockets are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub listeners: usize,
    /// Their queue is full.
    pub full: usize,
    /// Their queue is nearly full.
    pub nearly_full: usize,
    /// Their queue or its backlog is not known.
    pub unknown: usize,
    /// They may have dropped connection requests.
    pub dropping: usize,
}

/// The table of what `facts` hold. The owners of all sockets must have been looked for: one that
/// is not among them has none.
pub fn table<'a>(facts: &'a Facts, request: &Request) -> Table<'a> {
    let namespaces = facts.namespaces.value().map_or(&[][..], Vec::as_slice);
    let builder = Builder::of(facts);
    let mut undecided = Undecided {
        sockets: 0,
        reasons: Reasons::of_readings(facts, request.kind),
    };
    let (rows, counts) = rows(&builder, namespaces, request, &mut undecided);
    let streams = streams(&builder, namespaces, request, &mut undecided);
    let attributions = attributions(namespaces, request.kind);
    let Undecided {
        sockets,
        mut reasons,
    } = undecided;
    reasons.add_shown(&rows, &streams, &attributions);
    Table {
        counts,
        undecided: sockets,
        ss: walk(facts, request.kind),
        gaps: reasons.finish(),
        rows,
        streams,
        has_processes: !facts.owners.gaps().iter().any(Gap::is_unasked),
        attributions,
        namespaces: namespaces.len(),
        read: namespaces
            .iter()
            .filter(|one| was_read(one, request.kind))
            .count(),
    }
}

/// Sockets that are left out because it is not known whether they were asked for.
struct Undecided {
    sockets: usize,
    /// What keeps that from being known, behind what could not be read at all.
    reasons: Reasons,
}

impl Undecided {
    fn add<'g>(&mut self, sockets: usize, netns: &Netns, gaps: impl Iterator<Item = &'g Arc<Gap>>) {
        self.sockets += sockets;
        self.reasons.add(netns, gaps);
    }
}

/// The rows in their order, and what there is before `full` leaves any out.
fn rows<'a>(
    builder: &Builder<'a>,
    namespaces: &'a [Namespace],
    request: &Request,
    undecided: &mut Undecided,
) -> (Vec<Row<'a>>, Counts) {
    let mut rows = Vec::new();
    for namespace in namespaces {
        match request.kind {
            Kind::Tcp => builder.add_tcp(&mut rows, namespace),
            Kind::Unix => builder.add_unix(&mut rows, namespace),
        }
    }
    let mut unsure = |row: &Row<'_>| undecided.add(row.members.len(), &row.netns, row.gaps());
    keep(&mut rows, |row| request.filter.wants(row), &mut unsure);
    let counts = Counts::of(&rows);
    keep(&mut rows, |row| request.filter.wants_state(row), unsure);
    order::sort(&mut rows, request.order);
    (rows, counts)
}

/// Keeps those that are wanted, and tells of those of which that is not known.
fn keep<T>(all: &mut Vec<T>, wanted: impl Fn(&T) -> Wanted, mut unsure: impl FnMut(&T)) {
    all.retain(|one| {
        let wanted = wanted(one);
        if wanted == Wanted::Unsure {
            unsure(one);
        }
        wanted == Wanted::Yes
    });
}

/// A stream is never full and drops nothing.
fn streams<'a>(
    builder: &Builder<'a>,
    namespaces: &'a [Namespace],
    request: &Request,
    undecided: &mut Undecided,
) -> Vec<Stream<'a>> {
    if request.kind == Kind::Tcp || request.filter.full {
        return Vec::new();
    }
    let all = namespaces.iter().flat_map(|one| builder.streams(one));
    let mut streams: Vec<_> = all.collect();
    keep(
        &mut streams,
        |one| request.filter.wants_stream(one),
        |one| undecided.add(1, &one.netns, one.gaps()),
    );
    streams.sort_by_key(|stream| {
        let unread = Reverse(stream.unread.as_ref().ok().copied());
        (unread, stream.name, stream.inode)
    });
    streams
}

fn attributions(namespaces: &[Namespace], kind: Kind) -> Vec<Attribution> {
    match kind {
        Kind::Tcp => namespaces.iter().map(Attribution::of).collect(),
        Kind::Unix => Vec::new(),
    }
}

fn walk(facts: &Facts, kind: Kind) -> Walk {
    let verdict = crate::path::verdict(facts);
    match kind {
        Kind::Tcp => verdict.tcp,
        Kind::Unix => verdict.unix,
    }
}

fn was_read(namespace: &Namespace, kind: Kind) -> bool {
    match kind {
        Kind::Tcp => namespace.listeners.value().is_some(),
        Kind::Unix => namespace.unix_listeners.value().is_some(),
    }
}

impl Table<'_> {
    /// Namespaces whose listeners could not be read.
    pub fn unread(&self) -> usize {
        self.namespaces - self.read
    }
}

impl Counts {
    fn of<'a>(rows: &'a [Row<'a>]) -> Self {
        let mut counts = Counts::default();
        let members = |row: &'a Row<'a>| row.members.iter().map(move |one| (row, one));
        for (row, member) in rows.iter().flat_map(members) {
            counts.listeners += 1;
            match member.fill() {
                Fill::Full => counts.full += 1,
                Fill::Nearly => counts.nearly_full += 1,
                Fill::Unknown => counts.unknown += 1,
                Fill::Room => {}
            }
            counts.dropping += usize::from(row.may_have_dropped(member) == Some(true));
        }
        counts
    }
}
