//! The sockets whose processes are worth looking for: for a report those that findings will name,
//! for a table all. Looking for the owner of a socket is the dearest reading of all (a walk over
//! /proc/*/fd).

use crate::facts::{Facts, Namespace};
use crate::namespaces::dropping::droppers;
use crate::namespaces::listening::Fill;
use crate::queues::backlog_clamped::clamped::{FEW, groups};
use crate::queues::somaxconn::Yardstick;
use crate::queues::{accept_queue, backlog_clamped, listen_drops, listen_overflows};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// However many listeners are in trouble, no more are looked for than a reader would look at.
const MOST: usize = 64;

/// The inodes of listeners that findings of the selected checks will name: full and nearly full
/// ones first, then those that dropped most, then those cut by somaxconn. At most 64, and never
/// 0, which is no inode.
pub fn wanted_owners(facts: &Facts, selected: impl Fn(&str) -> bool) -> BTreeSet<u32> {
    let namespaces = facts.namespaces.value().map_or(&[][..], Vec::as_slice);
    let mut wanted = Vec::new();
    if selected(accept_queue::CHECK.id) {
        wanted.extend(crowded(namespaces));
    }
    if selected(listen_overflows::CHECK.id) || selected(listen_drops::CHECK.id) {
        wanted.extend(dropping(namespaces));
    }
    if selected(backlog_clamped::CHECK.id) {
        wanted.extend(clamped(facts, namespaces));
    }
    let mut inodes = BTreeSet::new();
    for inode in wanted.into_iter().filter(|&inode| inode != 0) {
        if inodes.len() == MOST {
            break;
        }
        inodes.insert(inode);
    }
    inodes
}

/// The inodes of all listeners, and of all unix streams with unread bytes; never 0, which is no
/// inode.
pub fn all_sockets(facts: &Facts) -> BTreeSet<u32> {
    let namespaces = facts.namespaces.value().into_iter().flatten();
    let inodes = namespaces.flat_map(|namespace| {
        let tcp = namespace.listeners.value().into_iter().flatten();
        let unix = namespace.unix_listeners.value().into_iter().flatten();
        let streams = namespace.unix_streams.value().into_iter().flatten();
        tcp.map(|one| one.inode)
            .chain(unix.map(|one| one.inode))
            .chain(streams.map(|one| one.inode))
    });
    inodes.filter(|&inode| inode != 0).collect()
}

fn crowded(namespaces: &[Namespace]) -> impl Iterator<Item = u32> {
    [Fill::Full, Fill::Nearly]
        .into_iter()
        .flat_map(|fill| accept_queue::named(namespaces, fill).0)
        .map(|listener| listener.inode())
}

fn clamped(facts: &Facts, namespaces: &[Namespace]) -> impl Iterator<Item = u32> {
    groups(namespaces, &Yardstick::of(facts))
        .into_iter()
        .flat_map(|group| group.listeners.into_iter().take(FEW))
        .map(|(listener, _)| listener.inode)
}

fn dropping(namespaces: &[Namespace]) -> impl Iterator<Item = u32> {
    let droppers = namespaces.iter().flat_map(|one| droppers(one).worst);
    let mut droppers: Vec<_> = droppers.collect();
    droppers.sort_by_key(|&(_, dropped)| Reverse(dropped));
    droppers.into_iter().map(|(listener, _)| listener.inode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Gap, TcpListener, Why};
    use crate::fixture::{healthy, listener, namespace};
    use crate::namespaces::testing::machine;

    fn wanted(listeners: Vec<TcpListener>) -> Vec<u32> {
        let facts = machine(vec![namespace(1, "host", listeners)]);
        wanted_owners(&facts, |_| true).into_iter().collect()
    }

    fn at(port: u16) -> TcpListener {
        listener("0.0.0.0", port)
    }

    #[test]
    fn nobody_is_looked_for_on_a_healthy_machine() {
        assert!(wanted_owners(&healthy(), |_| true).is_empty());
    }

    #[test]
    fn listeners_in_trouble_are_looked_for() {
        let full = TcpListener {
            accept_queue: 512,
            ..at(1)
        };
        let dropping = TcpListener {
            drops: Some(3),
            ..at(2)
        };
        let above = TcpListener {
            backlog: Some(8192),
            ..at(3)
        };
        assert_eq!(
            wanted(vec![full, dropping, above, at(4)]),
            [5001, 5002, 5003]
        );
    }

    #[test]
    fn nobody_is_looked_for_whom_no_selected_check_names() {
        let above = TcpListener {
            backlog: Some(8192),
            ..at(1)
        };
        let facts = machine(vec![namespace(1, "host", vec![above])]);
        let wanted = |id| wanted_owners(&facts, |check| check == id).len();
        assert_eq!(wanted("backlog-clamped"), 1);
        assert_eq!(wanted("accept-queue"), 0);
        assert_eq!(wanted("listen-drops"), 0);
    }

    #[test]
    fn sockets_without_an_inode_are_not() {
        let orphan = TcpListener {
            accept_queue: 512,
            inode: 0,
            ..at(1)
        };
        assert!(wanted(vec![orphan]).is_empty());
    }

    #[test]
    fn however_many_are_in_trouble_few_are_looked_for() {
        let many = |first: u32| {
            let listeners = (0..100).map(|port| TcpListener {
                accept_queue: 512,
                drops: Some(1),
                inode: first + u32::from(port),
                ..at(port)
            });
            namespace(first.into(), "n", listeners.collect())
        };
        let facts = machine((1..100).map(|n| many(n * 100)).collect());
        assert_eq!(wanted_owners(&facts, |_| true).len(), MOST);
    }

    #[test]
    fn every_socket_with_an_inode_can_be_looked_for() {
        let orphan = TcpListener { inode: 0, ..at(2) };
        let facts = machine(vec![namespace(1, "host", vec![at(1), orphan])]);
        assert_eq!(all_sockets(&facts), BTreeSet::from([5001]));
    }

    #[test]
    fn without_namespaces_nobody_is_looked_for() {
        let mut facts = healthy();
        facts.namespaces = Fact::Missing(Gap::new("namespaces", Why::Absent));
        assert!(wanted_owners(&facts, |_| true).is_empty());
    }
}
