//! One reply: a socket, decoded as far as it can be read.
//!
//! The fixed headers are decoded by netlink-packet-sock-diag. Its attributes are not used: it
//! rejects a whole message for an INET_DIAG_SKMEMINFO with fewer than nine words, as older
//! kernels send it, and for any other attribute that it does not expect. Here an attribute is
//! looked up by its type and read as far as its length goes.

use super::name::socket_name;
use super::syn_recv::SynRequest;
use netlink_packet_core::{NlasIterator, Parseable};
use netlink_packet_sock_diag::inet::InetResponseHeader;
use netlink_packet_sock_diag::unix::UnixResponseHeader;
use netlink_packet_sock_diag::{
    AF_INET6, AF_UNIX, INET_DIAG_SKMEMINFO, SOCK_STREAM, TCP_LISTEN, TCP_SYN_RECV, UNIX_DIAG_NAME,
    UNIX_DIAG_PEER, UNIX_DIAG_RQLEN,
};
use sockdoctor_checks::facts::{Family, Queues, SocketSource, TcpListener, UnixListener};

/// Length of `struct inet_diag_msg`.
const INET_HEADER: usize = 72;
/// Length of `struct unix_diag_msg`.
const UNIX_HEADER: usize = 16;
/// Length of the header of an attribute.
const ATTRIBUTE_HEADER: usize = 4;
/// Index of the drop counter in INET_DIAG_SKMEMINFO, SK_MEMINFO_DROPS .
const MEMINFO_DROPS: usize = 8;

/// What tells one socket from another as long as it lives. A socket gets it at its first dump, and
/// each processor hands them out in ascending order (gen_cookie_next, include/linux/cookie.h), so
/// most dumps are in this order.
pub(super) type Cookie = u64;

/// A socket that was read out of a reply, and its cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<T> {
    pub(super) cookie: Cookie,
    pub(super) value: T,
}

/// One end of a unix stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) name: String,
    /// Inode of the other end.
    pub(super) peer: Option<u32>,
    pub(super) unread: u32,
    pub(super) inode: u32,
}

/// What could not be read in the replies: how often, and the first reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) count: u32,
    pub(super) first: Option<String>,
}

impl Damage {
    pub(super) fn note(&mut self, reason: impl std::fmt::Display) {
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert_with(|| reason.to_string());
    }
}

/// A TCP listener. Sockets in other states are none, damaged replies are noted.
pub(super) fn tcp_listener(payload: &[u8], damage: &mut Damage) -> Option<Row<TcpListener>> {
    let header = inet_header(payload, damage)?;
    if header.state != TCP_LISTEN {
        return None;
    }
    let [memory] = attributes(payload, INET_HEADER, [INET_DIAG_SKMEMINFO], damage);
    let value = TcpListener {
        family: family(header.family),
        address: header.socket_id.source_address,
        port: header.socket_id.source_port,
        interface: header.socket_id.interface_id,
        interface_name: None,
        accept_queue: header.recv_queue,
        backlog: Some(header.send_queue),
        drops: memory.and_then(|words| word(words, MEMINFO_DROPS)),
        uid: header.uid,
        inode: header.inode,
        source: SocketSource::SockDiag,
    };
    let cookie = Cookie::from_ne_bytes(header.socket_id.cookie);
    Some(Row { cookie, value })
}

/// The queues of the inet socket with this inode.
pub(super) fn inet_queues(payload: &[u8], inode: u32, damage: &mut Damage) -> Option<Row<Queues>> {
    let header = inet_header(payload, damage)?;
    let value = Queues {
        recv: Some(header.recv_queue),
        send: Some(header.send_queue),
    };
    let cookie = Cookie::from_ne_bytes(header.socket_id.cookie);
    (header.inode == inode).then_some(Row { cookie, value })
}

/// The local address, port and interface of a TCP connection in SYN_RECV.
pub(super) fn syn_recv(payload: &[u8], damage: &mut Damage) -> Option<Row<SynRequest>> {
    let header = inet_header(payload, damage)?;
    let socket = header.socket_id;
    let value = (
        family(header.family),
        socket.source_address,
        socket.source_port,
        Some(socket.interface_id),
    );
    let cookie = Cookie::from_ne_bytes(socket.cookie);
    (header.state == TCP_SYN_RECV).then_some(Row { cookie, value })
}

/// A unix listener.
pub(super) fn unix_listener(payload: &[u8], damage: &mut Damage) -> Option<Row<UnixListener>> {
    let header = unix_header(payload, damage)?;
    let wanted = [UNIX_DIAG_RQLEN, UNIX_DIAG_NAME];
    let [lengths, name] = attributes(payload, UNIX_HEADER, wanted, damage);
    let queues = unix_lengths(lengths, header.inode, damage)?;
    let value = UnixListener {
        name: socket_name(name.unwrap_or_default()),
        accept_queue: Some(queues.0),
        backlog: Some(queues.1),
        inode: header.inode,
        source: SocketSource::SockDiag,
    };
    let cookie = Cookie::from_ne_bytes(header.cookie);
    Some(Row { cookie, value })
}

/// The queues of a unix socket.
pub(super) fn unix_queues(payload: &[u8], damage: &mut Damage) -> Option<Row<Queues>> {
    let header = unix_header(payload, damage)?;
    let [lengths] = attributes(payload, UNIX_HEADER, [UNIX_DIAG_RQLEN], damage);
    let (recv, send) = unix_lengths(lengths, header.inode, damage)?;
    let value = Queues {
        recv: Some(recv),
        send: Some(send),
    };
    let cookie = Cookie::from_ne_bytes(header.cookie);
    Some(Row { cookie, value })
}

/// A connected unix stream, with its own name and no other.
pub(super) fn unix_stream(payload: &[u8], damage: &mut Damage) -> Option<Row<Stream>> {
    let header = unix_header(payload, damage)?;
    if header.kind != SOCK_STREAM {
        return None;
    }
    let wanted = [UNIX_DIAG_RQLEN, UNIX_DIAG_NAME, UNIX_DIAG_PEER];
    let [lengths, name, peer] = attributes(payload, UNIX_HEADER, wanted, damage);
    let (unread, _) = unix_lengths(lengths, header.inode, damage)?;
    let value = Stream {
        name: socket_name(name.unwrap_or_default()),
        peer: peer.and_then(|inode| word(inode, 0)),
        unread,
        inode: header.inode,
    };
    let cookie = Cookie::from_ne_bytes(header.cookie);
    Some(Row { cookie, value })
}

fn family(number: u8) -> Family {
    if number == AF_INET6 {
        Family::V6
    } else {
        Family::V4
    }
}

fn inet_header(payload: &[u8], damage: &mut Damage) -> Option<InetResponseHeader> {
    InetResponseHeader::parse(payload)
        .map_err(|error| damage.note(error))
        .ok()
}

fn unix_header(payload: &[u8], damage: &mut Damage) -> Option<UnixResponseHeader> {
    if payload.first().is_some_and(|family| *family != AF_UNIX) {
        damage.note("a reply of another family");
        return None;
    }
    UnixResponseHeader::parse(payload)
        .map_err(|error| damage.note(error))
        .ok()
}

/// `struct unix_diag_rqlen`: without it there is nothing to say about the socket.
fn unix_lengths(lengths: Option<&[u8]>, inode: u32, damage: &mut Damage) -> Option<(u32, u32)> {
    let both = lengths.and_then(|words| Some((word(words, 0)?, word(words, 1)?)));
    if both.is_none() {
        damage.note(format!("unix socket {inode} without queue lengths"));
    }
    both
}

/// The values of the first attribute of each of these types, from what follows the fixed header.
fn attributes<'a, const N: usize>(
    payload: &'a [u8],
    header: usize,
    wanted: [u16; N],
    damage: &mut Damage,
) -> [Option<&'a [u8]>; N] {
    let mut values = [None; N];
    for attribute in NlasIterator::new(payload.get(header..).unwrap_or_default()) {
        match attribute {
            Ok(found) => {
                let kind = found.kind();
                let at = wanted.iter().position(|wanted| *wanted == kind);
                if let Some(value @ None) = at.map(|at| &mut values[at]) {
                    let end = usize::from(found.length());
                    *value = found.into_inner().get(ATTRIBUTE_HEADER..end);
                }
            }
            Err(error) => damage.note(error),
        }
    }
    values
}

/// The word at `index`, where the value is long enough.
fn word(words: &[u8], index: usize) -> Option<u32> {
    let bytes = words.chunks_exact(4).nth(index)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests;
