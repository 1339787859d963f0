//! One JSON document a line. Strings are as the machine gave them.

mod of;

use super::{Closing, Line};
use crate::report::json::{self, SCHEMA_VERSION, schema_of};
use crate::trace::requirements::Requirement;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A line of what `sockdoctor trace --format json` prints. Where it can trace, the first one is
/// `beginning` and the last one `summary`; where it cannot, `requirements` is the only one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(title = "sockdoctor trace, a line")]
enum Document<'a> {
    /// The watching has begun.
    Beginning(Beginning<'a>),
    /// A connection request.
    Request(Request<'a>),
    /// What all requests add up to.
    Summary(Summary<'a>),
    /// Whether this machine can trace.
    Requirements(Requirements<'a>),
}

/// The watching has begun.
#[derive(Debug, Serialize, JsonSchema)]
struct Beginning<'a> {
    /// Raised when a reader of the last version would misread this one.
    schema_version: u32,
    /// `fentry` or `kprobe`.
    attached_by: &'a str,
    /// Network namespaces that are watched.
    namespaces: usize,
}

/// A connection request.
#[derive(Debug, Serialize, JsonSchema)]
struct Request<'a> {
    /// When the kernel was done with it, RFC 3339 with nanoseconds, UTC.
    time: String,
    /// The network namespace.
    namespace: Namespace<'a>,
    /// Who asked, as `10.9.0.1:40000`.
    client: SocketAddr,
    /// What was asked for.
    local: SocketAddr,
    /// What the listener is bound to.
    listener: SocketAddr,
    /// The inode of the listener; 0 when it was being closed.
    inode: u64,
    /// The process that holds the listener. null when none was found.
    process: Option<Process<'a>>,
    /// Requests that waited for the final ACK just before.
    request_queue: u32,
    /// Connections that waited for accept() just before.
    accept_queue: u32,
    /// The listener's backlog; its queue holds one more.
    backlog: u32,
    /// It was dropped.
    dropped: bool,
    /// What became of it.
    why: &'static str,
    /// The functions that led to it, the innermost first. null when that was not asked for, or
    /// could not be told.
    stack: Option<&'a [String]>,
}

/// A network namespace.
#[derive(Debug, Serialize, JsonSchema)]
struct Namespace<'a> {
    /// The number in `net:[4026531833]`.
    inode: u32,
    /// What its owner calls it.
    label: &'a str,
}

/// A process.
#[derive(Debug, Serialize, JsonSchema)]
struct Process<'a> {
    /// Its pid.
    pid: u32,
    /// Its name.
    name: &'a str,
    /// The container that its cgroup names.
    container: Option<&'a str>,
}

/// What all requests add up to.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary<'a> {
    /// `fentry` or `kprobe`.
    attached_by: &'a str,
    /// Between the two readings of the counters.
    milliseconds: u64,
    /// The only port that was watched. null: all were.
    port: Option<u16>,
    /// Requests that were dropped.
    drops: u64,
    /// All requests that were seen, by what became of them.
    requests: BTreeMap<&'static str, u64>,
    /// The listeners at which any was seen.
    listeners: Vec<Listener<'a>>,
    /// The ways through the kernel on which requests were dropped.
    stacks: Vec<Stack>,
    /// What was seen beside what the kernel counted, by namespace.
    counters: Vec<Counters<'a>>,
    /// Requests that nobody could be told of, because they came faster than they were read.
    lost: Lost<'a>,
    /// What else could not be seen.
    gaps: &'a [String],
}

/// A listener at which requests were seen.
#[derive(Debug, Serialize, JsonSchema)]
struct Listener<'a> {
    /// Its network namespace.
    namespace: Namespace<'a>,
    /// What it is bound to.
    listener: SocketAddr,
    /// Its inode.
    inode: u64,
    /// The process that holds it. null when none was found.
    process: Option<Process<'a>>,
    /// Its backlog when it was last seen.
    backlog: u32,
    /// The longest accept queue that a request met.
    longest_accept_queue: u32,
    /// The longest queue of requests that one met.
    longest_request_queue: u32,
    /// Its requests that were dropped.
    drops: u64,
    /// Its requests, by what became of them.
    requests: BTreeMap<&'static str, u64>,
}

/// A way through the kernel on which requests were dropped.
#[derive(Debug, Serialize, JsonSchema)]
struct Stack {
    /// `syn` or `final-ack`.
    stage: &'static str,
    /// Its functions, the innermost first.
    frames: Vec<String>,
    /// How many.
    drops: u64,
}

/// What was seen beside what the kernel counted in a namespace.
#[derive(Debug, Serialize, JsonSchema)]
struct Counters<'a> {
    /// The label of the namespace.
    namespace: &'a str,
    #[serde(flatten)]
    compared: Compared,
}

/// The counters beside what was seen, or why they are not known.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Compared {
    /// Both.
    Known {
        /// TcpExt.ListenDrops.
        listen_drops: Pair,
        /// TcpExt.ListenOverflows.
        listen_overflows: Pair,
        /// Drops seen while a counter was being read, which may or may not be in it.
        doubtful: u64,
    },
    /// Only what was seen.
    Unknown {
        /// Why.
        unknown: String,
    },
}

/// A counter, and what was seen of it.
#[derive(Debug, Serialize, JsonSchema)]
struct Pair {
    /// By how much it grew.
    grew: u64,
    /// How much of that was seen.
    seen: u64,
}

/// What nobody could be told of.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Lost<'a> {
    /// How much.
    Known {
        /// Requests that were dropped.
        drops: u64,
        /// Other requests.
        others: u64,
    },
    /// That could not be read.
    Unknown {
        /// Why.
        unknown: &'a str,
    },
}

/// Whether this machine can trace.
#[derive(Debug, Serialize, JsonSchema)]
struct Requirements<'a> {
    /// Raised when a reader of the last version would misread this one.
    schema_version: u32,
    /// It can.
    can_run: bool,
    /// What went wrong in the end, if anything did.
    trouble: Option<&'a str>,
    /// What it takes, piece by piece.
    pieces: Vec<Piece<'a>>,
}

/// A piece of what it takes.
#[derive(Debug, Serialize, JsonSchema)]
struct Piece<'a> {
    /// Its name.
    name: &'a str,
    /// Whether it is there.
    standing: &'a str,
    /// What was seen, or why not.
    why: &'a str,
}

/// The JSON Schema of a line.
pub(crate) fn schema() -> String {
    schema_of::<Document<'static>>()
}

pub(super) fn beginning(method: &str, namespaces: usize) -> String {
    json::line(&Document::Beginning(Beginning {
        schema_version: SCHEMA_VERSION,
        attached_by: method,
        namespaces,
    }))
}

pub(super) fn line(line: &Line<'_>) -> String {
    json::line(&Document::Request(Request::of(line)))
}

pub(super) fn closing(closing: &Closing<'_>) -> String {
    json::line(&Document::Summary(Summary::of(closing)))
}

pub(super) fn requirements(all: &[Requirement], trouble: Option<&str>) -> String {
    json::line(&Document::Requirements(Requirements::of(all, trouble)))
}
