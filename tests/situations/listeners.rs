//! The table of listeners, held against sockets whose state is known.

use crate::support::doctor::{Doctor, Outcome, doctor};
use crate::support::netns::Namespace;
use crate::support::options::{bind_to_loopback_device, defer_accept};
use crate::support::report::says;
use crate::support::sockets::{
    FullListener, Holder, Orphan, full_unix_listener, knock, tcp_listener, tcp_listener_at,
};
use rustix::net::sockopt;
use serde_json::Value;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

fn listeners<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Doctor {
    let json = ["listeners", "--format", "json"];
    doctor(json.into_iter().chain(arguments))
}

/// The document, and the rows of the namespace with this name.
fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", outcome.stdout, outcome.stderr))
}

fn seen_in(namespace: &Namespace) -> Value {
    let outcome = listeners(["--netns", &namespace.name]).run();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    document(&outcome)
}

fn rows(document: &Value) -> &[Value] {
    document["listeners"].as_array().expect("a list")
}

fn row(document: &Value, address: impl std::fmt::Display) -> &Value {
    let address = address.to_string();
    let mut rows = rows(document).iter();
    let row = rows.find(|row| row["address"] == address);
    row.unwrap_or_else(|| panic!("no {address}: {document:#}"))
}

fn human<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let plain = ["listeners", "--color", "never"];
    doctor(plain.into_iter().chain(arguments)).run().stdout
}

#[test]
fn a_queue_filled_past_its_backlog_comes_first_and_is_full() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(3));
    let (_idle, idle) = namespace.inside(|| tcp_listener(128));
    let document = seen_in(&namespace);
    let first = &rows(&document)[0];
    assert_eq!(first["address"], full.address.to_string());
    assert_eq!(
        (&first["accept_queue"], &first["backlog"]),
        (&4.into(), &3.into())
    );
    assert_eq!(
        (&first["fill"], &first["fill_percent"]),
        (&"full".into(), &100.into())
    );
    assert_eq!(row(&document, idle)["backlog"], 128);
    assert_eq!(document["counts"]["full"], 1);

    let text = human(["--netns", &namespace.name]);
    assert!(text.starts_with("1 of 2 TCP listeners is full"), "{text}");
    let only = human(["--netns", &namespace.name, "--full"]);
    assert!(only.contains(&full.address.to_string()), "{only}");
    assert!(!only.contains(&idle.to_string()), "{only}");
}

#[test]
fn without_processes_the_numbers_are_the_same() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(3));
    let arguments = ["--netns", &namespace.name, "--no-process"];
    let text = human(arguments);
    assert!(text.starts_with("1 TCP listener, and it is full"), "{text}");
    for left_out in ["process", "none seen", "?"] {
        assert!(!text.contains(left_out), "{left_out}: {text}");
    }
    let document = document(&listeners(arguments).run());
    let row = row(&document, full.address);
    assert_eq!(
        (&row["accept_queue"], &row["backlog"]),
        (&4.into(), &3.into())
    );
    assert!(row["sockets"][0]["owner"].is_null());
    assert_eq!(row["gaps"][0]["what"], "processes", "{row:#}");
}

#[test]
fn drops_are_those_of_the_listener_that_dropped() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(1));
    let (_idle, idle) = namespace.inside(|| tcp_listener(128));
    namespace.inside(|| knock(full.address));
    let document = seen_in(&namespace);
    let drops = row(&document, full.address)["drops"].as_u64();
    assert!(drops > Some(0), "{document:#}");
    assert_eq!(row(&document, idle)["drops"], 0);
    let share = &document["namespaces"][0];
    assert_eq!(share["listen_drops"].as_u64(), drops);
    assert_eq!(
        (&share["drops_explained"], &share["drops_left"]),
        (&drops.into(), &0.into())
    );
}

#[test]
fn drops_of_a_listener_that_is_gone_are_left_over() {
    let namespace = Namespace::new();
    namespace.inside(|| knock(FullListener::new(1).address));
    let document = seen_in(&namespace);
    let share = &document["namespaces"][0];
    assert_eq!(share["drops_explained"], 0);
    assert!(share["drops_left"].as_u64() > Some(0), "{share}");
    assert_eq!(share["all_listeners_read"], true);
    let text = human(["--netns", &namespace.name]);
    assert!(text.contains("to listeners that are gone"), "{text}");
}

/// As systemd-resolved listens.
#[test]
fn the_interface_of_a_listener_has_its_name_as_in_ss() {
    let namespace = Namespace::new();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (_listener, address) =
        namespace.inside(|| tcp_listener_at(local, 9, bind_to_loopback_device));
    let document = seen_in(&namespace);
    let row = row(&document, format!("127.0.0.1%lo:{}", address.port()));
    assert_eq!(
        (&row["interface"], &row["interface_name"]),
        (&1.into(), &"lo".into())
    );
}

/// With TCP_DEFER_ACCEPT the kernel discards the bare ACK that ends each handshake.
#[test]
fn packets_that_are_discarded_are_no_dropped_connection_requests() {
    let namespace = Namespace::new();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (_listener, address) = namespace.inside(|| tcp_listener_at(local, 9, defer_accept));
    let _client = namespace.inside(|| TcpStream::connect(address).expect("a SYN/ACK"));
    let document = seen_in(&namespace);
    assert!(row(&document, address)["drops"].as_u64() > Some(0));
    assert_eq!(document["counts"]["dropping"], 0);
    assert_eq!(document["namespaces"][0]["listen_drops"], 0);
    let text = human(["--netns", &namespace.name, "--full"]);
    assert!(text.contains("Nothing is shown"), "{text}");
}

#[test]
fn a_reuseport_group_is_one_row_with_its_members() {
    let namespace = Namespace::new();
    let share = |socket: &OwnedFd| sockopt::set_socket_reuseport(socket, true).expect("setsockopt");
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (_first, address) = namespace.inside(|| tcp_listener_at(any, 5, share));
    let (_second, _) = namespace.inside(|| tcp_listener_at(address, 9, share));
    let _clients: Vec<TcpStream> = namespace.inside(|| {
        let connect = |_| TcpStream::connect(address).expect("room in a queue");
        (0..4).map(connect).collect()
    });
    let document = seen_in(&namespace);
    assert_eq!(rows(&document).len(), 1, "{document:#}");
    let group = row(&document, address);
    assert_eq!(
        (&group["accept_queue"], &group["backlog"]),
        (&4.into(), &14.into())
    );
    assert_eq!(group["sockets"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["counts"]["listeners"], 2);
}

#[test]
fn ipv6_only_and_dual_stack_listeners_are_tcp6_with_all_their_connections() {
    let namespace = Namespace::new();
    let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let only = |socket: &OwnedFd| sockopt::set_ipv6_v6only(socket, true).expect("setsockopt");
    let both = |socket: &OwnedFd| sockopt::set_ipv6_v6only(socket, false).expect("setsockopt");
    let (_only, v6) = namespace.inside(|| tcp_listener_at(any, 7, only));
    let (_both, dual) = namespace.inside(|| tcp_listener_at(any, 8, both));
    let _clients = namespace.inside(|| {
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, dual.port()));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, dual.port()));
        [v4, v6].map(|address| TcpStream::connect(address).expect("room in the queue"))
    });
    let document = seen_in(&namespace);
    let expected = |address, queue: u32, backlog: u32| {
        let row = row(&document, address);
        assert_eq!(row["protocol"], "tcp6");
        assert_eq!(
            (&row["accept_queue"], &row["backlog"]),
            (&queue.into(), &backlog.into())
        );
    };
    expected(v6, 0, 7);
    expected(dual, 2, 8);
}

#[test]
fn requests_are_those_of_the_listener_that_they_were_sent_to() {
    let namespace = Namespace::new();
    let any4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let any6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let (_four, four) = namespace.inside(|| tcp_listener_at(any4, 9, defer_accept));
    let (_dual, dual) = namespace.inside(|| tcp_listener_at(any6, 9, defer_accept));
    let (_idle, idle) = namespace.inside(|| tcp_listener(9));
    let to_four = SocketAddr::from((Ipv4Addr::LOCALHOST, four.port()));
    let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST, dual.port()));
    let six = SocketAddr::from((Ipv6Addr::LOCALHOST, dual.port()));
    let _clients = namespace.inside(|| {
        let connect = |address| TcpStream::connect(address).expect("a SYN/ACK");
        [to_four, mapped, six, six].map(connect)
    });
    let document = seen_in(&namespace);
    let requests = |address| row(&document, address)["syn_recv"].as_u64();
    assert_eq!(
        [requests(four), requests(dual), requests(idle)],
        [Some(1), Some(3), Some(0)]
    );
}

#[test]
fn unread_bytes_of_a_unix_stream_are_counted_under_its_process() {
    let namespace = Namespace::new();
    let (mut writer, reader) = namespace.inside(|| UnixStream::pair().expect("a pair"));
    writer.write_all(&[0; 9]).expect("room for nine bytes");
    let holder = Holder::new("slow-reader", reader.into());
    let document = document_of(["--unix", "--netns", &namespace.name]);
    let stream = &document["streams"][0];
    assert_eq!(
        (&stream["unread"], &stream["address"]),
        (&9.into(), &Value::Null)
    );
    assert_eq!(stream["owner"]["pid"], holder.pid());
    let text = human(["--unix", "--netns", &namespace.name]);
    assert!(text.contains("9  slow-reader"), "{text}");
}

#[test]
fn the_namespace_is_that_of_the_socket_wherever_its_process_is() {
    let namespace = Namespace::new();
    let (socket, address) = namespace.inside(|| tcp_listener(7));
    let holder = Holder::new("far-away", socket);
    let document = seen_in(&namespace);
    let row = row(&document, address);
    assert_eq!(row["namespace"], namespace.name);
    let owner = &row["sockets"][0]["owner"];
    assert_eq!(
        (&owner["name"], &owner["pid"]),
        (&"far-away".into(), &holder.pid().into())
    );

    let elsewhere = ["--netns", "self", "--process", "far-away"];
    let text = human(elsewhere);
    assert!(text.contains("of a process called far-away"), "{text}");
    let by_pid = holder.pid().to_string();
    let found = document_of(["--process", &by_pid, "--netns", &namespace.name]);
    assert_eq!(rows(&found).len(), 1);
}

#[test]
fn a_process_can_be_named_as_the_table_shows_it() {
    let namespace = Namespace::new();
    let (socket, _) = namespace.inside(|| tcp_listener(5));
    let _holder = namespace.inside(|| Holder::new("\x1b[2Jmine", socket));
    let text = human(["--netns", &namespace.name]);
    assert!(text.contains(r"\x1b[2Jmine ("), "{text}");
    let found = document_of(["--process", r"\x1b[2Jmine", "--netns", &namespace.name]);
    assert_eq!(rows(&found).len(), 1);
}

fn document_of<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Value {
    document(&listeners(arguments).run())
}

#[test]
fn the_child_that_a_dead_process_left_behind_is_the_owner() {
    let namespace = Namespace::new();
    let (socket, address) = namespace.inside(|| tcp_listener(7));
    let orphan = Orphan::with(socket);
    let document = seen_in(&namespace);
    let owner = &row(&document, address)["sockets"][0]["owner"];
    assert_eq!(
        (&owner["name"], &owner["pid"]),
        (&"sleep".into(), &orphan.pid.into())
    );
}

#[test]
fn a_socket_is_that_of_each_process_that_holds_it() {
    let namespace = Namespace::new();
    let (socket, address) = namespace.inside(|| tcp_listener(7));
    let holder = Holder::new("second-holder", socket.try_clone().expect("a duplicate"));
    let ours = std::process::id();
    for (asked_for, pid) in [
        (ours.to_string(), ours),
        (holder.pid().to_string(), holder.pid()),
        ("second-holder".to_owned(), holder.pid()),
    ] {
        let document = document_of(["--netns", &namespace.name, "--process", &asked_for]);
        let owner = &row(&document, address)["sockets"][0]["owner"];
        assert_eq!(owner["pid"], pid, "{asked_for}");
    }
}

/// /proc shows no descriptors of a thread that has ended, and that one gave the process its number.
#[test]
fn a_process_whose_first_thread_has_ended_is_the_owner() {
    let namespace = Namespace::new();
    let (socket, address) = namespace.inside(|| tcp_listener(7));
    let holder = Holder::whose_first_thread_has_ended(socket);
    let document = seen_in(&namespace);
    let owner = &row(&document, address)["sockets"][0]["owner"];
    assert_eq!(owner["pid"], holder.pid(), "{document:#}");
}

#[test]
fn unix_listeners_have_their_queues_under_a_path_and_an_abstract_name() {
    let namespace = Namespace::new();
    let directory = tempfile::tempdir().expect("a temporary folder");
    let path = directory.path().join("x.sock");
    let _full = namespace.inside(|| full_unix_listener(&path));
    let name = format!("sockdoctor-test-{}", std::process::id());
    let _abstract = namespace.inside(|| crate::support::sockets::abstract_listener(&name, 5));
    let document = document_of(["--unix", "--netns", &namespace.name]);
    let full = row(&document, path.display());
    assert_eq!(
        (&full["accept_queue"], &full["backlog"]),
        (&1.into(), &0.into())
    );
    assert_eq!(full["fill"], "full");
    let idle = row(&document, format!("@{name}"));
    assert_eq!(
        (&idle["accept_queue"], &idle["backlog"]),
        (&0.into(), &5.into())
    );
    assert_eq!(document["kind"], "unix");
}

#[test]
fn nobody_sees_the_queues_and_is_told_why_not_the_processes() {
    let (socket, address) = tcp_listener(7);
    let _holder = Holder::new("of-root", socket);
    let port = address.port().to_string();
    let outcome = listeners(["--netns", "self", "--port", &port])
        .by_nobody()
        .run();
    assert_eq!(outcome.code, 0);
    let document = document(&outcome);
    let row = row(&document, address);
    assert_eq!(row["backlog"], 7);
    assert!(row["sockets"][0]["owner"].is_null());
    assert!(says(&row["gaps"], "root"), "{row:#}");
    let name = listeners(["--netns", "self", "--process", "of-root"]).by_nobody();
    let document = self::document(&name.run());
    assert!(document["undecided"].as_u64() > Some(0), "{document:#}");
    assert!(says(&document["gaps"], "root"), "{document:#}");
}

#[test]
fn a_process_that_is_not_there_is_a_mistake() {
    // pid_max is at most 4,194,304.
    let outcome = listeners(["--process", "4194305"]).run();
    assert_eq!(outcome.code, 2, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("there is no process 4194305"));
}

#[test]
fn where_nothing_could_be_read_the_exit_code_is_4() {
    let closed = Namespace::new();
    let _listener = closed.inside(|| tcp_listener(7));
    let outcome = listeners(["--netns", &closed.name]).by_nobody().run();
    assert_eq!(outcome.code, 4, "{}", outcome.stdout);
    let document = document(&outcome);
    assert_eq!(document["exit_code"], 4);
    assert!(!document["gaps"].as_array().expect("a list").is_empty());
}

#[test]
fn a_passive_table_does_not_claim_to_know_what_ss_shows() {
    let document = document_of(["--passive", "--netns", "self"]);
    let shows = &document["ss"]["shows"];
    assert!(shows.is_null() || shows == "truth", "{shows}");
}

#[test]
fn a_process_whose_descriptors_may_be_listed_but_not_read_is_not_known() {
    let namespace = Namespace::new();
    let (_listener, address) = namespace.inside(|| tcp_listener(5));
    let outcome = listeners(["--netns", &namespace.name])
        .through(["setpriv", "--bounding-set=-sys_ptrace"])
        .run();
    let document = document(&outcome);
    let row = row(&document, address);
    assert!(row["sockets"][0]["owner"].is_null(), "{row:#}");
    let gaps = row["gaps"].as_array().expect("a list");
    let what = |gap: &Value| gap["what"].as_str().map(str::to_owned);
    let descriptors = gaps.iter().filter_map(what);
    assert!(
        descriptors
            .into_iter()
            .any(|what| what.starts_with("descriptors of")),
        "{row:#}"
    );
}
