//! The table for programs.

mod namespaces;
mod sockets;

use super::Listing;
use crate::report::json::{Environment, Gap, SCHEMA_VERSION, Tool, schema_of};
use namespaces::Namespace;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use sockdoctor_checks::facts::NetnsId;
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::listeners::{self, Kind, Known, Row};
use sockdoctor_checks::verdict::{Shown, Walk};
use std::io;

use sockets::{Listener, Stream};

/// What `sockdoctor listeners --format json` prints. What is not known is null, and its reason
/// stands in `gaps`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "sockdoctor listeners")]
struct Document<'a> {
    /// Raised when a reader of the last version would misread this one.
    schema_version: u32,
    /// The program that looked.
    tool: Tool,
    /// Where, when and as whom was looked.
    environment: Environment<'a>,
    /// `tcp` or `unix`: which sockets were asked for.
    kind: &'static str,
    /// What ss shows of them here.
    ss: Ss<'a>,
    /// How many listening sockets are in which state, before --full leaves any out.
    counts: Counts,
    /// Those that were asked for, in the order that was asked for.
    #[schemars(with = "Vec<Listener<'a>>")]
    listeners: Rows<'a>,
    /// Unix streams with unread bytes, most first.
    streams: Vec<Stream<'a>>,
    /// The network namespaces, and who drops in them. Empty for unix sockets.
    namespaces: Vec<Namespace<'a>>,
    /// Sockets that are left out because whether they were asked for could not be told.
    undecided: usize,
    /// What could not be read, each reason once.
    gaps: Vec<Reason<'a>>,
    /// The exit code of the process.
    exit_code: u8,
}

/// Rows, each of which is taken apart when it is written.
#[derive(Debug)]
struct Rows<'a> {
    rows: &'a [Row<'a>],
    shown: Shown,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.rows.iter();
        serializer.collect_seq(rows.map(|row| Listener::of(row, self.shown)))
    }
}

/// What ss shows here.
#[derive(Debug, Serialize, JsonSchema)]
struct Ss<'a> {
    /// `truth`; `proc-net`: what /proc/net has, which is 0 for the Send-Q of TCP listeners and
    /// for both queues of unix sockets; `nothing`: not the sockets at all; null: that could not
    /// be told.
    shows: Option<&'static str>,
    /// The same in one sentence, with its cause.
    summary: &'a str,
    /// The id of the check that names the root cause.
    cause: Option<&'static str>,
}

/// How many listening sockets are in which state.
#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    /// All.
    listeners: usize,
    /// Their queue is full.
    full: usize,
    /// Three quarters of their queue or more are taken.
    nearly_full: usize,
    /// How full they are is not known.
    unknown: usize,
    /// They may have dropped connection requests: packets were discarded there, and ListenDrops of
    /// their namespace is above 0.
    dropping: usize,
}

/// Identity of a network namespace: the inode of its nsfs file, and the device that it is on.
#[derive(Debug, Serialize, JsonSchema)]
struct Netns {
    /// Device of nsfs.
    device: u64,
    /// The number in `net:[4026531833]`.
    inode: u64,
}

/// Why something could not be read, and where.
#[derive(Debug, Serialize, JsonSchema)]
struct Reason<'a> {
    /// What, and why.
    #[serde(flatten)]
    gap: Gap<'a>,
    /// Labels of the namespaces in which; none: it is about the machine.
    namespaces: &'a [String],
}

/// Writes the table as one JSON document: ten thousand rows are nine megabytes.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(listing: &Listing<'_>, mut out: impl io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, &document(listing))?;
    out.write_all(b"\n")
}

/// The JSON Schema of what [`write()`] writes.
pub(crate) fn schema() -> String {
    schema_of::<Document<'static>>()
}

fn document<'a>(listing: &Listing<'a>) -> Document<'a> {
    let table = listing.table;
    Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool::THIS,
        environment: Environment::of(listing.facts),
        kind: match listing.request.kind {
            Kind::Tcp => "tcp",
            Kind::Unix => "unix",
        },
        ss: Ss::of(&table.ss),
        counts: Counts::of(table.counts),
        listeners: Rows {
            rows: &table.rows,
            shown: table.ss.shown,
        },
        streams: table.streams.iter().map(Stream::of).collect(),
        namespaces: table.attributions.iter().map(Namespace::of).collect(),
        undecided: table.undecided,
        gaps: table.gaps.iter().map(Reason::of).collect(),
        exit_code: listing.exit.code(),
    }
}

impl<'a> Ss<'a> {
    fn of(walk: &'a Walk) -> Self {
        Ss {
            shows: match walk.shown {
                Shown::Truth => Some("truth"),
                Shown::ProcNet => Some("proc-net"),
                Shown::Nothing => Some("nothing"),
                Shown::Unknown => None,
            },
            summary: &walk.summary,
            cause: walk.cause.filter(|_| walk.status == Status::Fail),
        }
    }
}

impl Counts {
    fn of(counts: listeners::Counts) -> Self {
        let listeners::Counts {
            listeners,
            full,
            nearly_full,
            unknown,
            dropping,
        } = counts;
        Counts {
            listeners,
            full,
            nearly_full,
            unknown,
            dropping,
        }
    }
}

impl From<NetnsId> for Netns {
    fn from(id: NetnsId) -> Self {
        Netns {
            device: id.device,
            inode: id.inode,
        }
    }
}

impl<'a> Reason<'a> {
    fn of(reason: &'a listeners::Reason) -> Self {
        Reason {
            gap: Gap::of(&reason.gap),
            namespaces: &reason.namespaces,
        }
    }
}

fn known<T: Copy>(value: &Known<T>) -> Option<T> {
    value.as_ref().ok().copied()
}
