//! Fresh network namespaces, and sockets in them.

// unshare(2) has no safe wrapper.
#![allow(unsafe_code)]

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Command;

/// Runs `test` in a network namespace of its own, on a thread that ends with it. Loopback is
/// down there, as in every new namespace.
pub(crate) fn in_new_netns<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    let run = || {
        // SAFETY: NEWNET does not touch the table of file descriptors.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("a network namespace needs root");
        test()
    };
    let ended = std::thread::scope(|scope| scope.spawn(run).join());
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The same with loopback up.
pub(crate) fn with_loopback<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    in_new_netns(|| {
        // A child starts in the namespace of the thread that started it.
        let status = Command::new("ip")
            .args(["link", "set", "lo", "up"])
            .status();
        assert!(status.expect("ip is installed").success());
        test()
    })
}

/// A TCP listener with this backlog, on a free port where `address` has none.
pub(crate) fn listener(address: &str, backlog: i32) -> (TcpListener, SocketAddr) {
    reuseport_listener(address, backlog, false)
}

/// The same, with SO_REUSEPORT or without.
pub(crate) fn reuseport_listener(
    address: &str,
    backlog: i32,
    reuseport: bool,
) -> (TcpListener, SocketAddr) {
    let address: SocketAddr = address.parse().unwrap();
    let socket = tcp_socket(address);
    rustix::net::sockopt::set_socket_reuseport(&socket, reuseport).unwrap();
    bind(&socket, &address).unwrap();
    listen(&socket, backlog).unwrap();
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr().unwrap();
    (listener, bound)
}

/// A listener of [::] on a free port, which takes IPv4 too.
pub(crate) fn dual_stack_listener(backlog: i32) -> (TcpListener, SocketAddr) {
    let any: SocketAddr = "[::]:0".parse().unwrap();
    let socket = tcp_socket(any);
    rustix::net::sockopt::set_ipv6_v6only(&socket, false).unwrap();
    bind(&socket, &any).unwrap();
    listen(&socket, backlog).unwrap();
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr().unwrap();
    (listener, bound)
}

/// A client that has begun to connect. Over loopback the listener has seen its SYN when this
/// returns.
pub(crate) fn client(address: SocketAddr) -> OwnedFd {
    let socket = tcp_socket(address);
    match connect(&socket, &address) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => socket,
        Err(error) => panic!("connect to {address}: {error}"),
    }
}

fn tcp_socket(address: SocketAddr) -> OwnedFd {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(family, SocketType::STREAM, flags, None).unwrap()
}

/// Lets this process have `number` descriptors.
pub(crate) fn allow_descriptors(number: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Some(number);
    let rlimit = Rlimit {
        current: limit,
        maximum: limit,
    };
    setrlimit(Resource::Nofile, rlimit).unwrap();
}
