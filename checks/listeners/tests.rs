//! The table, from facts made by hand.

use super::*;
use crate::facts::{
    Counters, Fact, Gap, Owner, SocketSource, SynRecv, TcpListener, UnixListener, UnixStream, Why,
};
use crate::fixture::{healthy, listener, namespace, quiet};
use crate::namespaces::testing::machine;
use crate::verdict::Shown;

fn queued(port: u16, accept_queue: u32, backlog: u32) -> TcpListener {
    TcpListener {
        accept_queue,
        backlog: Some(backlog),
        ..listener("0.0.0.0", port)
    }
}

fn from_proc(port: u16, accept_queue: u32) -> TcpListener {
    TcpListener {
        accept_queue,
        backlog: None,
        drops: None,
        source: SocketSource::ProcNet,
        ..listener("0.0.0.0", port)
    }
}

/// An SO_REUSEPORT group at port 80, and a listener at 443.
fn group() -> Vec<TcpListener> {
    let member = |inode, accept_queue, drops| TcpListener {
        inode,
        drops: Some(drops),
        ..queued(80, accept_queue, 9)
    };
    vec![member(1, 0, 3), member(2, 10, 4), queued(443, 5, 9)]
}

fn with(listeners: Vec<TcpListener>) -> Facts {
    machine(vec![namespace(1, "host", listeners)])
}

fn shown(facts: &Facts, filter: Filter, order: Order) -> Vec<String> {
    let request = Request {
        kind: Kind::Tcp,
        filter,
        order,
    };
    let rows = table(facts, &request).rows;
    rows.iter().map(|row| row.address.to_string()).collect()
}

fn ports(facts: &Facts, order: Order) -> Vec<u16> {
    let request = Request {
        order,
        ..Request::default()
    };
    let rows = table(facts, &request).rows;
    rows.iter().filter_map(|row| row.address.port()).collect()
}

fn all(facts: &Facts) -> Table<'_> {
    table(facts, &Request::default())
}

#[test]
fn sockets_that_share_an_address_are_one_row_with_its_members() {
    let mut host = namespace(1, "host", group());
    host.counters = Fact::Known(Counters {
        listen_drops: Some(7),
        ..quiet()
    });
    host.syn_recv = Fact::Known(vec![SynRecv {
        family: crate::facts::Family::V4,
        address: "10.0.0.1".parse().expect("an address"),
        port: 80,
        interface: Some(0),
        requests: 6,
    }]);
    let facts = machine(vec![host]);
    let table = all(&facts);
    assert_eq!(table.rows.len(), 2);
    let row = &table.rows[0];
    assert!(row.is_group());
    assert_eq!((row.accept_queue(), row.backlog()), (Ok(10), Ok(18)));
    assert_eq!(
        (row.drops(), row.syn_recv.clone()),
        (Some(Ok(7)), Some(Ok(6)))
    );
    assert_eq!((row.fill(), row.percent()), (Fill::Full, Some(100)));
    let inodes: Vec<u32> = row.members.iter().map(|one| one.inode).collect();
    assert_eq!(inodes, [2, 1], "the fullest first");
    assert_eq!((table.counts.listeners, table.counts.full), (3, 1));
    assert_eq!(table.counts.dropping, 2);
}

#[test]
fn the_same_port_on_another_interface_or_family_is_another_row() {
    let bound = TcpListener {
        interface: 3,
        ..queued(80, 0, 9)
    };
    let facts = with(vec![queued(80, 0, 9), bound, listener("::", 80)]);
    let rows = shown(&facts, Filter::default(), Order::Address);
    assert_eq!(rows, ["0.0.0.0:80", "0.0.0.0%3:80", "[::]:80"]);
}

#[test]
fn an_address_reads_as_everywhere_else() {
    for (address, port) in [
        ("0.0.0.0", 0),
        ("127.0.0.1", 80),
        ("255.255.255.255", 65_535),
        ("::", 443),
        ("::ffff:192.0.2.1", 8080),
    ] {
        let listener = listener(address, port);
        let expected = std::net::SocketAddr::new(listener.address, port).to_string();
        assert_eq!(Address::from(&listener).to_string(), expected);
    }
}

/// Two devices can have one each, and /proc/net/tcp does not tell the devices.
#[test]
fn listeners_from_proc_at_one_address_are_no_group() {
    let another = TcpListener {
        inode: 7,
        ..from_proc(80, 2)
    };
    let mut facts = with(vec![from_proc(80, 1), another]);
    let Fact::Known(namespaces) = &mut facts.namespaces else {
        panic!("the machine has namespaces");
    };
    namespaces[0].syn_recv = Fact::Known(vec![SynRecv {
        family: crate::facts::Family::V4,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        port: 80,
        interface: None,
        requests: 3,
    }]);
    let table = all(&facts);
    assert_eq!(table.rows.len(), 2);
    let requests = table.rows.iter().filter_map(|row| row.syn_recv.as_ref());
    assert_eq!(requests.filter(|known| known.is_err()).count(), 2);
}

#[test]
fn what_proc_does_not_have_is_no_zero_and_has_a_reason() {
    let facts = with(vec![from_proc(80, 4)]);
    let table = all(&facts);
    let row = &table.rows[0];
    assert_eq!(row.accept_queue(), Ok(4));
    assert!(row.backlog().is_err() && row.percent().is_none());
    assert!(row.drops().is_some_and(|drops| drops.is_err()));
    assert_eq!((row.fill(), table.counts.unknown), (Fill::Unknown, 1));
    let reasons: Vec<String> = table.gaps.iter().map(|it| it.gap.to_string()).collect();
    assert_eq!(
        reasons,
        ["backlog and drops: not supported: /proc/net/tcp has neither"]
    );
    assert_eq!(table.gaps[0].namespaces, ["host"]);
}

#[test]
fn a_process_that_could_not_be_seen_is_not_nobody() {
    let mut facts = with(vec![queued(80, 0, 9), queued(81, 0, 9)]);
    assert_eq!(all(&facts).rows[1].members[0].owner, Ok(None));
    let gap = Gap::not_collected("owners", "a test");
    let known = facts.owners.value().expect("nginx").clone();
    facts.owners = Fact::with_gaps(known, vec![gap]);
    let rows = all(&facts).rows;
    let pid = |row: &Row<'_>| row.members[0].owner.clone().map(|it| it.map(|it| it.pid));
    assert_eq!(pid(&rows[0]), Ok(Some(812)));
    assert!(pid(&rows[1]).is_err());
}

#[test]
fn processes_that_nobody_asked_for_are_not_missed() {
    let unasked = Gap::not_collected("processes", "--no-process");
    let mut facts = with(vec![queued(80, 0, 9)]);
    facts.owners = Fact::Missing(unasked.clone());
    let table = all(&facts);
    assert!(!table.has_processes);
    assert_eq!(table.gaps, []);
    assert_eq!(table.rows[0].members[0].owner, Err(unasked.into()));
}

#[test]
fn the_worst_come_first() {
    let dropping = TcpListener {
        drops: Some(9),
        ..queued(2, 5, 9)
    };
    let listeners = vec![
        from_proc(1, 50),
        dropping,
        queued(3, 5, 9),
        queued(4, 10, 9),
        queued(5, 600, 511),
    ];
    let facts = with(listeners);
    assert_eq!(ports(&facts, Order::Worst), [5, 4, 2, 3, 1]);
    assert_eq!(ports(&facts, Order::Fill), [5, 4, 2, 3, 1]);
    assert_eq!(ports(&facts, Order::Queue), [5, 1, 4, 2, 3]);
    assert_eq!(ports(&facts, Order::Drops), [2, 3, 4, 5, 1]);
    assert_eq!(ports(&facts, Order::Address), [1, 2, 3, 4, 5]);
}

#[test]
fn those_without_a_process_come_last() {
    let mut facts = with(vec![queued(1, 0, 9), queued(2, 0, 9), queued(3, 0, 9)]);
    let owner = |port: u32, name: &str| Owner {
        inode: 5000 + port,
        pid: port,
        name: name.to_owned(),
        container: None,
    };
    facts.owners = Fact::Known(vec![owner(2, "sshd"), owner(3, "nginx")]);
    assert_eq!(ports(&facts, Order::Process), [3, 2, 1]);
}

#[test]
fn filters_leave_out_and_count_what_they_cannot_decide() {
    let mut facts = with(vec![queued(80, 10, 9), queued(81, 0, 9), from_proc(82, 0)]);
    let by = |filter| {
        let request = Request {
            filter,
            ..Request::default()
        };
        let table = table(&facts, &request);
        let ports: Vec<u16> = table
            .rows
            .iter()
            .filter_map(|it| it.address.port())
            .collect();
        (ports, table.undecided, table.counts.listeners)
    };
    let full = Filter {
        full: true,
        ..Filter::default()
    };
    assert_eq!(by(full), (vec![80], 1, 3));
    let port = Filter {
        ports: vec![81, 9],
        ..Filter::default()
    };
    assert_eq!(by(port), (vec![81], 0, 1));
    let process = |process| Filter {
        process: Some(process),
        ..Filter::default()
    };
    assert_eq!(by(process(Process::Pid(812))), (vec![80], 0, 1));
    assert_eq!(
        by(process(Process::Name("ngin".to_owned()))),
        (vec![], 0, 0)
    );
    facts.owners = Fact::Missing(Gap::new("/proc", Why::Absent));
    let request = Request {
        filter: process(Process::Pid(812)),
        ..Request::default()
    };
    assert_eq!(table(&facts, &request).undecided, 3);
}

#[test]
fn a_listener_that_may_have_dropped_requests_counts_as_in_trouble() {
    let dropped = TcpListener {
        drops: Some(1),
        ..queued(80, 0, 9)
    };
    let full = Filter {
        full: true,
        ..Filter::default()
    };
    let mut facts = with(vec![dropped, queued(81, 0, 9)]);
    assert!(shown(&facts, full.clone(), Order::Worst).is_empty());
    let Fact::Known(namespaces) = &mut facts.namespaces else {
        panic!("no namespaces");
    };
    namespaces[0].counters = Fact::Known(Counters {
        listen_drops: Some(1),
        ..quiet()
    });
    assert_eq!(shown(&facts, full, Order::Worst), ["0.0.0.0:80"]);
}

#[test]
fn drops_are_split_between_those_who_are_here_and_those_who_are_gone() {
    let mut host = namespace(1, "host", group());
    host.counters = Fact::Known(Counters {
        listen_drops: Some(28),
        listen_overflows: Some(20),
        ..quiet()
    });
    let facts = machine(vec![host, namespace(2, "web", Vec::new())]);
    let table = all(&facts);
    let [host, web] = &table.attributions[..] else {
        panic!("{:?}", table.attributions);
    };
    let share = host.share.clone().expect("known");
    assert_eq!((share.explained, share.left()), (7, 21));
    assert_eq!(host.listen_overflows, Ok(20));
    assert_eq!(host.percent(7), Some(25));
    assert_eq!(host.worst, [("0.0.0.0:80".to_owned(), 7)]);
    assert!(host.has_drops() && !web.has_drops());
}

#[test]
fn counters_that_could_not_be_read_split_nothing() {
    let mut host = namespace(1, "host", group());
    host.counters = Fact::Missing(Gap::new("/proc/net/netstat", Why::Absent));
    let facts = machine(vec![host]);
    let table = all(&facts);
    let host = &table.attributions[0];
    assert!(host.share.is_err() && host.has_drops());
    assert_eq!(host.percent(7), None);
    assert_eq!(table.gaps.len(), 1, "{:?}", table.gaps);
}

#[test]
fn what_ss_shows_is_what_the_verdict_says() {
    assert_eq!(all(&healthy()).ss.shown, Shown::Truth);
    let unix = Request {
        kind: Kind::Unix,
        ..Request::default()
    };
    let command = |request: &Request| table(&healthy(), request).ss.command;
    assert_eq!(command(&Request::default()), "ss -lt");
    assert_eq!(command(&unix), "ss -x");
}

#[test]
fn a_blind_ss_shows_zeros_for_some_columns() {
    let facts = [with(vec![queued(80, 3, 9)]), unix_listeners()];
    let tcp = &all(&facts[0]).rows[0].members[0];
    let unix = Request {
        kind: Kind::Unix,
        ..Request::default()
    };
    let unix = &table(&facts[1], &unix).rows[0].members[0];
    let columns = |member: &Member<'_>, protocol, shown| {
        let row = member.in_ss(protocol, shown)?;
        Some((row.recv_q, row.send_q))
    };
    let [truth, proc_net] = [Shown::Truth, Shown::ProcNet];
    assert_eq!(columns(tcp, Protocol::Tcp, truth), Some((Some(3), Some(9))));
    assert_eq!(
        columns(tcp, Protocol::Tcp, proc_net),
        Some((Some(3), Some(0)))
    );
    assert_eq!(
        columns(unix, Protocol::Unix, truth),
        Some((Some(6), Some(5)))
    );
    assert_eq!(
        columns(unix, Protocol::Unix, proc_net),
        Some((Some(0), Some(0)))
    );
    assert_eq!(columns(tcp, Protocol::Tcp, Shown::Nothing), None);
    assert_eq!(columns(tcp, Protocol::Tcp, Shown::Unknown), None);
}

#[test]
fn nothing_read_is_not_nothing_there() {
    assert_eq!(all(&with(Vec::new())).unread(), 0);
    let mut host = namespace(1, "host", Vec::new());
    let gap = Gap::new("dump", Why::Absent);
    host.listeners = Fact::Missing(gap.clone());
    let facts = machine(vec![host]);
    let unreadable = all(&facts);
    assert_eq!((unreadable.read, unreadable.unread()), (0, 1));
    assert_eq!(unreadable.gaps[0].gap, gap);
    let mut facts = healthy();
    facts.namespaces = Fact::Missing(gap);
    assert_eq!(all(&facts).read, 0);
}

fn unix_listeners() -> Facts {
    let mut host = namespace(1, "host", Vec::new());
    let listener = |name: &str, inode, accept_queue, source| UnixListener {
        name: name.to_owned(),
        accept_queue,
        backlog: accept_queue.map(|_| 5),
        inode,
        source,
    };
    host.unix_listeners = Fact::Known(vec![
        listener("@abstract", 7, None, SocketSource::ProcNet),
        listener("/run/x.sock", 8, Some(6), SocketSource::SockDiag),
    ]);
    let stream = |inode, unread| UnixStream {
        name: String::new(),
        unread,
        inode,
        source: SocketSource::SockDiag,
    };
    let streams = vec![stream(1, Some(9)), stream(2, None), stream(3, Some(4096))];
    host.unix_streams = Fact::Known(streams);
    machine(vec![host])
}

#[test]
fn unix_sockets_have_queues_but_neither_drops_nor_requests() {
    let mut request = Request {
        kind: Kind::Unix,
        ..Request::default()
    };
    let facts = unix_listeners();
    let found = table(&facts, &request);
    let row = &found.rows[0];
    assert_eq!(row.address.to_string(), "/run/x.sock");
    assert_eq!(
        (row.fill(), row.drops(), row.syn_recv.clone()),
        (Fill::Full, None, None)
    );
    assert_eq!(found.rows[1].fill(), Fill::Unknown);
    assert_eq!(found.attributions, []);
    let inodes: Vec<u32> = found.streams.iter().map(|it| it.inode).collect();
    assert_eq!(inodes, [3, 1, 2], "what is not known comes last");
    request.filter.full = true;
    let found = table(&facts, &request);
    assert_eq!((found.rows.len(), found.streams.len()), (1, 0));
    assert_eq!(found.undecided, 1);
}
