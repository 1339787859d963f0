//! What can happen between two readings.

use crate::facts::{Gap, Owner};
use std::time::Duration;

/// Something that happened, and to what.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it happened to.
    pub subject: Subject,
    /// What happened.
    pub what: What,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The watch as a whole.
    Watch,
    /// A network namespace, by its label.
    Namespace(String),
    /// A listening socket.
    Listener(Who),
}

/// A listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The label of its namespace.
    pub namespace: String,
    /// Its kind.
    pub protocol: Protocol,
    /// `0.0.0.0:80`, or a path or `@` and an abstract name.
    pub address: String,
    /// Its inode, 0 when no descriptor is left.
    pub inode: u32,
    /// The process that holds it, when somebody has looked.
    pub owner: Option<Owner>,
}

/// The kind of a listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP, IPv4 or IPv6.
    Tcp,
    /// A unix socket.
    Unix,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An accept queue is full: the next connection is turned away.
    QueueFull {
        /// Connections that wait.
        queue: u32,
        /// Its backlog; the queue holds one more.
        backlog: u32,
        /// It was so when it was first seen, so it is not known when it became full.
        at_first_sight: bool,
    },
    /// An accept queue that was full has room again.
    QueueHasRoom {
        /// Connections that wait.
        queue: u32,
        /// Its backlog; the queue holds one more.
        backlog: u32,
    },
    /// A listener dropped connection requests: its own counter and ListenDrops both grew.
    DropsGrew {
        /// At most so many.
        growth: Growth,
    },
    /// ListenDrops of a namespace grew by more than its listeners count.
    UnexplainedDrops {
        /// By how many more.
        growth: Growth,
        /// How much ListenOverflows grew, `None` when the kernel does not have it.
        overflows: Option<u64>,
        /// Every listener's own counter was read.
        all_counted: bool,
    },
    /// A SYN queue was full.
    SynQueueFull {
        /// How many SYNs met it.
        growth: Growth,
        /// Cookies are on, and answer those that meet no full accept queue as well (tcp_conn_request,
        /// net/ipv4/tcp_input.c); otherwise they were dropped.
        cookies: bool,
    },
    /// SYNs were answered with cookies.
    CookiesSent {
        /// How many.
        growth: Growth,
        /// tcp_syncookies is 2: each SYN is, whether the queue is full or not.
        always: bool,
    },
    /// A listener came.
    ListenerCame,
    /// A listener went.
    ListenerWent,
    /// A namespace came.
    NamespaceCame {
        /// Its listeners, `None` when they could not be read.
        listeners: Option<usize>,
    },
    /// A namespace went.
    NamespaceWent {
        /// The listeners that went with it, `None` when they were never read.
        listeners: Option<usize>,
    },
    /// Something could not be read, or not in full.
    ReadingFailed {
        /// What.
        reads: Reads,
        /// Why.
        gap: Gap,
        /// Other namespaces where the same happened for the same reason.
        others: usize,
    },
    /// What could not be read can be read again.
    ReadingBack(Reads),
    /// The same happened to more listeners of a namespace than are named.
    More {
        /// The name of what happened, as [`What::name`] gives it.
        what: &'static str,
        /// To how many more.
        number: usize,
    },
    /// Readings are left out, because the one before them was not told within the interval. Why
    /// not is not known: it may have been slow, or its reader, or the process was stopped.
    Behind {
        /// From when that one was due until it was told.
        took: Duration,
    },
    /// They keep pace again.
    OnTime {
        /// Readings that were left out meanwhile.
        skipped: u64,
    },
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// The list of network namespaces.
    Namespaces,
    /// All of one namespace.
    Namespace,
    /// The TcpExt counters of a namespace.
    Counters,
    /// Its TCP listeners.
    TcpListeners,
    /// Its unix listeners.
    UnixListeners,
    /// The processes that hold the listeners that are named.
    Owners,
}

/// How much a counter grew, and in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// By how much.
    pub by: u64,
    /// The measured time between the two readings.
    pub within: Duration,
}

impl Growth {
    /// Per second. `None` when no time has passed.
    pub fn per_second(&self) -> Option<f64> {
        let seconds = self.within.as_secs_f64();
        #[allow(clippy::cast_precision_loss)] // a rate for people; 2^53 drops a second are none
        (seconds > 0.0).then(|| self.by as f64 / seconds)
    }
}

impl Event {
    /// About the watch as a whole.
    pub fn of_watch(what: What) -> Self {
        let subject = Subject::Watch;
        Event { subject, what }
    }

    /// The listener that it names.
    pub fn listener(&self) -> Option<&Who> {
        match &self.subject {
            Subject::Listener(who) => Some(who),
            Subject::Watch | Subject::Namespace(_) => None,
        }
    }
}

impl What {
    /// A reading that failed because of `gap`.
    pub fn failed(reads: Reads, gap: &Gap) -> Self {
        What::ReadingFailed {
            reads,
            gap: gap.clone(),
            others: 0,
        }
    }
}
