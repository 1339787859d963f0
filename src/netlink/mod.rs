//! sock_diag: requests, replies, and the socket between them.

mod dump;
mod frames;
mod name;
mod reply;
mod request;
mod syn_recv;

pub(crate) use name::socket_name;
pub use request::Protocol;
pub(crate) use syn_recv::count_requests;

use dump::{Exchange, Received, SILENCE_MS, Wire};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};
use reply::Stream;
use request::Request;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::net::RecvFlags;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use sockdoctor_checks::facts::{
    Answer, Errno, Fact, Family, Queues, SocketSource, SynRecv, TcpListener, UnixListener,
    UnixStream,
};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// A netlink socket to sock_diag, bound to the namespace of the thread that opened it. It must
/// stay on that thread: after an error it is opened again.
#[derive(Debug)]
pub struct SockDiag {
    exchange: Exchange<Kernel>,
}

/// What sock_diag answered to a question about one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How the dump ended that decides whether it can answer at all.
    pub answer: Fact<Answer>,
    /// The queues of the socket, when it was found.
    pub queues: Option<Queues>,
}

impl SockDiag {
    /// Opens the socket, as ss does.
    ///
    /// # Errors
    /// The error of socket(2): EPROTONOSUPPORT where there is no sock_diag at all.
    pub fn open() -> io::Result<Self> {
        let kernel = Kernel::open()?;
        Ok(SockDiag {
            exchange: Exchange::new(kernel),
        })
    }

    /// All TCP listeners of the namespace, IPv4 and IPv6 in one pass.
    pub fn tcp_listeners(&mut self) -> Fact<Vec<TcpListener>> {
        self.exchange
            .dump(Request::tcp_listeners(), reply::tcp_listener)
            .into_rows()
    }

    /// All unix listeners of the namespace.
    pub fn unix_listeners(&mut self) -> Fact<Vec<UnixListener>> {
        self.exchange
            .dump(Request::unix_listeners(), reply::unix_listener)
            .into_rows()
    }

    /// How many TCP connections of the namespace are in SYN_RECV, by local address and port. The
    /// kernel walks its whole table of connections for it.
    pub fn syn_recv(&mut self) -> Fact<Vec<SynRecv>> {
        let dump = self.exchange.dump(Request::syn_recv(), reply::syn_recv);
        dump.into_rows().map(count_requests)
    }

    /// The connected unix streams of the namespace with unread bytes.
    pub fn unix_streams(&mut self) -> Fact<Vec<UnixStream>> {
        let dump = self
            .exchange
            .dump(Request::unix_streams(), reply::unix_stream);
        dump.into_rows().map(with_unread_bytes)
    }

    /// The TCP listener or UDP socket with this local port and inode. A dump, because an exact
    /// lookup says ENOENT both for a missing module and for a missing socket.
    pub fn ask_inet(&mut self, family: Family, protocol: Protocol, port: u16, inode: u32) -> Asked {
        let request = Request::inet_port(family, protocol, port);
        let (answer, queues) = self
            .exchange
            .dump(request, |payload, damage| {
                reply::inet_queues(payload, inode, damage)
            })
            .into_answer();
        Asked { answer, queues }
    }

    /// The unix socket with this inode.
    pub fn ask_unix(&mut self, inode: u32) -> Asked {
        ask_unix(&mut self.exchange, inode)
    }
}

impl AsFd for SockDiag {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.exchange.wire().0.as_fd()
    }
}

/// One without a name gets that of its peer.
fn with_unread_bytes(mut streams: Vec<Stream>) -> Vec<UnixStream> {
    let named = streams.iter().filter(|stream| !stream.name.is_empty());
    let names: BTreeMap<u32, String> = named
        .map(|stream| (stream.inode, stream.name.clone()))
        .collect();
    streams.retain(|stream| stream.unread > 0);
    let stream = |stream: Stream| UnixStream {
        name: match stream.peer.and_then(|peer| names.get(&peer)) {
            Some(peer) if stream.name.is_empty() => peer.clone(),
            _ => stream.name,
        },
        unread: Some(stream.unread),
        inode: stream.inode,
        source: SocketSource::SockDiag,
    };
    streams.into_iter().map(stream).collect()
}

/// A dump that shows no socket decides the answer, then the socket is looked up, because a dump
/// of connected sockets has no filter.
fn ask_unix<W: Wire>(exchange: &mut Exchange<W>, inode: u32) -> Asked {
    let (answer, _) = exchange
        .dump(Request::no_unix_sockets(), |_, _| None::<reply::Row<()>>)
        .into_answer();
    if answer.value() != Some(&Answer::Complete) {
        let queues = None;
        return Asked { answer, queues };
    }
    let (looked_up, queues) = exchange
        .dump(Request::unix_socket(inode), reply::unix_queues)
        .into_answer();
    let answer = match looked_up {
        // The socket is not there, as a dump without it would say.
        Fact::Known(Answer::Refused { errno, .. }) if errno == Errno::ENOENT => answer,
        looked_up => looked_up,
    };
    Asked { answer, queues }
}

/// The socket to the kernel. It is never cloned: dropping a clone closes the original.
#[derive(Debug)]
struct Kernel(Socket);

impl Kernel {
    fn open() -> io::Result<Self> {
        Socket::new(NETLINK_SOCK_DIAG).map(Kernel)
    }

    fn receive_with(
        &self,
        buffer: &mut Vec<u8>,
        flags: RecvFlags,
    ) -> io::Result<(usize, SocketAddr)> {
        let flags = flags | RecvFlags::TRUNC;
        self.0.recv_from(buffer, flags.bits().cast_signed())
    }
}

impl Wire for Kernel {
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.0.send_to(request, &SocketAddr::new(0, 0), 0)?;
        Ok(())
    }

    /// Linux has the first part of a dump ready when send(2) returns, and makes the next while one
    /// is received (netlink_dump, net/netlink/af_netlink.c), so nothing has to be set up for a wait
    /// that does not come. Elsewhere a silent kernel is given up.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<Received> {
        let (length, sender) = match self.receive_with(buffer, RecvFlags::DONTWAIT) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let silence = Duration::from_millis(SILENCE_MS);
                // A sandbox may not have the option. Then the deadline of the probe ends the wait.
                let _ = set_socket_timeout(&self.0, Timeout::Recv, Some(silence));
                self.receive_with(buffer, RecvFlags::empty())?
            }
            received => received?,
        };
        Ok(Received {
            length,
            from_kernel: sender.port_number() == 0,
        })
    }

    fn reopen(&mut self) -> io::Result<()> {
        *self = Kernel::open()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
