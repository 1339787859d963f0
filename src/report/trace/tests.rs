use super::{Audience, Closing, Line, Listener};
use crate::owners::Holder;
use crate::report::escape::Charset;
use crate::report::line_schema::LineSchema;
use crate::report::page::plain;
use crate::trace::requirements::{Requirement, Standing};
use insta::assert_snapshot;
use sockdoctor_checks::facts::{Counters, Fact, Owner};
use sockdoctor_checks::trace::agreement::{Agreement, Seen};
use sockdoctor_checks::trace::{Growth, Request, Stage, Summary};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

fn overflow() -> Request {
    Request {
        time_ns: 7,
        netns: 4,
        stage: Stage::Syn,
        client: SocketAddr::from(([10, 9, 0, 1], 40000)),
        local: SocketAddr::from(([10, 0, 0, 1], 80)),
        listener: SocketAddr::from(([0, 0, 0, 0], 80)),
        inode: 7,
        request_queue: 2,
        accept_queue: 6,
        backlog: 5,
        max_syn_backlog: 128,
        syncookies: 1,
        growth: Growth {
            drops: 1,
            overflows: 1,
            ..Growth::default()
        },
    }
}

fn owner() -> Owner {
    Owner {
        inode: 7,
        pid: 812,
        name: "ngi\x1bnx".to_owned(),
        container: None,
    }
}

fn people() -> Audience {
    Audience::Human(plain(80, Charset::Unicode))
}

fn line(audience: Audience) -> String {
    line_of(audience, Holder::Process(&owner()))
}

fn line_of(audience: Audience, holder: Holder<'_>) -> String {
    let frames = ["tcp_conn_request".to_owned(), "tcp_v4_do_rcv".to_owned()];
    audience.line(&Line {
        time: SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
        namespace: "web",
        holder,
        request: &overflow(),
        frames: Some(&frames),
    })
}

#[test]
fn a_line_says_who_where_how_full_and_why() {
    assert_snapshot!(line(people()), @r"
    22:13:20.123456Z  web         10.9.0.1:40000 → 0.0.0.0:80             ngi\x1bnx (812)     SYN queue 2, accept queue 6 of 5  accept queue full at the SYN
                       tcp_conn_request
                       tcp_v4_do_rcv
    ");
}

#[test]
fn no_process_is_said_only_where_all_could_be_looked_at() {
    let with = |holder| line_of(people(), holder);
    assert!(with(Holder::Nobody).contains("  process none seen  "));
    assert!(with(Holder::Unknown).contains("  process ?  "));
}

#[test]
fn a_line_for_programs_has_all_of_it() {
    let line: serde_json::Value =
        serde_json::from_str(&line(Audience::Programs)).expect("one document");
    assert_eq!(line["why"], "accept-queue-full-at-syn");
    assert_eq!(line["process"]["name"], "ngi\x1bnx");
    assert_eq!(line["client"], "10.9.0.1:40000");
    assert_eq!(line["stack"][1], "tcp_v4_do_rcv");
    assert_eq!(line["time"], "2023-11-14T22:13:20.123456000Z");
}

/// A line of each kind is what its schema says, and the schema tells them apart.
#[test]
fn every_line_for_programs_fits_the_schema() {
    let schema = LineSchema::new(&super::json::schema());
    let programs = Audience::Programs;
    let lines = [
        programs.beginning("fentry", 3),
        line(programs),
        closing(programs, 4, None),
        closing(programs, 4, Some(80)),
        programs.requirements(&pieces(), None),
        programs.requirements(&pieces(), Some("the program was refused")),
    ];
    for text in lines {
        assert_eq!(text.lines().count(), 1, "{text}");
        schema.tells_apart(&text, "kind");
    }
}

fn closing(audience: Audience, counted: u64, port: Option<u16>) -> String {
    let mut summary = Summary::default();
    let frames = ["tcp_conn_request".to_owned(), "tcp_v4_do_rcv".to_owned()];
    for _ in 0..3 {
        summary.add(&overflow(), Some(&frames));
    }
    let mut late = overflow();
    late.stage = Stage::FinalAck;
    summary.add(&late, None);
    let counters = |value| {
        Fact::Known(Counters {
            listen_drops: Some(value),
            listen_overflows: Some(value),
            ..Counters::default()
        })
    };
    let seen = Seen {
        drops: 4,
        overflows: 4,
        doubtful: 0,
    };
    let agreement = Agreement::of(seen, &counters(100), &counters(100 + counted));
    let nginx = owner();
    let listeners = summary.listeners().into_iter().map(|seen| Listener {
        namespace: "web".to_owned(),
        holder: Holder::Process(&nginx),
        seen,
    });
    audience.closing(&Closing {
        method: "fentry",
        time: Duration::from_secs(10),
        port,
        summary: &summary,
        listeners: listeners.collect(),
        agreements: vec![("web".to_owned(), agreement)],
        lost: Ok((2, 0)),
        gaps: vec!["descriptors of 1 other process: denied, needs root".to_owned()],
    })
}

#[test]
fn the_end_adds_up_and_says_what_part_of_the_counters_that_is() {
    assert_snapshot!(closing(people(), 4, None), @r#"

    FAIL  4 connection requests were dropped in 10.0 s.

    web  0.0.0.0:80  ngi\x1bnx (812), backlog 5; longest accept queue 6, longest SYN
                     queue 2
      accept queue full at the SYN        ██████████████████████████████ 3
      accept queue full at the final ACK  ██████████ 1

    dropped by way of  ██████████████████████████████ 3
      tcp_conn_request
      tcp_v4_do_rcv

    web  ListenDrops rose by 4, and all of it was seen; ListenOverflows rose by 4,
         and all of it was seen
    Events came faster than they were read: 2 drops and 0 other requests are not
    shown.
    Not seen: descriptors of 1 other process: denied, needs root.
    "#);
}

#[test]
fn what_was_not_seen_is_said() {
    let text = closing(people(), 9, Some(80));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("ListenDrops rose by 9: 4 seen, 5 not seen"),
        "{text}"
    );
    assert!(text.contains("dropped at other ports"), "{text}");
}

#[test]
fn more_seen_than_counted_is_no_agreement() {
    let text = closing(people(), 3, None);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("1 too many: one of the two is wrong"),
        "{text}"
    );
}

fn pieces() -> [Requirement; 2] {
    [
        Requirement {
            name: "BTF",
            standing: Standing::Ok,
            why: "/sys/kernel/btf/vmlinux".to_owned(),
        },
        Requirement {
            name: "lockdown",
            standing: Standing::Missing,
            why: "the kernel is locked down for confidentiality: BPF may not read its memory"
                .to_owned(),
        },
    ]
}

#[test]
fn pieces_are_listed_with_their_reasons() {
    assert_snapshot!(people().requirements(&pieces(), None), @r#"
    ok          BTF                        /sys/kernel/btf/vmlinux
    missing     lockdown                   the kernel is locked down for
                                           confidentiality: BPF may not read its
                                           memory

    This machine cannot trace: something that is needed is missing.
    The counters tell which listener drops, without its clients: sockdoctor watch
    "#);
}
