//! Sockets that neither sock_diag nor a descriptor tells of: BPF iterators read them in the
//! kernel's own tables. One goes through the tables of the namespace in which it is opened.

use super::io_gap;
use crate::netns::Found;
use crate::runner::{self, Deadline, no_thread};
use crate::trace::requirements::{self, Standing};
use crate::trace::sockets::{self, Iterators, Socket, Table};
use aya::programs::iter::IterLink;
use sockdoctor_checks::facts::{Fact, Gap, Why};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be read, and where.
pub(super) type Wanted = Vec<(Found, BTreeSet<Table>)>;

/// What iterators told: sockets by inode, which is one for all namespaces.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) sockets: BTreeMap<u32, Socket>,
    /// Why a table was not read, in some namespace or in all.
    pub(super) gaps: BTreeMap<Table, Gap>,
}

/// Reads the tables on a thread that may be left behind: an iterator waits for the lock of each
/// socket that it passes (bpf_iter_tcp_seq_show, net/ipv4/tcp_ipv4.c).
pub(super) fn ask(wanted: Wanted, deadline: Deadline) -> Told {
    let tables: BTreeSet<Table> = wanted
        .iter()
        .flat_map(|(_, tables)| tables)
        .copied()
        .collect();
    if tables.is_empty() {
        return Told::default();
    }
    let told = runner::start("BPF iterators", deadline, move || match load() {
        Ok(iterators) => Fact::Known(ask_all(iterators, wanted, deadline)),
        Err(why) => Fact::Missing(Gap::new("BPF iterators", why)),
    });
    let told = told.wait().into_result();
    told.unwrap_or_else(|gap| Told::nothing(&tables, &gap.why))
}

fn ask_all(mut iterators: Iterators, wanted: Wanted, deadline: Deadline) -> Told {
    let mut told = Told::default();
    for (found, tables) in wanted {
        for table in tables {
            if deadline.left().is_zero() {
                told.note(table, deadline.gap(name(table)));
                continue;
            }
            match read(&mut iterators, &found, table) {
                Ok(sockets) => told.sockets.extend(sockets),
                Err(gap) => told.note(table, gap),
            }
        }
    }
    told
}

impl Told {
    fn nothing(tables: &BTreeSet<Table>, why: &Why) -> Self {
        let gap = |table: &Table| (*table, Gap::new(name(*table), why.clone()));
        Told {
            sockets: BTreeMap::new(),
            gaps: tables.iter().map(gap).collect(),
        }
    }

    /// The first reason stands for all: most often it is the kernel that lacks an iterator.
    fn note(&mut self, table: Table, gap: Gap) {
        self.gaps.entry(table).or_insert(gap);
    }
}

fn name(table: Table) -> String {
    format!("BPF iterator over {} sockets", table.name())
}

fn load() -> Result<Iterators, Why> {
    let pieces = requirements::look();
    match pieces.iter().find(|one| one.standing == Standing::Missing) {
        Some(piece) if piece.name == requirements::CAPABILITY => Err(Why::Denied {
            needs: "CAP_BPF and CAP_PERFMON, or root".to_owned(),
        }),
        Some(piece) => Err(Why::Unsupported(format!("{}: {}", piece.name, piece.why))),
        None => Iterators::new().map_err(|trouble| Why::Unsupported(trouble.to_string())),
    }
}

fn read(
    iterators: &mut Iterators,
    found: &Found,
    table: Table,
) -> Result<BTreeMap<u32, Socket>, Gap> {
    let link = iterators.link(table);
    let link = link.map_err(|error| Gap::new(name(table), Why::Unsupported(error.to_string())))?;
    if found.own {
        return read_here(link, table);
    }
    let found = found.clone();
    // A thread of its own: it never comes back from there.
    let visit = std::thread::Builder::new().spawn(move || {
        found.enter()?;
        read_here(link, table)
    });
    let visit = visit.map_err(|error| no_thread(&name(table), &error))?;
    let panicked = |_| Gap::new(name(table), Why::Panicked("its thread ended".to_owned()));
    visit.join().map_err(panicked)?
}

fn read_here(link: IterLink, table: Table) -> Result<BTreeMap<u32, Socket>, Gap> {
    sockets::read(link, table).map_err(|error| io_gap(name(table), &error))
}
