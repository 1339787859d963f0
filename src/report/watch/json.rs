//! A watch for programs: an object a line. Strings are as the machine gave them.

use super::{Closing, Opening, timestamp};
use crate::report::json::{SCHEMA_VERSION, Status};
use serde::Serialize;
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::Owner;
use sockdoctor_checks::watch::{Event, Growth, Protocol, Subject, What, Who};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::time::SystemTime;

/// What all lines have.
#[derive(Debug, Serialize)]
struct Line<'a, T> {
    schema_version: u32,
    at: String,
    event: &'a str,
    #[serde(flatten)]
    rest: T,
}

#[derive(Debug, Serialize)]
struct Watching {
    tool: &'static str,
    version: &'static str,
    namespaces: usize,
    listeners: usize,
    interval_ms: u64,
    count: Option<NonZero<u64>>,
}

#[derive(Debug, Serialize)]
struct Happened<'a> {
    /// The event in words.
    summary: String,
    /// The label of the namespace, null for the watch as a whole.
    namespace: Option<&'a str>,
    /// Null where it is not about a listener.
    listener: Option<Listener<'a>>,
    #[serde(flatten)]
    details: Details<'a>,
}

#[derive(Debug, Serialize)]
struct Listener<'a> {
    protocol: &'static str,
    address: &'a str,
    inode: u32,
    /// Null when nobody was found to hold it, or could be seen.
    process: Option<Process<'a>>,
}

#[derive(Debug, Serialize)]
struct Process<'a> {
    pid: u32,
    name: &'a str,
}

/// How much a counter grew, in which measured time.
#[derive(Debug, Serialize)]
struct Grown {
    by: u64,
    within_ms: u64,
    per_second: Option<f64>,
}

/// What each kind of event has of its own.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Queue {
        queue: u32,
        backlog: u32,
    },
    Full {
        queue: u32,
        backlog: u32,
        at_first_sight: bool,
    },
    Grew(Grown),
    Unexplained {
        #[serde(flatten)]
        grown: Grown,
        overflows: Option<u64>,
        all_counted: bool,
    },
    SynQueue {
        #[serde(flatten)]
        grown: Grown,
        cookies: bool,
    },
    Cookies {
        #[serde(flatten)]
        grown: Grown,
        always: bool,
    },
    Listeners {
        listeners: Option<usize>,
    },
    Failed {
        reading: &'a str,
        what: &'a str,
        why: String,
        other_namespaces: usize,
    },
    Back {
        reading: &'a str,
    },
    More {
        of: &'static str,
        number: usize,
    },
    Behind {
        took_ms: u64,
    },
    OnTime {
        skipped: u64,
    },
    Nothing {},
}

#[derive(Debug, Serialize)]
struct Ended<'a> {
    readings: u64,
    skipped: u64,
    duration_ms: u64,
    events: &'a BTreeMap<&'static str, u64>,
    checks: Vec<Check>,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct Check {
    id: &'static str,
    status: Status,
}

/// What is watched.
pub fn opening(when: SystemTime, opening: &Opening) -> String {
    let rest = Watching {
        tool: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        namespaces: opening.namespaces,
        listeners: opening.listeners,
        interval_ms: millis(opening.interval),
        count: opening.count,
    };
    line(when, "watching", rest)
}

/// One event.
pub fn event(when: SystemTime, event: &Event) -> String {
    let rest = Happened {
        summary: event.says(),
        namespace: match &event.subject {
            Subject::Watch => None,
            Subject::Namespace(label) => Some(label),
            Subject::Listener(who) => Some(&who.namespace),
        },
        listener: event.listener().map(Listener::of),
        details: Details::of(&event.what),
    };
    line(when, event.what.name(), rest)
}

/// What came of it.
pub fn closing(when: SystemTime, closing: &Closing<'_>) -> String {
    let results = closing.diagnosis.results.iter();
    let rest = Ended {
        readings: closing.totals.readings,
        skipped: closing.totals.skipped,
        duration_ms: millis(closing.totals.duration),
        events: &closing.totals.events,
        checks: results
            .map(|result| Check {
                id: result.check.id,
                status: result.status.into(),
            })
            .collect(),
        exit_code: closing.exit.code(),
    };
    line(when, "ended", rest)
}

fn line(when: SystemTime, event: &str, rest: impl Serialize) -> String {
    let line = Line {
        schema_version: SCHEMA_VERSION,
        at: timestamp(when),
        event,
        rest,
    };
    // Maps with string keys, sequences, strings and numbers: none of them can fail.
    let mut text = serde_json::to_string(&line).expect("the line is plain data");
    text.push('\n');
    text
}

impl<'a> Listener<'a> {
    fn of(who: &'a Who) -> Self {
        Listener {
            protocol: match who.protocol {
                Protocol::Tcp => "tcp",
                Protocol::Unix => "unix",
            },
            address: &who.address,
            inode: who.inode,
            process: who
                .owner
                .as_ref()
                .map(|Owner { pid, name, .. }| Process { pid: *pid, name }),
        }
    }
}

impl Grown {
    fn of(growth: &Growth) -> Self {
        Grown {
            by: growth.by,
            within_ms: millis(growth.within),
            // Beyond the precision of the measured time, digits are noise.
            per_second: growth.per_second().map(|rate| (rate * 10.0).round() / 10.0),
        }
    }
}

impl<'a> Details<'a> {
    fn of(what: &'a What) -> Self {
        match what {
            &What::QueueFull {
                queue,
                backlog,
                at_first_sight,
            } => Details::Full {
                queue,
                backlog,
                at_first_sight,
            },
            &What::QueueHasRoom { queue, backlog } => Details::Queue { queue, backlog },
            What::DropsGrew { growth } => Details::Grew(Grown::of(growth)),
            What::UnexplainedDrops {
                growth,
                overflows,
                all_counted,
            } => Details::Unexplained {
                grown: Grown::of(growth),
                overflows: *overflows,
                all_counted: *all_counted,
            },
            What::SynQueueFull { growth, cookies } => Details::SynQueue {
                grown: Grown::of(growth),
                cookies: *cookies,
            },
            What::CookiesSent { growth, always } => Details::Cookies {
                grown: Grown::of(growth),
                always: *always,
            },
            What::ListenerCame | What::ListenerWent => Details::Nothing {},
            &What::NamespaceCame { listeners } | &What::NamespaceWent { listeners } => {
                Details::Listeners { listeners }
            }
            What::ReadingFailed { reads, gap, others } => Details::Failed {
                reading: reads.name(),
                what: &gap.what,
                why: gap.why.to_string(),
                other_namespaces: *others,
            },
            What::ReadingBack(reads) => Details::Back {
                reading: reads.name(),
            },
            &What::More { what, number } => Details::More { of: what, number },
            What::Behind { took } => Details::Behind {
                took_ms: millis(*took),
            },
            &What::OnTime { skipped } => Details::OnTime { skipped },
        }
    }
}
