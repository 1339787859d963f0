//! Listeners with a backlog and a queue of one's own choosing, and unread bytes.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

/// A listener with `backlog`, and `clients` that have asked to connect and are never accepted.
pub(crate) fn listen(
    address: SocketAddr,
    backlog: i32,
    clients: usize,
) -> io::Result<Vec<OwnedFd>> {
    let mut sockets = group(address, backlog, 1)?;
    sockets.extend(connect(address, clients)?);
    Ok(sockets)
}

/// `members` listeners that share an address, each with `backlog`.
pub(crate) fn group(address: SocketAddr, backlog: i32, members: usize) -> io::Result<Vec<OwnedFd>> {
    let member = |_| {
        let listener = stream(address, SocketFlags::empty())?;
        net::sockopt::set_socket_reuseaddr(&listener, true)?;
        net::sockopt::set_socket_reuseport(&listener, members > 1)?;
        net::bind(&listener, &address)?;
        net::listen(&listener, backlog)?;
        Ok(listener)
    };
    (0..members).map(member).collect()
}

/// `clients` that have asked to connect, one after the other: where ksoftirqd has to take over, a
/// request overtakes the final ACK of the one before. Those that do not fit into the queue are
/// never answered: behind the first of these nobody waits.
pub(crate) fn connect(address: SocketAddr, clients: usize) -> io::Result<Vec<OwnedFd>> {
    let mut are_answered = true;
    let client = |_| {
        let client = stream(address, SocketFlags::NONBLOCK)?;
        match net::connect(&client, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        are_answered = are_answered && is_answered(&client)?;
        Ok(client)
    };
    (0..clients).map(client).collect()
}

fn is_answered(client: &OwnedFd) -> io::Result<bool> {
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: 500_000_000,
    };
    let ready = poll(&mut [PollFd::new(client, PollFlags::OUT)], Some(&wait))?;
    Ok(ready > 0)
}

fn stream(address: SocketAddr, flags: SocketFlags) -> rustix::io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    net::socket_with(family, SocketType::STREAM, flags, None)
}

/// A unix listener with `backlog`, and `clients` that have connected and are never accepted.
pub(crate) fn listen_unix(path: &str, backlog: i32, clients: usize) -> io::Result<Vec<OwnedFd>> {
    let listener = net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::empty(),
        None,
    )?;
    net::bind(&listener, &net::SocketAddrUnix::new(path)?)?;
    net::listen(&listener, backlog)?;
    let client = |_| Ok(UnixStream::connect(path)?.into());
    let clients: io::Result<Vec<OwnedFd>> = (0..clients).map(client).collect();
    let mut sockets = clients?;
    sockets.push(listener);
    Ok(sockets)
}

/// A connected unix stream whose accepted end, bound to `path`, has `bytes` unread bytes.
pub(crate) fn unread(
    path: &str,
    bytes: usize,
) -> io::Result<(UnixListener, UnixStream, UnixStream)> {
    let listener = UnixListener::bind(path)?;
    let mut client = UnixStream::connect(path)?;
    let (accepted, _) = listener.accept()?;
    client.write_all(&vec![b'.'; bytes])?;
    Ok((listener, client, accepted))
}
