//! Options of listeners for which rustix has no function.
#![allow(unsafe_code)] // setsockopt(2)

use std::os::fd::{AsFd, AsRawFd};

/// From here on the last ACK of a handshake is dropped, until there are data or a minute is over
/// (TCP_DEFER_ACCEPT, tcp(7)).
pub(crate) fn defer_accept(socket: &impl AsFd) {
    let seconds: libc::c_int = 60;
    let seconds = seconds.to_ne_bytes();
    set(socket, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, &seconds);
}

/// From here on it listens on lo alone (SO_BINDTODEVICE, socket(7)).
pub(crate) fn bind_to_loopback_device(socket: &impl AsFd) {
    set(socket, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, b"lo");
}

fn set(socket: &impl AsFd, level: libc::c_int, option: libc::c_int, value: &[u8]) {
    let length = libc::socklen_t::try_from(value.len()).expect("it is small");
    // SAFETY: the kernel reads `length` bytes from a slice that is as long.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            value.as_ptr().cast(),
            length,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}
