//! Sockets that no process holds: their only descriptor is in a message that nobody has read.

use crate::sockets;
use rustix::net::{self, SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// A listener with `backlog`, and `clients` that have asked to connect and are never accepted.
/// What keeps it there is what is returned.
pub(crate) fn listener(
    address: SocketAddr,
    backlog: i32,
    clients: usize,
) -> io::Result<(UnixStream, UnixStream, Vec<OwnedFd>)> {
    let mut sockets = sockets::listen(address, backlog, clients)?;
    let (here, there) = hide(sockets.remove(0))?;
    Ok((here, there, sockets))
}

/// A connected unix stream, bound to `path`, with `bytes` unread bytes.
pub(crate) fn unread(path: &str, bytes: usize) -> io::Result<[UnixStream; 3]> {
    let (listener, client, accepted) = sockets::unread(path, bytes)?;
    drop(listener);
    let (here, there) = hide(accepted.into())?;
    Ok([here, there, client])
}

/// Sends the only descriptor of `socket`, and closes it here.
fn hide(socket: OwnedFd) -> io::Result<(UnixStream, UnixStream)> {
    let (here, there) = UnixStream::pair()?;
    let descriptors = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(&descriptors));
    net::sendmsg(
        &here,
        &[IoSlice::new(b".")],
        &mut message,
        SendFlags::empty(),
    )?;
    drop(socket);
    Ok((here, there))
}
