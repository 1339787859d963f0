//! A watch for programs: an object a line. Strings are as the machine gave them.

mod event;

use super::{Closing, Opening, timestamp};
use crate::report::json::{self, SCHEMA_VERSION, Status, schema_of};
use event::{
    Back, Behind, Cookies, Failed, Full, Grown, Happened, Listeners, More, Nothing, OnTime, Queue,
    SynQueue, Unexplained,
};
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::watch::Event;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::time::SystemTime;

/// A line of what `sockdoctor watch --format json` prints. The first one is `watching`, the last
/// one `ended`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "sockdoctor watch, a line")]
struct Line<'a> {
    /// Raised when a reader of the last version would misread this one.
    schema_version: u32,
    /// When, RFC 3339 with milliseconds, UTC. Of an event: when the reading was complete that
    /// shows it.
    at: String,
    #[serde(flatten)]
    told: Told<'a>,
}

/// What the line tells; of an event by the name that [`What::name`] gives it.
///
/// [`What::name`]: sockdoctor_checks::watch::What::name
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Told<'a> {
    /// The first line: what is watched.
    Watching(Begun),
    /// An accept queue is full: the next connection is turned away.
    QueueFull(Happened<'a, Full>),
    /// An accept queue that was full has room again.
    QueueHasRoom(Happened<'a, Queue>),
    /// A listener dropped connection requests, at most so many: its own counter and ListenDrops of
    /// its namespace both grew.
    Drops(Happened<'a, Grown>),
    /// ListenDrops of a namespace grew by more than its listeners count.
    UnexplainedDrops(Happened<'a, Unexplained>),
    /// A SYN queue was full.
    SynQueueFull(Happened<'a, SynQueue>),
    /// SYNs were answered with cookies.
    CookiesSent(Happened<'a, Cookies>),
    /// A listener came.
    ListenerCame(Happened<'a, Nothing>),
    /// A listener went.
    ListenerWent(Happened<'a, Nothing>),
    /// A namespace came.
    NamespaceCame(Happened<'a, Listeners>),
    /// A namespace went, and its listeners with it.
    NamespaceWent(Happened<'a, Listeners>),
    /// Something could not be read, or not in full.
    ReadingFailed(Happened<'a, Failed<'a>>),
    /// What could not be read can be read again.
    ReadingBack(Happened<'a, Back<'a>>),
    /// The same happened to more listeners of a namespace than are named.
    More(Happened<'a, More>),
    /// Readings are left out, because the one before was not told within the interval.
    Behind(Happened<'a, Behind>),
    /// They keep pace again.
    OnTime(Happened<'a, OnTime>),
    /// The last line: what came of it all.
    Ended(Ended<'a>),
}

/// What is watched.
#[derive(Debug, Serialize, JsonSchema)]
struct Begun {
    /// sockdoctor
    tool: &'static str,
    /// Its version.
    version: &'static str,
    /// Network namespaces that the first reading found.
    namespaces: usize,
    /// Those of them whose listeners it could not read.
    unread_namespaces: usize,
    /// Listeners that it found in them, TCP and unix.
    listeners: usize,
    /// From one reading to the next, as it was asked for.
    interval_ms: u64,
    /// Readings after which it ends. null: when it is told to.
    count: Option<NonZero<u64>>,
}

/// What came of the whole watch.
#[derive(Debug, Serialize, JsonSchema)]
struct Ended<'a> {
    /// Readings that were taken.
    readings: u64,
    /// Those that were asked for with --count. Where there were fewer, the watch was ended early.
    asked_for: Option<NonZero<u64>>,
    /// Readings that were left out because those before were not told in time.
    skipped: u64,
    /// From the first reading to the last.
    duration_ms: u64,
    /// How often what happened, by the name of the event.
    events: &'a BTreeMap<&'static str, u64>,
    /// What the checks make of it.
    checks: Vec<Check>,
    /// The exit code of the process.
    exit_code: u8,
}

/// A check and its verdict.
#[derive(Debug, Serialize, JsonSchema)]
struct Check {
    /// Its id.
    id: &'static str,
    /// How it came out.
    status: Status,
}

/// The JSON Schema of a line.
pub(crate) fn schema() -> String {
    schema_of::<Line<'static>>()
}

/// What is watched.
pub(crate) fn opening(when: SystemTime, opening: &Opening) -> String {
    let begun = Begun {
        tool: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        namespaces: opening.namespaces,
        unread_namespaces: opening.unread,
        listeners: opening.listeners,
        interval_ms: millis(opening.interval),
        count: opening.count,
    };
    line(when, Told::Watching(begun))
}

/// One event.
pub(crate) fn event(when: SystemTime, event: &Event) -> String {
    line(when, Told::of(event))
}

/// What came of it.
pub(crate) fn closing(when: SystemTime, closing: &Closing<'_>) -> String {
    let results = closing.diagnosis.results.iter();
    let checks = results.map(|result| Check {
        id: result.check.id,
        status: result.status.into(),
    });
    let ended = Ended {
        readings: closing.totals.readings,
        asked_for: closing.totals.asked_for,
        skipped: closing.totals.skipped,
        duration_ms: millis(closing.totals.duration),
        events: &closing.totals.events,
        checks: checks.collect(),
        exit_code: closing.exit.code(),
    };
    line(when, Told::Ended(ended))
}

fn line(when: SystemTime, told: Told<'_>) -> String {
    json::line(&Line {
        schema_version: SCHEMA_VERSION,
        at: timestamp(when),
        told,
    })
}
