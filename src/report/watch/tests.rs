//! What a watch looks like.

use super::live::{View, draw};
use super::{Closing, Opening, Totals, json, line};
use crate::exit::Exit;
use crate::owners::Holder;
use crate::report::escape::Charset::{self, Ascii, Unicode};
use crate::report::line_schema::LineSchema;
use crate::report::page::plain;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};
use sockdoctor_checks::diagnosis::diagnose;
use sockdoctor_checks::facts::{
    Counters, Fact, Gap, Namespace, Owner, SocketSource, TcpListener, UnixListener, Why,
};
use sockdoctor_checks::fixture::{healthy, listener, namespace, quiet};
use sockdoctor_checks::policy::Policy;
use sockdoctor_checks::watch::{Event, Growth, Reading, Reads, Subject, Timed, Watch, What};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn moment(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_305_600 + second)
}

/// A queue that fills within five readings, one that drops, and one whose numbers are not known.
fn machine(second: u32) -> Vec<Namespace> {
    let filling = TcpListener {
        accept_queue: second,
        backlog: Some(3),
        ..listener("127.0.0.1", 8080)
    };
    let dropping = TcpListener {
        drops: Some(second * 7),
        ..listener("::", 443)
    };
    let unknown = TcpListener {
        backlog: None,
        drops: None,
        ..listener("0.0.0.0", 22)
    };
    let mut web = namespace(2, "web", vec![filling, dropping]);
    web.counters = Fact::Known(Counters {
        listen_drops: Some(u64::from(second) * 7),
        ..quiet()
    });
    web.unix_listeners = Fact::Known(vec![UnixListener {
        name: "/run/a-rather-long-folder/of-a-service/socket\x1b[2J".to_owned(),
        accept_queue: Some(2),
        backlog: Some(128),
        inode: 77,
        source: SocketSource::SockDiag,
    }]);
    vec![namespace(1, "host", vec![unknown]), web]
}

fn watched() -> (Watch, Vec<(SystemTime, Event)>) {
    let mut watch = Watch::default();
    let mut events = Vec::new();
    for second in 0..5 {
        let at = Duration::from_secs(second.into());
        let timed = |namespace| Timed {
            at,
            cookie: None,
            namespace,
        };
        let namespaces = Fact::Known(machine(second).into_iter().map(timed).collect());
        let happened = watch.feed(Reading { namespaces });
        events.extend(
            happened
                .into_iter()
                .map(|event| (moment(second.into()), event)),
        );
    }
    (watch, events)
}

fn opening() -> Opening {
    Opening {
        namespaces: 2,
        unread: 0,
        listeners: 4,
        interval: Duration::from_secs(1),
        count: None,
    }
}

fn nginx() -> Owner {
    Owner {
        inode: 13_080,
        pid: 812,
        name: "nginx".to_owned(),
        container: None,
    }
}

fn screen(width: u16, height: u16, charset: Charset) -> String {
    let (watch, events) = watched();
    let rows = watch.rows();
    let nginx = nginx();
    let owner = |inode| match inode {
        77 => Holder::Nobody,
        inode if inode == nginx.inode => Holder::Process(&nginx),
        _ => Holder::Unknown,
    };
    let view = View {
        opening: opening(),
        readings: 5,
        when: moment(4),
        owners: rows.iter().map(|row| owner(row.who.inode)).collect(),
        events: events.iter().collect(),
        rows,
    };
    let backend = TestBackend::new(width, height);
    let mut terminal = Terminal::new(backend).expect("a terminal without screen");
    let look = plain(width.into(), charset);
    terminal
        .draw(|frame| draw(frame, &view, look))
        .expect("drawn");
    terminal.backend().to_string()
}

#[test]
fn the_live_view_at_140_columns() {
    insta::assert_snapshot!(screen(140, 20, Unicode));
}

#[test]
fn the_live_view_at_80_columns() {
    insta::assert_snapshot!(screen(80, 14, Unicode));
}

#[test]
fn the_live_view_in_ascii() {
    insta::assert_snapshot!(screen(110, 14, Ascii));
}

#[test]
fn the_live_view_at_40_columns() {
    insta::assert_snapshot!(screen(40, 12, Unicode));
}

#[test]
fn the_live_view_on_a_large_screen() {
    insta::assert_snapshot!(screen(200, 20, Unicode));
}

#[test]
fn no_size_of_the_terminal_is_too_small() {
    for width in 1..40 {
        for height in 1..8 {
            screen(width, height, Unicode);
        }
    }
}

fn named(mut event: Event) -> Event {
    if let Subject::Listener(who) = &mut event.subject {
        who.owner = Some(nginx());
    }
    event
}

#[test]
fn lines_for_people() {
    let look = plain(80, Unicode);
    let (_, events) = watched();
    let mut text = line::opening(look, moment(0), &opening());
    for (when, event) in events {
        text += &line::event(look, when, &named(event));
    }
    text += &closing(|when, closing| line::closing(look, when, closing));
    insta::assert_snapshot!(text);
}

/// What came of the watch, in one form or the other.
fn closing(tell: impl Fn(SystemTime, &Closing<'_>) -> String) -> String {
    let (watch, _) = watched();
    let diagnosis = diagnose(&watch.judged(healthy()), &Policy::default(), |check| {
        ["accept-queue", "listen-overflows", "syncookies"].contains(&check.id)
    });
    let totals = Totals {
        readings: 5,
        asked_for: None,
        skipped: 2,
        duration: Duration::from_millis(4_013),
        events: [("queue-full", 1), ("drops", 4)].into(),
    };
    let closing = Closing {
        totals: &totals,
        diagnosis: &diagnosis,
        exit: Exit::Failure,
    };
    tell(moment(5), &closing)
}

/// Of every kind of event, one.
fn of_every_kind() -> Vec<Event> {
    let within = Duration::from_millis(1_234);
    let growth = Growth { by: 7, within };
    let gap = Gap::new("/proc/net/unix", Why::Absent);
    let (queue, backlog) = (4, 3);
    let full = |at_first_sight| What::QueueFull {
        queue,
        backlog,
        at_first_sight,
    };
    let about = |what| Event {
        subject: Subject::Namespace("web".to_owned()),
        what,
    };
    let all = [
        full(true),
        full(false),
        What::QueueHasRoom { queue, backlog },
        What::DropsGrew { growth },
        What::UnexplainedDrops {
            growth,
            overflows: None,
            all_counted: false,
        },
        What::SynQueueFull {
            growth,
            cookies: true,
        },
        What::CookiesSent {
            growth,
            always: false,
        },
        What::ListenerCame,
        What::ListenerWent,
        What::NamespaceCame { listeners: Some(2) },
        What::NamespaceWent { listeners: None },
        What::ReadingFailed {
            reads: Reads::UnixListeners,
            gap,
            others: 2,
        },
        What::ReadingBack(Reads::Counters),
        What::More {
            what: "listener-went",
            number: 9,
        },
        What::Behind { took: within },
        What::OnTime { skipped: 3 },
    ];
    all.into_iter().map(about).collect()
}

#[test]
fn every_object_fits_the_schema_under_the_name_of_its_event() {
    let schema = LineSchema::new(&json::schema());
    let (_, watched) = watched();
    let events = of_every_kind().into_iter();
    let events = events.chain(watched.into_iter().map(|(_, event)| named(event)));
    let mut lines = vec![json::opening(moment(0), &opening()), closing(json::closing)];
    for event in events {
        let text = json::event(moment(1), &event);
        let object: Value = serde_json::from_str(&text).expect("an object");
        assert_eq!(object["event"], event.what.name());
        lines.push(text);
    }
    for text in lines {
        schema.tells_apart(&text, "event");
    }
}

#[test]
fn an_object_has_all_that_the_line_says() {
    let (_, mut events) = watched();
    let (when, event) = events.pop().expect("an event");
    let text = json::event(when, &named(event));
    assert!(text.ends_with("}\n"), "{text}");
    let object: Value = serde_json::from_str(&text).expect("an object");
    let expected = json!({
        "schema_version": 1,
        "at": "2026-11-22T00:00:04.000Z",
        "event": "drops",
        "summary": "dropped up to 7 connection requests within 1.0 s (7.0/s)",
        "namespace": "web",
        "listener": {
            "protocol": "tcp",
            "address": "[::]:443",
            "inode": 5443,
            "process": { "pid": 812, "name": "nginx" },
        },
        "by": 7,
        "within_ms": 1000,
        "per_second": 7.0,
    });
    assert_eq!(object, expected);
}
