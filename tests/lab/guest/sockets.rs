//! Listeners with a backlog and a queue of one's own choosing, and unread bytes.

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use std::io::{self, Write};
use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

/// A listener with `backlog`, and `clients` that have asked to connect and are never accepted.
pub(crate) fn listen(
    address: SocketAddrV4,
    backlog: i32,
    clients: usize,
) -> io::Result<Vec<OwnedFd>> {
    let listener = stream(SocketFlags::empty())?;
    net::sockopt::set_socket_reuseaddr(&listener, true)?;
    net::bind(&listener, &address)?;
    net::listen(&listener, backlog)?;
    let mut sockets = vec![listener];
    for _ in 0..clients {
        // Those that do not fit into the queue are never answered: do not wait for them.
        let client = stream(SocketFlags::NONBLOCK)?;
        match net::connect(&client, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => sockets.push(client),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(sockets)
}

fn stream(flags: SocketFlags) -> rustix::io::Result<OwnedFd> {
    net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
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
