//! A line of the table: a listening socket, or the members of an SO_REUSEPORT group.

use crate::facts::{Gap, NetnsId, Owner, SocketSource, TcpListener};
use crate::namespaces::listening::Fill;
use crate::verdict::Shown;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;

/// A value, or the reason why it is not known, which many values share.
pub type Known<T> = Result<T, Arc<Gap>>;

/// The network namespace of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Netns {
    /// Its identity.
    pub id: NetnsId,
    /// What its owner calls it.
    pub label: String,
    /// Its net.core.somaxconn, connections.
    pub somaxconn: Known<u32>,
    /// Its ListenDrops: connection requests that were dropped at all of its listeners.
    pub listen_drops: Known<u64>,
}

/// What is spoken at a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6, and over IPv4 where the listener is dual-stack.
    Tcp6,
    /// A unix socket.
    Unix,
}

impl Protocol {
    /// As in the table and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Tcp6 => "tcp6",
            Protocol::Unix => "unix",
        }
    }
}

/// Where a listener listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address<'a> {
    /// An address and a port, and the interface that it is bound to.
    Inet(SocketAddr, Option<Interface<'a>>),
    /// A path, or `@` and an abstract name; any bytes, made valid UTF-8.
    Unix(&'a str),
}

impl Address<'_> {
    /// The port of a TCP listener.
    pub fn port(&self) -> Option<u16> {
        match self {
            Address::Inet(address, _) => Some(address.port()),
            Address::Unix(_) => None,
        }
    }
}

impl<'a> From<&'a TcpListener> for Address<'a> {
    fn from(listener: &'a TcpListener) -> Self {
        let address = SocketAddr::new(listener.address, listener.port);
        let interface = Interface {
            index: listener.interface,
            name: listener.interface_name.as_deref(),
        };
        Address::Inet(address, (interface.index != 0).then_some(interface))
    }
}

/// The interface that a listener is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface<'a> {
    /// Its index.
    pub index: u32,
    /// Its name, where it could be asked for.
    pub name: Option<&'a str>,
}

/// Its name, or else its index.
impl std::fmt::Display for Interface<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => self.index.fmt(f),
        }
    }
}

/// As ss writes it: `0.0.0.0:80`, `[::]:80`, `127.0.0.53%lo:53`.
impl std::fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Inet(SocketAddr::V4(v4), None) => dotted(f, *v4),
            Address::Inet(address, None) => address.fmt(f),
            Address::Inet(SocketAddr::V4(v4), Some(interface)) => {
                write!(f, "{}%{interface}:{}", v4.ip(), v4.port())
            }
            Address::Inet(SocketAddr::V6(v6), Some(interface)) => {
                write!(f, "[{}]%{interface}:{}", v6.ip(), v6.port())
            }
            Address::Unix(name) => f.write_str(name),
        }
    }
}

/// As its own `Display`, which takes six times as long: a table may have ten thousand.
fn dotted(f: &mut std::fmt::Formatter<'_>, address: SocketAddrV4) -> std::fmt::Result {
    let mut digits = itoa::Buffer::new();
    let [first, others @ ..] = address.ip().octets();
    f.write_str(digits.format(first))?;
    for octet in others {
        f.write_str(".")?;
        f.write_str(digits.format(octet))?;
    }
    f.write_str(":")?;
    f.write_str(digits.format(address.port()))
}

/// One listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its inode, 0 when no descriptor is left.
    pub inode: u32,
    /// The process that holds it, of several the one with the lowest pid; those that hold it
    /// below descriptor 64 come first. `None`: no process that can be seen does; there are such of
    /// the kernel, and of other pid namespaces.
    pub owner: Known<Option<&'a Owner>>,
    /// Connections that wait for accept().
    pub accept_queue: Known<u32>,
    /// sk_max_ack_backlog: the queue holds one more.
    pub backlog: Known<u32>,
    /// Packets that were discarded there since it listens: the most that it dropped. `None`: the
    /// kernel counts none, as for unix sockets.
    pub drops: Option<Known<u32>>,
    /// Where this was read.
    pub source: SocketSource,
}

impl Member<'_> {
    /// How full its accept queue is.
    pub fn fill(&self) -> Fill {
        let known = |number: &Known<u32>| number.as_ref().ok().copied();
        Fill::of(known(&self.accept_queue), known(&self.backlog))
    }

    /// The part of its queue that is taken, in per cent, rounded down: 100 and more is full.
    pub fn percent(&self) -> Option<u64> {
        let queue = u64::from(*self.accept_queue.as_ref().ok()?);
        let room = u64::from(*self.backlog.as_ref().ok()?) + 1;
        Some(queue * 100 / room)
    }

    /// What ss prints about it here. `None`: no line, or that could not be told.
    pub fn in_ss(&self, protocol: Protocol, shown: Shown) -> Option<InSs> {
        let recv_q = self.accept_queue.as_ref().ok().copied();
        let (recv_q, send_q) = match (shown, protocol) {
            (Shown::Truth, _) => (recv_q, self.backlog.as_ref().ok().copied()),
            (Shown::ProcNet, Protocol::Tcp | Protocol::Tcp6) => (recv_q, Some(0)),
            (Shown::ProcNet, Protocol::Unix) => (Some(0), Some(0)),
            (Shown::Nothing | Shown::Unknown, _) => return None,
        };
        Some(InSs { recv_q, send_q })
    }
}

/// The two columns that ss prints about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InSs {
    /// Recv-Q; `None` where the true one is not known, and ss shows that.
    pub recv_q: Option<u32>,
    /// Send-Q.
    pub send_q: Option<u32>,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The network namespace of the socket, which may be another than that of its process.
    pub netns: Arc<Netns>,
    /// What is spoken.
    pub protocol: Protocol,
    /// Where.
    pub address: Address<'a>,
    /// The sockets: one, or those of an SO_REUSEPORT group, fullest first.
    pub members: Vec<Member<'a>>,
    /// Connection requests that wait for the final ACK, of the whole group. `None` for unix
    /// sockets, which have none.
    pub syn_recv: Option<Known<u32>>,
}

impl Row<'_> {
    /// Whether several sockets share the address, which takes SO_REUSEPORT.
    pub fn is_group(&self) -> bool {
        self.members.len() > 1
    }

    /// Connections that wait for accept(), at all members.
    pub fn accept_queue(&self) -> Known<u64> {
        sum(self.members.iter().map(|member| &member.accept_queue))
    }

    /// The backlogs of all members.
    pub fn backlog(&self) -> Known<u64> {
        sum(self.members.iter().map(|member| &member.backlog))
    }

    /// Packets that were discarded at all members since they listen.
    pub fn drops(&self) -> Option<Known<u64>> {
        let each = self.members.iter().map(|member| member.drops.clone());
        each.map(|drops| drops.map(|drops| drops.map(u64::from)))
            .sum()
    }

    /// Whether this member may have dropped connection requests: packets were discarded at it, and
    /// some were dropped in its namespace. `None` where that is not known.
    pub fn may_have_dropped(&self, member: &Member<'_>) -> Option<bool> {
        match (&member.drops, &self.netns.listen_drops) {
            (None | Some(Ok(0)), _) | (_, Ok(0)) => Some(false),
            (Some(Err(_)), _) => None,
            (Some(Ok(_)), _) => Some(true),
        }
    }

    /// The fill of the fullest member. The kernel picks a member by a hash of the addresses or by
    /// a BPF program (reuseport_select_sock, net/core/sock_reuseport.c), and not by its queue:
    /// room in another does not help.
    pub fn fill(&self) -> Fill {
        let fills = self.members.iter().map(Member::fill);
        fills.max().unwrap_or(Fill::Unknown)
    }

    /// The same in per cent.
    pub fn percent(&self) -> Option<u64> {
        self.members.iter().filter_map(Member::percent).max()
    }

    /// The reasons why something in this row is not known.
    pub fn gaps(&self) -> impl Iterator<Item = &Arc<Gap>> {
        let each = self.members.iter().flat_map(|member| {
            let drops = member.drops.as_ref();
            [
                member.owner.as_ref().err(),
                member.accept_queue.as_ref().err(),
                member.backlog.as_ref().err(),
                drops.and_then(|drops| drops.as_ref().err()),
            ]
        });
        let syn_recv = self.syn_recv.as_ref();
        let own = [
            syn_recv.and_then(|requests| requests.as_ref().err()),
            self.netns.somaxconn.as_ref().err(),
        ];
        each.chain(own).flatten()
    }
}

fn sum<'a>(numbers: impl Iterator<Item = &'a Known<u32>>) -> Known<u64> {
    numbers
        .map(|number| number.clone().map(u64::from))
        .sum::<Known<u64>>()
}

/// A connected unix stream socket with unread bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Its network namespace.
    pub netns: Arc<Netns>,
    /// Its own name, or that of its peer; empty where neither has one.
    pub name: &'a str,
    /// The process that holds it. `None`: no process that can be seen does.
    pub owner: Known<Option<&'a Owner>>,
    /// Bytes that wait to be read.
    pub unread: Known<u32>,
    /// Its inode.
    pub inode: u32,
    /// Where this was read.
    pub source: SocketSource,
}

impl Stream<'_> {
    /// The reasons why something about it is not known.
    pub fn gaps(&self) -> impl Iterator<Item = &Arc<Gap>> {
        let owner = self.owner.as_ref().err();
        owner.into_iter().chain(self.unread.as_ref().err())
    }
}
