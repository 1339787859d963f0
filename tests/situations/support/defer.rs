//! Listeners whose requests stay in SYN_RECV.
#![allow(unsafe_code)] // TCP_DEFER_ACCEPT, for which rustix has no function

use std::os::fd::{AsRawFd, OwnedFd};

/// From here on the last ACK of a handshake is dropped, until there are data or a minute is over
/// (TCP_DEFER_ACCEPT, tcp(7)).
pub(crate) fn defer_accept(socket: &OwnedFd) {
    let seconds: libc::c_int = 60;
    let length = libc::socklen_t::try_from(size_of_val(&seconds)).expect("it is small");
    // SAFETY: the kernel reads `length` bytes from an integer that is as long.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            length,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}
