//! An event as an object.

use super::Told;
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::Gap;
use sockdoctor_checks::watch::{Event, Growth, Protocol, Subject, What, Who};

/// What happened, and to what.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Happened<'a, D> {
    /// The event in words.
    summary: String,
    /// The label of the namespace, null for the watch as a whole.
    namespace: Option<&'a str>,
    /// null where it is not about a listener.
    listener: Option<Listener<'a>>,
    #[serde(flatten)]
    details: D,
}

/// A listening socket.
#[derive(Debug, Serialize, JsonSchema)]
struct Listener<'a> {
    /// `tcp` or `unix`.
    protocol: &'static str,
    /// `0.0.0.0:80`, `[::]:80`, a path, or `@` and an abstract name.
    address: &'a str,
    /// Its inode, 0 when no descriptor is left.
    inode: u32,
    /// null when nobody was found to hold it, or could be seen.
    process: Option<Process<'a>>,
}

/// A process.
#[derive(Debug, Serialize, JsonSchema)]
struct Process<'a> {
    /// Its pid.
    pid: u32,
    /// Its name.
    name: &'a str,
}

/// How much a counter grew, in which measured time.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Grown {
    /// By how much.
    by: u64,
    /// Between the two readings.
    within_ms: u64,
    /// null when no time has passed.
    per_second: Option<f64>,
}

/// An accept queue.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Queue {
    /// Connections that wait.
    queue: u32,
    /// Its backlog; the queue holds one more.
    backlog: u32,
}

/// An accept queue that is full.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Full {
    #[serde(flatten)]
    now: Queue,
    /// It was so when it was first seen, so it is not known when it became full.
    at_first_sight: bool,
}

/// Drops that no listener counts.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Unexplained {
    #[serde(flatten)]
    grown: Grown,
    /// How much ListenOverflows grew, null when the kernel does not have it.
    overflows: Option<u64>,
    /// Every listener's own counter was read.
    all_counted: bool,
}

/// SYNs that met a full queue.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SynQueue {
    #[serde(flatten)]
    grown: Grown,
    /// They were answered with cookies; otherwise they were dropped.
    cookies: bool,
}

/// Cookies that were sent.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Cookies {
    #[serde(flatten)]
    grown: Grown,
    /// tcp_syncookies is 2: each SYN is answered so, whether the queue is full or not.
    always: bool,
}

/// The listeners of a namespace.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listeners {
    /// How many, null when they could not be read.
    listeners: Option<usize>,
}

/// What could not be read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Failed<'a> {
    /// Which reading.
    reading: &'a str,
    /// What of it.
    what: &'a str,
    /// Why not.
    why: String,
    /// Other namespaces where the same happened for the same reason.
    other_namespaces: usize,
}

/// What can be read again.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Back<'a> {
    /// Which reading.
    reading: &'a str,
}

/// What is not named.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct More {
    /// The name of the event that happened.
    of: &'static str,
    /// To how many more listeners.
    number: usize,
}

/// A reading that was not told within the interval.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Behind {
    /// From when it was due until it was told.
    took_ms: u64,
}

/// The end of being late.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OnTime {
    /// Readings that were left out meanwhile.
    skipped: u64,
}

/// Nothing more than that it happened.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Nothing {}

impl<'a> Told<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        match &event.what {
            &What::QueueFull {
                queue,
                backlog,
                at_first_sight,
            } => Told::QueueFull(about(
                event,
                Full {
                    now: Queue { queue, backlog },
                    at_first_sight,
                },
            )),
            &What::QueueHasRoom { queue, backlog } => {
                Told::QueueHasRoom(about(event, Queue { queue, backlog }))
            }
            What::DropsGrew { growth } => Told::Drops(about(event, Grown::of(growth))),
            &What::UnexplainedDrops {
                ref growth,
                overflows,
                all_counted,
            } => Told::UnexplainedDrops(about(
                event,
                Unexplained {
                    grown: Grown::of(growth),
                    overflows,
                    all_counted,
                },
            )),
            &What::SynQueueFull {
                ref growth,
                cookies,
            } => {
                let grown = Grown::of(growth);
                Told::SynQueueFull(about(event, SynQueue { grown, cookies }))
            }
            &What::CookiesSent { ref growth, always } => {
                let grown = Grown::of(growth);
                Told::CookiesSent(about(event, Cookies { grown, always }))
            }
            What::ListenerCame => Told::ListenerCame(about(event, Nothing {})),
            What::ListenerWent => Told::ListenerWent(about(event, Nothing {})),
            &What::NamespaceCame { listeners } => {
                Told::NamespaceCame(about(event, Listeners { listeners }))
            }
            &What::NamespaceWent { listeners } => {
                Told::NamespaceWent(about(event, Listeners { listeners }))
            }
            What::ReadingFailed { reads, gap, others } => {
                Told::ReadingFailed(about(event, Failed::of(reads.name(), gap, *others)))
            }
            What::ReadingBack(reads) => {
                let reading = reads.name();
                Told::ReadingBack(about(event, Back { reading }))
            }
            &What::More { what: of, number } => Told::More(about(event, More { of, number })),
            What::Behind { took } => {
                let took_ms = millis(*took);
                Told::Behind(about(event, Behind { took_ms }))
            }
            &What::OnTime { skipped } => Told::OnTime(about(event, OnTime { skipped })),
        }
    }
}

fn about<D>(event: &Event, details: D) -> Happened<'_, D> {
    Happened {
        summary: event.says(),
        namespace: match &event.subject {
            Subject::Watch => None,
            Subject::Namespace(label) => Some(label),
            Subject::Listener(who) => Some(&who.namespace),
        },
        listener: event.listener().map(Listener::of),
        details,
    }
}

impl<'a> Listener<'a> {
    fn of(who: &'a Who) -> Self {
        let owner = who.owner.as_ref();
        Listener {
            protocol: match who.protocol {
                Protocol::Tcp => "tcp",
                Protocol::Unix => "unix",
            },
            address: &who.address,
            inode: who.inode,
            process: owner.map(|owner| Process {
                pid: owner.pid,
                name: &owner.name,
            }),
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

impl<'a> Failed<'a> {
    fn of(reading: &'a str, gap: &'a Gap, other_namespaces: usize) -> Self {
        Failed {
            reading,
            what: &gap.what,
            why: gap.why.to_string(),
            other_namespaces,
        }
    }
}
