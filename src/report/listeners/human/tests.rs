//! What people and programs read, from facts made by hand.

use super::*;
use crate::exit::Exit;
use crate::report::escape::Charset;
use crate::report::listeners::json;
use crate::report::page::plain;
use sockdoctor_checks::facts::*;
use sockdoctor_checks::fixture::{healthy, listener, namespace, quiet};
use sockdoctor_checks::listeners::{Filter, Kind, Process, Request, table};

const CLEAR: &str = "\u{1b}[2J\nx";

/// Two namespaces: an SO_REUSEPORT group that drops, an idle listener, and one that is known
/// from /proc only.
pub(super) fn facts() -> Facts {
    let member = |inode, accept_queue, drops| TcpListener {
        inode,
        accept_queue,
        drops: Some(drops),
        ..listener("0.0.0.0", 8080)
    };
    let mut host = namespace(
        1,
        "host",
        vec![listener("::", 443), member(1, 3, 0), member(2, 512, 40)],
    );
    host.counters = Fact::Known(Counters {
        listen_drops: Some(50),
        listen_overflows: Some(48),
        ..quiet()
    });
    host.syn_recv = Fact::Known(vec![SynRecv {
        family: Family::V4,
        address: "10.0.0.1".parse().expect("an address"),
        port: 8080,
        interface: Some(0),
        requests: 12,
    }]);
    let from_proc = TcpListener {
        backlog: None,
        drops: None,
        accept_queue: 2,
        source: SocketSource::ProcNet,
        ..listener("127.0.0.1", 53)
    };
    let mut web = namespace(2, "web", vec![from_proc]);
    web.sysctls.somaxconn = Fact::Known(128);
    let timed_out = Gap::new("dump of SYN_RECV", Why::TimedOut { after_ms: 2000 });
    web.syn_recv = Fact::Missing(timed_out);
    let owner = |inode, pid, name: &str, container: Option<&str>| Owner {
        inode,
        pid,
        name: name.to_owned(),
        container: container.map(str::to_owned),
    };
    Facts {
        namespaces: Fact::Known(vec![host, web]),
        owners: Fact::Known(vec![
            owner(1, 812, "nginx", None),
            owner(2, 813, "nginx", None),
            owner(5053, 99, CLEAR, Some(&"4f1c6e0b7d2a9385".repeat(4))),
        ]),
        ..healthy()
    }
}

pub(super) fn unix() -> Facts {
    let mut facts = facts();
    let Fact::Known(namespaces) = &mut facts.namespaces else {
        panic!("the namespaces are known");
    };
    let listener = |name: &str, inode, queues: Option<(u32, u32)>, source| UnixListener {
        name: name.to_owned(),
        accept_queue: queues.map(|(queue, _)| queue),
        backlog: queues.map(|(_, backlog)| backlog),
        inode,
        source,
    };
    namespaces[0].unix_listeners = Fact::Known(vec![
        listener("@abstract", 1, Some((6, 5)), SocketSource::SockDiag),
        listener("/run/x.sock", 2, None, SocketSource::ProcNet),
    ]);
    namespaces[0].unix_streams = Fact::Known(vec![UnixStream {
        name: String::new(),
        unread: Some(9),
        inode: 1,
        source: SocketSource::SockDiag,
    }]);
    facts
}

pub(super) fn request(kind: Kind, filter: Filter) -> Request {
    Request {
        kind,
        filter,
        ..Request::default()
    }
}

pub(super) fn all() -> Request {
    Request::default()
}

pub(super) fn listing<T>(
    facts: &Facts,
    request: &Request,
    show: impl FnOnce(&Listing<'_>) -> T,
) -> T {
    let table = table(facts, request);
    let exit = Exit::Fine;
    show(&Listing {
        facts,
        request,
        table: &table,
        exit,
    })
}

/// On a terminal with so many columns.
pub(super) fn screen(columns: usize, charset: Charset) -> Look {
    Look {
        screen: Some(columns),
        ..plain(columns.min(120), charset)
    }
}

fn text(facts: &Facts, request: &Request) -> String {
    let look = plain(80, Charset::Unicode);
    listing(facts, request, |it| render(it, look))
}

#[test]
fn several_namespaces() {
    insta::assert_snapshot!(text(&facts(), &all()));
}

#[test]
fn one_namespace_on_a_terminal() {
    let mut facts = facts();
    if let Fact::Known(namespaces) = &mut facts.namespaces {
        namespaces.truncate(1);
    }
    let bars = |charset, width| listing(&facts, &all(), |it| render(it, screen(width, charset)));
    insta::assert_snapshot!("terminal", bars(Charset::Unicode, 80));
    insta::assert_snapshot!("ascii", bars(Charset::Ascii, 80));
    assert!(
        !bars(Charset::Unicode, 60).contains('█'),
        "no room for bars"
    );
}

#[test]
fn unix_sockets() {
    insta::assert_snapshot!(text(&unix(), &request(Kind::Unix, Filter::default())));
}

#[test]
fn where_ss_is_blind_the_first_line_says_so() {
    let mut facts = facts();
    if let Fact::Known(trips) = &mut facts.round_trips {
        trips.socket = Opened::No(Errno::EPROTONOSUPPORT);
    }
    let text = text(&facts, &all());
    let first = text.split("\n\n").next().expect("a first paragraph");
    insta::assert_snapshot!("blind", first);
    assert!(!text.contains("ss shows the same"), "{text}");
}

#[test]
fn an_empty_table_says_what_was_looked_for() {
    let filter = Filter {
        ports: vec![81, 82],
        process: Some(Process::Name(CLEAR.to_owned())),
        full: false,
    };
    let text = text(&facts(), &request(Kind::Tcp, filter));
    assert_eq!(
        text.split("\n\n").next(),
        Some(
            "No TCP listener was found at ports 81 and 82 of a process called \\x1b[2J\\nx in 2\n\
             network namespaces."
        )
    );
}

#[test]
fn only_namespaces_that_were_read_count_as_looked_into() {
    let mut facts = facts();
    if let Fact::Known(namespaces) = &mut facts.namespaces {
        let needs = "CAP_SYS_ADMIN".to_owned();
        let gap = Gap::new("setns into this network namespace", Why::Denied { needs });
        namespaces[1].listeners = Fact::Missing(gap);
    }
    let first = |ports| {
        let filter = Filter {
            ports,
            ..Filter::default()
        };
        let text = text(&facts, &request(Kind::Tcp, filter));
        text.lines().next().expect("a line").to_owned()
    };
    assert_eq!(
        first(vec![81]),
        "No TCP listener was found at port 81 in 1 network namespace; 1 other could not"
    );
    assert_eq!(
        first(vec![443]),
        "1 TCP listener, and it is not full; 1 network namespace could not be read."
    );
}

#[test]
fn nothing_full_is_no_empty_page() {
    let filter = Filter {
        full: true,
        ..Filter::default()
    };
    let text = text(&healthy(), &request(Kind::Tcp, filter));
    insta::assert_snapshot!("nothing-full", text);
}

#[test]
fn nothing_read_says_why() {
    let mut facts = healthy();
    let gap = Gap::new("network namespaces", Why::TimedOut { after_ms: 1 });
    facts.namespaces = Fact::Missing(gap);
    let text = text(&facts, &all());
    assert!(
        text.starts_with("No TCP listener could be read.\n"),
        "{text}"
    );
    assert!(
        text.contains("?  network namespaces: no answer within 1 ms"),
        "{text}"
    );
}

#[test]
fn drops_of_other_namespaces_are_not_told_of_one_port() {
    let port = |port| Filter {
        ports: vec![port],
        ..Filter::default()
    };
    let tells = |it| text(&facts(), &request(Kind::Tcp, port(it))).contains("ListenDrops");
    assert!(tells(8080));
    assert!(!tells(53));
    assert!(!tells(443), "that one dropped nothing");
}

#[test]
fn no_name_controls_the_terminal() {
    let mut facts = unix();
    if let Fact::Known(namespaces) = &mut facts.namespaces {
        namespaces[1].names = vec![NetnsName::Netns(CLEAR.to_owned())];
        if let Fact::Known(listeners) = &mut namespaces[0].unix_listeners {
            listeners[0].name = CLEAR.to_owned();
        }
    }
    for kind in [Kind::Tcp, Kind::Unix] {
        let text = text(&facts, &request(kind, Filter::default()));
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains(r"\x1b[2J\nx"), "{text}");
    }
}

fn document(facts: &Facts, request: &Request) -> serde_json::Value {
    let mut bytes = Vec::new();
    listing(facts, request, |it| json::write(it, &mut bytes)).expect("memory takes all");
    serde_json::from_slice(&bytes).expect("one document")
}

#[test]
fn the_json_fits_its_schema_and_keeps_what_is_not_known_apart() {
    let schema = serde_json::from_str(&json::schema()).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (facts, kind) in [
        (facts(), Kind::Tcp),
        (unix(), Kind::Unix),
        (healthy(), Kind::Tcp),
    ] {
        let document = document(&facts, &request(kind, Filter::default()));
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let document = document(&facts(), &all());
    let from_proc = &document["listeners"][2];
    assert_eq!(from_proc["address"], "127.0.0.1:53");
    for unknown in ["backlog", "fill", "drops", "syn_recv"] {
        assert!(from_proc[unknown].is_null(), "{unknown}: {from_proc}");
    }
    assert_eq!(from_proc["gaps"].as_array().map(Vec::len), Some(2));
    assert_eq!(from_proc["sockets"][0]["owner"]["name"], CLEAR);
    let group = &document["listeners"][0];
    assert_eq!(group["sockets"][0]["ss"]["send_q"], 511);
    assert_eq!(group["drops"], 40);
}
