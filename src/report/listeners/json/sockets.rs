//! Listeners, the sockets behind them, and streams.

use super::{Netns, known};
use crate::report::json::{Gap, source};
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::facts;
use sockdoctor_checks::listeners::{self, InSs};
use sockdoctor_checks::listeners::{Address, Fill, Known, Member, Protocol, Row};
use sockdoctor_checks::verdict::Shown;

/// A listening socket, or the sockets of an SO_REUSEPORT group.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listener<'a> {
    /// Label of its network namespace.
    namespace: &'a str,
    /// Identity of that namespace.
    netns: Netns,
    /// `tcp`, `tcp6` or `unix`.
    protocol: &'static str,
    /// `0.0.0.0:80`, `[::]:80`, a path, or `@` and an abstract name.
    address: String,
    /// null for unix sockets.
    port: Option<u16>,
    /// Index of the interface that it is bound to. 0: none. null for unix sockets.
    interface: Option<u32>,
    /// The name of that interface. null where there is none, or where it could not be asked for.
    interface_name: Option<&'a str>,
    /// Connections that wait for accept(), at all its sockets.
    accept_queue: Option<u64>,
    /// The backlogs of all its sockets. Each queue holds one more than its backlog.
    backlog: Option<u64>,
    /// net.core.somaxconn of its namespace.
    somaxconn: Option<u32>,
    /// Of its fullest socket.
    fill: Option<FillState>,
    /// The same in per cent, rounded down: 100 and more is full.
    fill_percent: Option<u64>,
    /// Packets that the kernel discarded at all its sockets since they listen, as `d` of `ss -m`:
    /// dropped connection requests, and others. null for unix sockets too: the kernel counts none
    /// of theirs.
    drops: Option<u64>,
    /// Requests that wait for the final ACK. null for unix sockets too, which have none.
    syn_recv: Option<u32>,
    /// One, or those of the SO_REUSEPORT group, fullest first.
    sockets: Vec<Socket<'a>>,
    /// Why something of it is not known.
    gaps: Vec<Gap<'a>>,
}

/// How full an accept queue is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum FillState {
    /// There is room.
    Room,
    /// Three quarters or more are taken.
    Nearly,
    /// The next connection is turned away.
    Full,
}

/// One socket.
#[derive(Debug, Serialize, JsonSchema)]
struct Socket<'a> {
    /// Its inode, 0 when no descriptor is left.
    inode: u32,
    /// The process that holds it, of several the one with the lowest pid; those that hold it
    /// below descriptor 64 come first. null without a gap: no process that can be seen from here
    /// does.
    owner: Option<Owner<'a>>,
    /// Connections that wait for accept().
    accept_queue: Option<u32>,
    /// The queue holds one more.
    backlog: Option<u32>,
    /// How full it is.
    fill: Option<FillState>,
    /// Packets that the kernel discarded there since it listens: dropped connection requests, and
    /// others.
    drops: Option<u32>,
    /// `sock-diag`, `descriptor`, `bpf-iterator` or `proc-net`: where its numbers come from.
    source: &'static str,
    /// What ss shows of it. null: nothing, or that could not be told.
    ss: Option<InSsRow>,
}

/// A process.
#[derive(Debug, Serialize, JsonSchema)]
struct Owner<'a> {
    /// Its pid.
    pid: u32,
    /// Its name.
    name: &'a str,
    /// The container that its cgroup names.
    container: Option<&'a str>,
}

/// The columns of ss.
#[derive(Debug, Serialize, JsonSchema)]
struct InSsRow {
    /// Recv-Q.
    recv_q: Option<u32>,
    /// Send-Q.
    send_q: Option<u32>,
}

/// A connected unix stream socket with unread bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Stream<'a> {
    /// Label of its network namespace.
    namespace: &'a str,
    /// Identity of that namespace.
    netns: Netns,
    /// Its own name, or that of its peer. null: neither has one.
    address: Option<&'a str>,
    /// Bytes that wait to be read.
    unread: Option<u32>,
    /// Its inode.
    inode: u32,
    /// The process that holds it. null without a gap: no process that can be seen does.
    owner: Option<Owner<'a>>,
    /// `sock-diag`, `descriptor`, `bpf-iterator` or `proc-net`.
    source: &'static str,
    /// Why something of it is not known.
    gaps: Vec<Gap<'a>>,
}

impl<'a> Listener<'a> {
    pub(super) fn of(row: &'a Row<'a>, shown: Shown) -> Self {
        let members = row.members.iter();
        let mut gaps: Vec<&facts::Gap> = Vec::new();
        for gap in row.gaps() {
            if !gaps.contains(&gap.as_ref()) {
                gaps.push(gap);
            }
        }
        let (interface, interface_name) = match row.address {
            Address::Inet(_, Some(bound)) => (Some(bound.index), bound.name),
            Address::Inet(_, None) => (Some(0), None),
            Address::Unix(_) => (None, None),
        };
        Listener {
            namespace: &row.netns.label,
            netns: row.netns.id.into(),
            protocol: row.protocol.name(),
            address: row.address.to_string(),
            port: row.address.port(),
            interface,
            interface_name,
            accept_queue: row.accept_queue().ok(),
            backlog: row.backlog().ok(),
            somaxconn: known(&row.netns.somaxconn),
            fill: state(row.fill()),
            fill_percent: row.percent(),
            drops: row.drops().and_then(Result::ok),
            syn_recv: row.syn_recv.as_ref().and_then(known),
            sockets: members
                .map(|it| Socket::of(it, row.protocol, shown))
                .collect(),
            gaps: gaps.into_iter().map(Gap::of).collect(),
        }
    }
}

impl<'a> Socket<'a> {
    fn of(member: &'a Member<'a>, protocol: Protocol, shown: Shown) -> Self {
        Socket {
            inode: member.inode,
            owner: owner(&member.owner),
            accept_queue: known(&member.accept_queue),
            backlog: known(&member.backlog),
            fill: state(member.fill()),
            drops: member.drops.as_ref().and_then(known),
            source: source(member.source),
            ss: member
                .in_ss(protocol, shown)
                .map(|InSs { recv_q, send_q }| InSsRow { recv_q, send_q }),
        }
    }
}

impl<'a> Stream<'a> {
    pub(super) fn of(stream: &'a listeners::Stream<'a>) -> Self {
        Stream {
            namespace: &stream.netns.label,
            netns: stream.netns.id.into(),
            address: Some(stream.name).filter(|name| !name.is_empty()),
            unread: known(&stream.unread),
            inode: stream.inode,
            owner: owner(&stream.owner),
            source: source(stream.source),
            gaps: stream.gaps().map(|gap| Gap::of(gap)).collect(),
        }
    }
}

fn owner<'a>(owner: &Known<Option<&'a facts::Owner>>) -> Option<Owner<'a>> {
    let owner = (*owner.as_ref().ok()?)?;
    Some(Owner {
        pid: owner.pid,
        name: &owner.name,
        container: owner.container.as_deref(),
    })
}

fn state(fill: Fill) -> Option<FillState> {
    match fill {
        Fill::Room => Some(FillState::Room),
        Fill::Nearly => Some(FillState::Nearly),
        Fill::Full => Some(FillState::Full),
        Fill::Unknown => None,
    }
}
