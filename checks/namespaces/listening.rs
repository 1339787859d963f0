//! TCP and unix listeners looked at alike: both have an accept queue and a backlog.

use crate::facts::{Facts, Namespace, SocketSource, TcpListener, UnixListener};
use crate::finding::{Evidence, Remedy, Subject};
use crate::label;
use crate::list::counted;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Listeners that one check names; the others are counted. A host can have 10,000.
pub(crate) const NAMED: usize = 16;

/// What to do about an accept queue that is full, or was.
pub(crate) fn empty_it(first: Remedy) -> Remedy {
    first
        .then_do("look at the process: it does not call accept() fast enough, or not at all")
        .then_do(
            "only if this comes in bursts: give it a larger backlog, and raise net.core.somaxconn where that is lower",
        )
}

/// `3 connections wait`.
pub(crate) fn waiting(accept_queue: u32) -> String {
    let wait = if accept_queue == 1 { "waits" } else { "wait" };
    format!("{} {wait}", counted(accept_queue, "connection"))
}

/// `in a queue for 129`: one more than the backlog, see [`Fill::of`].
pub(crate) fn room(backlog: u32) -> String {
    format!("in a queue for {}", u64::from(backlog) + 1)
}

/// A listener, and the namespace that it is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) socket: Socket<'a>,
}

/// The two kinds of sockets with an accept queue that are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Socket<'a> {
    Tcp(&'a TcpListener),
    Unix(&'a UnixListener),
}

/// How full an accept queue is, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fill {
    /// There is room.
    Room,
    /// The queue or the backlog is not known.
    Unknown,
    /// Three quarters or more are taken.
    Nearly,
    /// The next connection is turned away.
    Full,
}

impl Fill {
    /// Judges a queue and a backlog, where the source has them. The kernel's own test is `>`,
    /// not `>=` (sk_acceptq_is_full, include/net/sock.h; unix_recvq_full_lockless,
    /// net/unix/af_unix.c), so a queue holds one more than its backlog.
    pub fn of(queue: Option<u32>, backlog: Option<u32>) -> Self {
        /// In a shorter queue three quarters are a handful, and no sign of anything.
        const SHORTEST: u32 = 16;
        let (Some(queue), Some(backlog)) = (queue, backlog) else {
            return Fill::Unknown;
        };
        let queue = u64::from(queue);
        match backlog {
            backlog if queue > u64::from(backlog) => Fill::Full,
            backlog if backlog >= SHORTEST && queue * 4 >= (u64::from(backlog) + 1) * 3 => {
                Fill::Nearly
            }
            _ => Fill::Room,
        }
    }

    /// Of several readings of one queue that with the highest is the worst. One without a backlog
    /// says least.
    pub(crate) const fn badness(self) -> u8 {
        match self {
            Fill::Full => 3,
            Fill::Nearly => 2,
            Fill::Room => 1,
            Fill::Unknown => 0,
        }
    }
}

impl Listening<'_> {
    /// Connections that wait for accept(), when the source has it.
    pub(crate) fn accept_queue(&self) -> Option<u32> {
        match self.socket {
            Socket::Tcp(listener) => Some(listener.accept_queue),
            Socket::Unix(listener) => listener.accept_queue,
        }
    }

    /// sk_max_ack_backlog, when the source has it.
    pub(crate) fn backlog(&self) -> Option<u32> {
        match self.socket {
            Socket::Tcp(listener) => listener.backlog,
            Socket::Unix(listener) => listener.backlog,
        }
    }

    /// Its address and port, or its name.
    fn place(&self) -> (Option<(IpAddr, u16)>, &str) {
        match self.socket {
            Socket::Tcp(listener) => (Some((listener.address, listener.port)), ""),
            Socket::Unix(listener) => (None, &listener.name),
        }
    }

    /// Inode of the socket.
    pub(crate) fn inode(&self) -> u32 {
        match self.socket {
            Socket::Tcp(listener) => listener.inode,
            Socket::Unix(listener) => listener.inode,
        }
    }

    /// How full the accept queue is.
    pub(crate) fn fill(&self) -> Fill {
        Fill::of(self.accept_queue(), self.backlog())
    }

    /// The subject of a finding about it, with its process when that is known.
    pub(crate) fn subject(&self, facts: &Facts) -> Subject {
        match self.socket {
            Socket::Tcp(listener) => label::listener_subject(facts, self.namespace, listener),
            Socket::Unix(listener) => Subject::Listener {
                address: listener.name.clone(),
                namespace: self.namespace.label(),
                owner: label::owner(facts, listener.inode),
            },
        }
    }

    /// Why its process is not named, where that could not be seen.
    pub(crate) fn without_process(&self, facts: &Facts) -> Option<Evidence> {
        let named = label::owner(facts, self.inode()).is_some();
        let mut gaps = facts.owners.gaps().iter();
        let unseen = gaps.find(|gap| !named && !gap.is_unasked());
        unseen.map(Evidence::gap)
    }

    /// Both queue columns, as the kernel gave them.
    pub(crate) fn evidence(&self) -> Evidence {
        let says = match (self.accept_queue(), self.backlog()) {
            (Some(queue), Some(backlog)) => format!("Recv-Q {queue}, Send-Q {backlog}"),
            (Some(queue), None) => format!("Recv-Q {queue}"),
            (None, _) => "neither queue".to_owned(),
        };
        self.source().evidence(says)
    }

    /// Where its queues were read.
    pub(crate) fn source(&self) -> Read {
        match self.socket {
            Socket::Tcp(listener) => tcp_source(listener),
            Socket::Unix(listener) => match listener.source {
                SocketSource::SockDiag => Read::Call("sock_diag dump of unix listeners"),
                SocketSource::Descriptor => Read::Call("ioctl(SIOCINQ) on its descriptor"),
                SocketSource::BpfIterator => Read::Call("BPF iterator over unix sockets"),
                SocketSource::ProcNet => Read::File("/proc/net/unix"),
            },
        }
    }
}

/// Where the queues of a listener were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    Call(&'static str),
    File(&'static str),
}

impl Read {
    pub(crate) fn evidence(self, says: impl Into<String>) -> Evidence {
        match self {
            Read::Call(call) => Evidence::call(call, None, says),
            Read::File(path) => Evidence::file(path, None, says),
        }
    }
}

/// Where the queues of this listener were read.
pub(crate) fn tcp_source(listener: &TcpListener) -> Read {
    match listener.source {
        SocketSource::SockDiag => Read::Call("sock_diag dump of TCP listeners"),
        SocketSource::Descriptor => Read::Call("getsockopt(TCP_INFO) on its descriptor"),
        SocketSource::BpfIterator => Read::Call("BPF iterator over TCP sockets"),
        SocketSource::ProcNet => Read::File("/proc/net/tcp"),
    }
}

/// The TCP listeners of a namespace that could be read. One that was read twice is shown as it
/// was when its queue was fuller.
pub(crate) fn tcp(namespace: &Namespace) -> impl Iterator<Item = Listening<'_>> {
    tcp_listeners(namespace).map(|listener| Listening {
        namespace,
        socket: Socket::Tcp(listener),
    })
}

/// The same, on their own.
pub(crate) fn tcp_listeners(namespace: &Namespace) -> impl Iterator<Item = &TcpListener> {
    let later = namespace.sample.as_ref();
    let later = later.and_then(|sample| sample.listeners.value());
    let mut later: BTreeMap<_, _> = later
        .into_iter()
        .flatten()
        .map(|listener| (listener.identity(), listener))
        .collect();
    let first = namespace.listeners.value().into_iter().flatten();
    let mut listeners: Vec<&TcpListener> = first
        .map(|first| match later.remove(&first.identity()) {
            Some(later) if badness(later) > badness(first) => later,
            _ => first,
        })
        .collect();
    listeners.extend(later.into_values());
    listeners.into_iter()
}

/// A backlog can change as well: listen() may be called again.
fn badness(listener: &TcpListener) -> (u8, u32) {
    let fill = Fill::of(Some(listener.accept_queue), listener.backlog);
    (fill.badness(), listener.accept_queue)
}

/// The unix listeners of a namespace that could be read.
pub(crate) fn unix(namespace: &Namespace) -> impl Iterator<Item = Listening<'_>> {
    let listeners = namespace.unix_listeners.value().into_iter().flatten();
    listeners.map(|listener| Listening {
        namespace,
        socket: Socket::Unix(listener),
    })
}

/// The listeners with this fill, the longest queue first, then by address.
pub(crate) fn filled<'a>(namespaces: &'a [Namespace], fill: Fill) -> Vec<Listening<'a>> {
    let mut found: Vec<Listening<'a>> = namespaces
        .iter()
        .flat_map(|namespace| tcp(namespace).chain(unix(namespace)))
        .filter(|listener| listener.fill() == fill)
        .collect();
    found.sort_by(|a, b| {
        let queues = b.accept_queue().cmp(&a.accept_queue());
        queues.then_with(|| a.place().cmp(&b.place()))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Sample};
    use crate::fixture::{listener, namespace};

    fn fill(accept_queue: u32, backlog: Option<u32>) -> Fill {
        let listener = TcpListener {
            accept_queue,
            backlog,
            ..listener("0.0.0.0", 80)
        };
        tcp(&namespace(1, "host", vec![listener]))
            .next()
            .expect("the listener")
            .fill()
    }

    #[test]
    fn a_queue_holds_one_more_than_its_backlog() {
        assert_eq!(fill(128, Some(128)), Fill::Nearly);
        assert_eq!(fill(129, Some(128)), Fill::Full);
    }

    #[test]
    fn three_quarters_of_the_capacity_is_nearly_full() {
        assert_eq!(fill(95, Some(127)), Fill::Room);
        assert_eq!(fill(96, Some(127)), Fill::Nearly);
    }

    #[test]
    fn listen_with_zero_has_room_for_one() {
        assert_eq!(fill(0, Some(0)), Fill::Room);
        assert_eq!(fill(1, Some(0)), Fill::Full);
    }

    #[test]
    fn a_short_queue_is_never_nearly_full() {
        assert_eq!(fill(1, Some(1)), Fill::Room);
        assert_eq!(fill(15, Some(15)), Fill::Room);
    }

    #[test]
    fn without_a_backlog_nothing_can_be_said() {
        assert_eq!(fill(9, None), Fill::Unknown);
    }

    #[test]
    fn a_queue_that_became_full_because_its_backlog_shrank_is_seen_full() {
        let with = |backlog| TcpListener {
            accept_queue: 5,
            backlog: Some(backlog),
            ..listener("0.0.0.0", 80)
        };
        for (first, later) in [(10, 2), (2, 10)] {
            let mut namespace = namespace(1, "host", vec![with(first)]);
            namespace.sample = Some(Sample {
                interval_ms: 1_000,
                counters: namespace.counters.clone(),
                listeners: Fact::Known(vec![with(later)]),
            });
            let fills: Vec<Fill> = tcp(&namespace).map(|one| one.fill()).collect();
            assert_eq!(fills, [Fill::Full], "{first}, then {later}");
        }
    }

    #[test]
    fn the_largest_backlog_does_not_overflow() {
        assert_eq!(fill(u32::MAX, Some(u32::MAX)), Fill::Nearly);
    }
}
