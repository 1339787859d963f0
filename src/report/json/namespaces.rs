//! The network namespaces that were looked at.

use super::environment::Gap;
use super::source;
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::facts::{self, Fact, NetnsName};
use std::collections::BTreeMap;

/// A network namespace. What could not be read is null and stands in `gaps`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Namespace<'a> {
    /// What findings call it.
    label: String,
    /// Its identity.
    id: Id,
    /// All its names, best first.
    names: Vec<Name<'a>>,
    /// The one that the program ran in.
    own: bool,
    /// The host's. null where that could not be told.
    host: Option<bool>,
    /// How many TCP listeners were seen in it.
    tcp_listeners: Option<usize>,
    /// How many unix listeners were seen in it.
    unix_listeners: Option<usize>,
    /// How many of them were read where.
    listener_sources: ListenerSources,
    /// Its connected unix streams with unread bytes; null where nobody asked for them, which is
    /// so unless ss is blind for them.
    unread_unix_streams: Option<Vec<UnixStream<'a>>>,
    /// Its settings.
    sysctls: Sysctls,
    /// Its TcpExt counters, since it was created.
    counters: Option<Counters>,
    /// What could not be read in it.
    gaps: Vec<Gap<'a>>,
}

/// The inode of its nsfs file, and the device that the inode is on.
#[derive(Debug, Serialize, JsonSchema)]
struct Id {
    /// Device of nsfs.
    device: u64,
    /// The number in `net:[4026531833]`.
    inode: u64,
}

/// A name that somebody gave to a namespace.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Name<'a> {
    /// A file in /run/netns.
    Netns {
        /// The name.
        name: &'a str,
    },
    /// A container.
    Container {
        /// Its id.
        id: &'a str,
    },
    /// An nsfs mount.
    Mount {
        /// Where.
        path: &'a str,
    },
    /// A process in it.
    Process {
        /// Its pid.
        pid: u32,
        /// Its name.
        name: &'a str,
    },
}

/// Numbers of listeners by where they were read: `sock-diag`, `descriptor` (a duplicate of a
/// descriptor of their process), `bpf-iterator`, `proc-net` (no backlog, no drops).
#[derive(Debug, Serialize, JsonSchema)]
struct ListenerSources {
    /// TCP listeners.
    tcp: BTreeMap<&'static str, usize>,
    /// Unix listeners.
    unix: BTreeMap<&'static str, usize>,
}

/// A connected unix stream.
#[derive(Debug, Serialize, JsonSchema)]
struct UnixStream<'a> {
    /// Its own name, or that of its peer; empty where neither has one.
    name: &'a str,
    /// Bytes that wait to be read.
    unread: Option<u32>,
    /// Its inode.
    inode: u32,
    /// Where this was read, as in `listener_sources`.
    source: &'static str,
}

/// Settings of /proc/sys/net.
#[derive(Debug, Serialize, JsonSchema)]
struct Sysctls {
    /// net.core.somaxconn
    somaxconn: Option<u32>,
    /// net.ipv4.tcp_syncookies
    tcp_syncookies: Option<u32>,
    /// net.ipv4.tcp_max_syn_backlog
    tcp_max_syn_backlog: Option<u32>,
    /// net.ipv4.tcp_abort_on_overflow
    tcp_abort_on_overflow: Option<u32>,
    /// net.ipv4.tcp_synack_retries
    tcp_synack_retries: Option<u32>,
}

/// TcpExt counters. null: this kernel has no such column.
#[derive(Debug, Serialize, JsonSchema)]
struct Counters {
    /// ListenOverflows
    listen_overflows: Option<u64>,
    /// ListenDrops
    listen_drops: Option<u64>,
    /// TCPReqQFullDoCookies
    req_q_full_do_cookies: Option<u64>,
    /// TCPReqQFullDrop
    req_q_full_drop: Option<u64>,
    /// SyncookiesSent
    syncookies_sent: Option<u64>,
    /// SyncookiesRecv
    syncookies_recv: Option<u64>,
    /// SyncookiesFailed
    syncookies_failed: Option<u64>,
}

impl<'a> Namespace<'a> {
    pub(super) fn of(namespace: &'a facts::Namespace) -> Self {
        let streams = namespace.unix_streams.value();
        Namespace {
            label: namespace.label(),
            id: Id {
                device: namespace.id.device,
                inode: namespace.id.inode,
            },
            names: namespace.names.iter().map(Name::of).collect(),
            own: namespace.own,
            host: namespace.host,
            tcp_listeners: namespace.listeners.value().map(Vec::len),
            unix_listeners: namespace.unix_listeners.value().map(Vec::len),
            listener_sources: ListenerSources::of(namespace),
            unread_unix_streams: streams.map(|all| all.iter().map(UnixStream::of).collect()),
            sysctls: Sysctls::of(&namespace.sysctls),
            counters: namespace.counters.value().map(Counters::of),
            gaps: gaps(namespace).map(Gap::of).collect(),
        }
    }
}

fn gaps(namespace: &facts::Namespace) -> impl Iterator<Item = &facts::Gap> {
    let sysctls = &namespace.sysctls;
    [
        sysctls.somaxconn.gaps(),
        sysctls.tcp_syncookies.gaps(),
        sysctls.tcp_max_syn_backlog.gaps(),
        sysctls.tcp_abort_on_overflow.gaps(),
        sysctls.tcp_synack_retries.gaps(),
        namespace.counters.gaps(),
        namespace.listeners.gaps(),
        namespace.unix_listeners.gaps(),
        // Without a value nobody asked, or nobody could.
        namespace
            .unix_streams
            .value()
            .map_or(&[], |_| namespace.unix_streams.gaps()),
    ]
    .into_iter()
    .flatten()
}

impl ListenerSources {
    fn of(namespace: &facts::Namespace) -> Self {
        let tcp = namespace.listeners.value().into_iter().flatten();
        let unix = namespace.unix_listeners.value().into_iter().flatten();
        ListenerSources {
            tcp: counted(tcp.map(|listener| source(listener.source))),
            unix: counted(unix.map(|listener| source(listener.source))),
        }
    }
}

fn counted(sources: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for source in sources {
        *counts.entry(source).or_default() += 1;
    }
    counts
}

impl<'a> UnixStream<'a> {
    fn of(stream: &'a facts::UnixStream) -> Self {
        UnixStream {
            name: &stream.name,
            unread: stream.unread,
            inode: stream.inode,
            source: source(stream.source),
        }
    }
}

impl<'a> Name<'a> {
    fn of(name: &'a NetnsName) -> Self {
        match name {
            NetnsName::Netns(name) => Name::Netns { name },
            NetnsName::Container(id) => Name::Container { id },
            NetnsName::Mount(path) => Name::Mount { path },
            NetnsName::Process { pid, name } => Name::Process { pid: *pid, name },
        }
    }
}

impl Sysctls {
    fn of(sysctls: &facts::NetSysctls) -> Self {
        let number = |fact: &Fact<u32>| fact.value().copied();
        Sysctls {
            somaxconn: number(&sysctls.somaxconn),
            tcp_syncookies: number(&sysctls.tcp_syncookies),
            tcp_max_syn_backlog: number(&sysctls.tcp_max_syn_backlog),
            tcp_abort_on_overflow: number(&sysctls.tcp_abort_on_overflow),
            tcp_synack_retries: number(&sysctls.tcp_synack_retries),
        }
    }
}

impl Counters {
    fn of(counters: &facts::Counters) -> Self {
        Counters {
            listen_overflows: counters.listen_overflows,
            listen_drops: counters.listen_drops,
            req_q_full_do_cookies: counters.req_q_full_do_cookies,
            req_q_full_drop: counters.req_q_full_drop,
            syncookies_sent: counters.syncookies_sent,
            syncookies_recv: counters.syncookies_recv,
            syncookies_failed: counters.syncookies_failed,
        }
    }
}
