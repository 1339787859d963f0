//! Names of the interfaces that listeners are bound to, as ss shows them.

use rustix::fd::AsFd;
use rustix::net::netdevice::index_to_name;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use sockdoctor_checks::facts::TcpListener;

/// The name of the interface with this index in the network namespace of `socket`. `None` for no
/// interface, and where there is none with it any more.
pub(super) fn name(socket: impl AsFd, index: u32) -> Option<String> {
    if index == 0 {
        return None;
    }
    index_to_name(socket, index).ok()
}

/// The same listeners, of the network namespace of this thread, with the names. Any socket can be
/// asked for them, and none is opened where no listener is bound.
pub(super) fn named(mut listeners: Vec<TcpListener>) -> Vec<TcpListener> {
    let mut bound = listeners
        .iter_mut()
        .filter(|listener| listener.interface != 0)
        .peekable();
    if bound.peek().is_none() {
        return listeners;
    }
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    );
    if let Ok(socket) = socket {
        for listener in bound {
            listener.interface_name = name(&socket, listener.interface);
        }
    }
    listeners
}
