//! From facts to rows.

use super::attribution;
use super::row::{Address, Known, Member, Netns, Protocol, Row, Stream};
use super::syn_recv::Requests;
use crate::facts::{
    Fact, Facts, Family, Gap, Namespace, Owner, SocketSource, TcpListener, UnixListener,
    UnixStream, Why,
};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What rows of all namespaces share.
pub(super) struct Builder<'a> {
    owners: HashMap<u32, &'a Owner>,
    /// Why an owner may not have been found.
    no_owner: Option<Arc<Gap>>,
    /// /proc/net/tcp and tcp6 have no backlog and no drops.
    proc_tcp: Arc<Gap>,
    /// The kernel's answer came without them.
    no_drops: Arc<Gap>,
    /// A socket that was asked itself has them, unless it is one of MPTCP.
    mptcp_drops: Arc<Gap>,
    no_backlog: Arc<Gap>,
    /// /proc/net/unix has no queues, and SIOCINQ is no answer about a listener.
    proc_unix: Arc<Gap>,
    unix_queue: Arc<Gap>,
}

impl<'a> Builder<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        let unsupported =
            |what: &str, why: &str| Arc::new(Gap::new(what, Why::Unsupported(why.to_owned())));
        let owners = facts.owners.value().map_or(&[][..], Vec::as_slice);
        Builder {
            owners: owners.iter().map(|owner| (owner.inode, owner)).collect(),
            no_owner: facts.owners.gaps().first().cloned().map(Arc::new),
            proc_tcp: unsupported("backlog and drops", "/proc/net/tcp has neither"),
            no_drops: unsupported("drops", "this kernel does not tell them of each listener"),
            mptcp_drops: unsupported("drops", "an MPTCP socket counts them in its TCP socket"),
            no_backlog: unsupported("backlog", "its source does not have it"),
            proc_unix: unsupported("queues of unix sockets", "/proc/net/unix has none"),
            unix_queue: unsupported("queue of a unix socket", "its source does not have it"),
        }
    }

    /// Adds the TCP listeners of a namespace. Those with the same address, port and interface are
    /// one row: without SO_REUSEPORT only one socket can listen there.
    pub(super) fn add_tcp(&self, rows: &mut Vec<Row<'a>>, namespace: &'a Namespace) {
        let listeners = namespace.listeners.value().map_or(&[][..], Vec::as_slice);
        let requests = Requests::assign(&namespace.syn_recv, listeners);
        let netns = netns(namespace);
        let mut sorted: Vec<&'a TcpListener> = listeners.iter().collect();
        sorted.sort_by_cached_key(|one| place(one));
        let groups = sorted.chunk_by(|a, b| place(a) == place(b));
        let row = |members: &[&'a TcpListener]| Row {
            netns: Arc::clone(&netns),
            protocol: protocol(members[0]),
            address: Address::from(members[0]),
            members: members.iter().map(|one| self.tcp_member(one)).collect(),
            syn_recv: Some(requests.at(members[0])),
        };
        rows.extend(groups.map(row));
    }

    fn tcp_member(&self, listener: &TcpListener) -> Member<'a> {
        let why = |otherwise: &Arc<Gap>| match listener.source {
            SocketSource::ProcNet => Arc::clone(&self.proc_tcp),
            SocketSource::SockDiag | SocketSource::Descriptor | SocketSource::BpfIterator => {
                Arc::clone(otherwise)
            }
        };
        let no_drops = match listener.source {
            SocketSource::Descriptor => &self.mptcp_drops,
            _ => &self.no_drops,
        };
        Member {
            inode: listener.inode,
            owner: self.owner(listener.inode),
            accept_queue: Ok(listener.accept_queue),
            backlog: listener.backlog.ok_or_else(|| why(&self.no_backlog)),
            drops: Some(listener.drops.ok_or_else(|| why(no_drops))),
            source: listener.source,
        }
    }

    /// Adds the unix listeners of a namespace.
    pub(super) fn add_unix(&self, rows: &mut Vec<Row<'a>>, namespace: &'a Namespace) {
        let netns = netns(namespace);
        let listeners = namespace.unix_listeners.value().into_iter().flatten();
        rows.extend(listeners.map(|listener| Row {
            netns: Arc::clone(&netns),
            protocol: Protocol::Unix,
            address: Address::Unix(&listener.name),
            members: vec![self.unix_member(listener)],
            syn_recv: None,
        }));
    }

    fn unix_member(&self, listener: &UnixListener) -> Member<'a> {
        let why = || self.without_queue(listener.source);
        Member {
            inode: listener.inode,
            owner: self.owner(listener.inode),
            accept_queue: listener.accept_queue.ok_or_else(why),
            backlog: listener.backlog.ok_or_else(why),
            drops: None,
            source: listener.source,
        }
    }

    /// The unix streams of a namespace.
    pub(super) fn streams(&self, namespace: &'a Namespace) -> Vec<Stream<'a>> {
        let netns = netns(namespace);
        let streams = namespace.unix_streams.value().into_iter().flatten();
        let stream = |stream: &'a UnixStream| Stream {
            netns: Arc::clone(&netns),
            name: &stream.name,
            owner: self.owner(stream.inode),
            unread: stream
                .unread
                .ok_or_else(|| self.without_queue(stream.source)),
            inode: stream.inode,
            source: stream.source,
        };
        streams.map(stream).collect()
    }

    fn without_queue(&self, source: SocketSource) -> Arc<Gap> {
        match source {
            SocketSource::ProcNet => Arc::clone(&self.proc_unix),
            SocketSource::SockDiag | SocketSource::Descriptor | SocketSource::BpfIterator => {
                Arc::clone(&self.unix_queue)
            }
        }
    }

    fn owner(&self, inode: u32) -> Known<Option<&'a Owner>> {
        match (self.owners.get(&inode), &self.no_owner) {
            (Some(&owner), _) => Ok(Some(owner)),
            // An inode of 0 is a socket that no descriptor leads to.
            (None, Some(gap)) if inode != 0 => Err(Arc::clone(gap)),
            (None, _) => Ok(None),
        }
    }
}

fn netns(namespace: &Namespace) -> Arc<Netns> {
    let somaxconn = match &namespace.sysctls.somaxconn {
        Fact::Known(value) | Fact::Partial { value, .. } => Ok(*value),
        Fact::Missing(gap) => Err(Arc::new(gap.clone())),
    };
    Arc::new(Netns {
        id: namespace.id,
        label: namespace.label(),
        somaxconn,
        listen_drops: attribution::listen_drops(namespace),
    })
}

/// What only the members of a group have in common. The address as a number, which is compared at
/// once. /proc/net/tcp does not tell the interface: who is read from there is in no group.
fn place(listener: &TcpListener) -> (Family, u128, u16, u32, Option<u32>) {
    let address = match listener.address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let alone = (listener.source == SocketSource::ProcNet).then_some(listener.inode);
    let TcpListener {
        family,
        port,
        interface,
        ..
    } = *listener;
    (family, address, port, interface, alone)
}

fn protocol(listener: &TcpListener) -> Protocol {
    match listener.family {
        Family::V4 => Protocol::Tcp,
        Family::V6 => Protocol::Tcp6,
    }
}
