//! A network namespace: its settings, counters and listeners.

use super::Fact;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A network namespace is the inode of its nsfs file, and the device that the inode is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NetnsId {
    /// Device of nsfs.
    pub device: u64,
    /// The number in `net:[4026531833]`.
    pub inode: u64,
}

/// A name that somebody gave to a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetnsName {
    /// A file in /run/netns, as `ip netns` shows it.
    Netns(String),
    /// A container, from the cgroup of a process or the directory of a run time.
    Container(String),
    /// An nsfs mount elsewhere.
    Mount(String),
    /// A process in it: the one with the lowest pid.
    Process {
        /// Its pid.
        pid: u32,
        /// Its name.
        name: String,
    },
}

/// One network namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its identity.
    pub id: NetnsId,
    /// All its names, best first.
    pub names: Vec<NetnsName>,
    /// The observer's own.
    pub own: bool,
    /// The host's: the initial one, or the one of process 1. `None` when that could not be seen, or
    /// when process 1 is the init of a container.
    pub host: Option<bool>,
    /// Its settings.
    pub sysctls: NetSysctls,
    /// Its counters, since it was created.
    pub counters: Fact<Counters>,
    /// Its TCP listeners. `Partial` when they came from /proc, which has no backlog.
    pub listeners: Fact<Vec<TcpListener>>,
    /// Its unix listeners, as the observer's mount namespace names them.
    pub unix_listeners: Fact<Vec<UnixListener>>,
    /// Connection requests that wait for the final ACK, by local address. A listener without an
    /// entry in a `Known` fact has none.
    #[serde(default = "super::not_recorded")]
    pub syn_recv: Fact<Vec<SynRecv>>,
    /// Its connected unix stream sockets with unread bytes.
    #[serde(default = "super::not_recorded")]
    pub unix_streams: Fact<Vec<UnixStream>>,
    /// A second reading, when `--sample` was asked for.
    pub sample: Option<Sample>,
}

/// Settings of one namespace, from /proc/sys/net.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetSysctls {
    /// net.core.somaxconn, connections.
    pub somaxconn: Fact<u32>,
    /// net.ipv4.tcp_syncookies: 0 off, 1 when the SYN queue is full, 2 always.
    pub tcp_syncookies: Fact<u32>,
    /// net.ipv4.tcp_max_syn_backlog, requests.
    pub tcp_max_syn_backlog: Fact<u32>,
    /// net.ipv4.tcp_abort_on_overflow: 0 or 1.
    pub tcp_abort_on_overflow: Fact<u32>,
    /// net.ipv4.tcp_synack_retries.
    pub tcp_synack_retries: Fact<u32>,
}

/// TcpExt counters of /proc/net/netstat, as far as checks ask for them. Totals since the
/// namespace was created. `None`: this kernel has no such column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// ListenOverflows: accept queue full, at the SYN or at the final ACK.
    pub listen_overflows: Option<u64>,
    /// ListenDrops: the above, and every other reason to drop a connection request.
    pub listen_drops: Option<u64>,
    /// TCPReqQFullDoCookies: SYN queue full, a cookie was sent.
    pub req_q_full_do_cookies: Option<u64>,
    /// TCPReqQFullDrop: SYN queue full, the SYN was dropped.
    pub req_q_full_drop: Option<u64>,
    /// SyncookiesSent.
    pub syncookies_sent: Option<u64>,
    /// SyncookiesRecv: valid cookies that came back.
    pub syncookies_recv: Option<u64>,
    /// SyncookiesFailed: invalid cookies that came back.
    pub syncookies_failed: Option<u64>,
}

/// A second reading of what grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Time between the two readings in this namespace, measured, in milliseconds.
    pub interval_ms: u64,
    /// The counters at its end.
    pub counters: Fact<Counters>,
    /// The listeners at its end.
    pub listeners: Fact<Vec<TcpListener>>,
}

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// AF_INET.
    V4,
    /// AF_INET6.
    V6,
}

/// A listening TCP socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpListener {
    /// Its family.
    pub family: Family,
    /// Local address.
    pub address: IpAddr,
    /// Local port.
    pub port: u16,
    /// Index of the interface that it is bound to, 0 for none.
    pub interface: u32,
    /// The name of that interface, where it could be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface_name: Option<String>,
    /// Connections that wait for accept().
    pub accept_queue: u32,
    /// sk_max_ack_backlog. `None` when the source does not have it.
    pub backlog: Option<u32>,
    /// Its own drop counter, `INET_DIAG_SKMEMINFO[8]`. `None` when the source does not have it.
    pub drops: Option<u32>,
    /// User id of its owner.
    pub uid: u32,
    /// Inode, 0 when no descriptor is left.
    pub inode: u32,
    /// Where this was read.
    pub source: SocketSource,
}

/// A listening unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixListener {
    /// Path, or `@` and the abstract name; any bytes, made valid UTF-8.
    pub name: String,
    /// Connections that wait for accept(). `None` when the source does not have it.
    pub accept_queue: Option<u32>,
    /// sk_max_ack_backlog. `None` when the source does not have it.
    pub backlog: Option<u32>,
    /// Inode.
    pub inode: u32,
    /// Where this was read.
    #[serde(default)]
    pub source: SocketSource,
}

/// Where the numbers of a socket were read, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketSource {
    /// A sock_diag dump.
    #[default]
    SockDiag,
    /// A duplicate of a descriptor of its process: `TCP_INFO` and `SO_MEMINFO`, or `SIOCINQ`.
    Descriptor,
    /// A BPF iterator over the kernel's table of sockets.
    BpfIterator,
    /// A file in /proc/net: of TCP no backlog and no drops, of unix sockets no queues.
    ProcNet,
}

impl SocketSource {
    /// As in tables.
    pub const fn name(self) -> &'static str {
        match self {
            SocketSource::SockDiag => "sock_diag",
            SocketSource::Descriptor => "socket",
            SocketSource::BpfIterator => "BPF iterator",
            SocketSource::ProcNet => "/proc/net",
        }
    }
}

/// A connected unix stream socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixStream {
    /// Its own path or abstract name, or that of its peer where it has none. Empty: neither.
    pub name: String,
    /// Bytes that wait to be read. `None` when the source does not have it.
    pub unread: Option<u32>,
    /// Inode.
    pub inode: u32,
    /// Where this was read.
    pub source: SocketSource,
}

/// Connection requests at one local address: sockets in SYN_RECV. Members of an SO_REUSEPORT
/// group cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynRecv {
    /// Family of the requests.
    pub family: Family,
    /// Local address that the SYNs were sent to; never the wildcard.
    pub address: IpAddr,
    /// Local port.
    pub port: u16,
    /// Index of the interface that they belong to, 0 for none. `None`: /proc/net does not say.
    #[serde(default)]
    pub interface: Option<u32>,
    /// How many.
    pub requests: u32,
}
