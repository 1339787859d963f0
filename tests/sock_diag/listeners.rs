//! Dumps of TCP listeners.

use crate::netns::{
    allow_descriptors, client, in_new_netns, listener, reuseport_listener, with_loopback,
};
use sockdoctor::netlink::SockDiag;
use sockdoctor_checks::facts::{Fact, Family, TcpListener};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// All listeners of this namespace, which must be known in full.
fn dump() -> Vec<TcpListener> {
    match SockDiag::open().unwrap().tcp_listeners() {
        Fact::Known(listeners) => listeners,
        fact => panic!("{:?}", fact.gaps()),
    }
}

#[test]
fn both_families_come_in_one_pass() {
    with_loopback(|| {
        let (_four, four) = listener("127.0.0.1:0", 3);
        let (_six, six) = listener("[::1]:0", 4);
        let seen: BTreeSet<_> = dump()
            .into_iter()
            .map(|l| (l.family, l.address, l.port, l.backlog, l.accept_queue))
            .collect();
        let expected = BTreeSet::from([
            (Family::V4, four.ip(), four.port(), Some(3), 0),
            (Family::V6, six.ip(), six.port(), Some(4), 0),
        ]);
        assert_eq!(seen, expected);
    });
}

#[test]
fn the_listener_of_another_namespace_is_not_there() {
    let (_here, address) = listener("127.0.0.1:0", 1);
    let there = in_new_netns(dump);
    assert!(there.is_empty(), "{address}: {there:?}");
}

#[test]
fn inode_uid_and_interface_are_read() {
    with_loopback(|| {
        let (socket, _) = listener("127.0.0.1:0", 1);
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let seen = &dump()[0];
        assert_eq!(u64::from(seen.inode), inode);
        assert_eq!((seen.uid, seen.interface), (0, 0));
    });
}

#[test]
fn a_full_queue_holds_one_more_than_the_backlog_and_counts_drops() {
    with_loopback(|| {
        let (_listener, address) = listener("127.0.0.1:0", 2);
        assert_eq!(dump()[0].drops, Some(0));
        let mut clients: Vec<_> = (0..4).map(|_| client(address)).collect();
        let first = dump()[0].clone();
        assert_eq!((first.accept_queue, first.backlog), (3, Some(2)));
        assert!(first.drops > Some(0), "{first:?}");
        clients.push(client(address));
        assert!(dump()[0].drops > first.drops);
    });
}

#[test]
fn sockets_that_share_a_port_are_told_apart() {
    with_loopback(|| {
        let (_first, address) = reuseport_listener("127.0.0.1:0", 1, true);
        let same = address.to_string();
        let _others: Vec<_> = (2..5)
            .map(|backlog| reuseport_listener(&same, backlog, true))
            .collect();
        let backlogs: BTreeSet<_> = dump().iter().map(|l| l.backlog).collect();
        assert_eq!(backlogs, (1..5).map(Some).collect());
    });
}

#[test]
fn five_thousand_listeners_come_without_loss() {
    with_loopback(|| {
        allow_descriptors(20_000);
        let sockets: Vec<_> = (0..5000).map(|_| listener("127.0.0.1:0", 9).0).collect();
        let expected: BTreeSet<_> = sockets
            .iter()
            .map(|socket| socket.local_addr().unwrap().port())
            .collect();
        let seen = dump();
        assert_eq!(seen.len(), 5000);
        assert_eq!(
            seen.iter().map(|l| l.port).collect::<BTreeSet<_>>(),
            expected
        );
    });
}

#[test]
fn one_socket_answers_question_after_question() {
    with_loopback(|| {
        let mut diag = SockDiag::open().unwrap();
        assert_eq!(diag.tcp_listeners(), Fact::Known(Vec::new()));
        let (_socket, address) = listener("0.0.0.0:0", 1);
        let Fact::Known(seen) = diag.tcp_listeners() else {
            panic!("the second dump failed");
        };
        assert_eq!(seen[0].address, IpAddr::from([0, 0, 0, 0]));
        assert_eq!(seen[0].port, address.port());
    });
}
