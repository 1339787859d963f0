//! Socket options that rustix does not read.

// getsockopt(2) into a buffer of bytes, for options that rustix has no function for.
#![allow(unsafe_code)]

use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd};

/// The offsets in `struct tcp_info` (include/uapi/linux/tcp.h); what comes behind is not needed.
const STATE: usize = 0;
const UNACKED: usize = 24;
const SACKED: usize = 28;
const TCP_INFO: usize = 32;
/// The state in which the two have another meaning.
const LISTEN: u8 = 10;
/// SK_MEMINFO_DROPS, the last of nine words (include/uapi/linux/sock_diag.h).
const DROPS: usize = 8;
const MEMINFO: usize = 9 * WORD;
const WORD: usize = size_of::<u32>();

/// The accept queue and the backlog of a TCP listener; `None` when it does not listen.
///
/// For a listener tcpi_unacked is sk_ack_backlog and tcpi_sacked is sk_max_ack_backlog
/// (tcp_get_info, net/ipv4/tcp.c, Linux 5.6 to 6.18).
pub(super) fn listener_queues(socket: impl AsFd) -> Result<Option<(u32, u32)>, Errno> {
    let mut buffer = [0; TCP_INFO];
    let info = read(socket, libc::IPPROTO_TCP, libc::TCP_INFO, &mut buffer)?;
    Ok(queues(info))
}

fn queues(info: &[u8]) -> Option<(u32, u32)> {
    let listens = info.get(STATE) == Some(&LISTEN);
    listens.then_some((word(info, UNACKED)?, word(info, SACKED)?))
}

/// What the socket dropped, as SO_MEMINFO has it since Linux 4.12 (sk_get_meminfo,
/// net/core/sock.c); `None` where the kernel sends fewer words.
pub(super) fn drops(socket: impl AsFd) -> Result<Option<u32>, Errno> {
    let mut buffer = [0; MEMINFO];
    let words = read(socket, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut buffer)?;
    Ok(word(words, DROPS * WORD))
}

/// The index of the interface that the socket is bound to, 0 for none, as Linux 5.1 has it.
pub(super) fn interface(socket: impl AsFd) -> Result<Option<u32>, Errno> {
    let mut buffer = [0; WORD];
    let index = read(
        socket,
        libc::SOL_SOCKET,
        libc::SO_BINDTOIFINDEX,
        &mut buffer,
    )?;
    Ok(word(index, 0))
}

/// The number of the socket's network namespace that no other one gets until the next boot, as
/// Linux 5.14 has it (net_cookie, include/net/net_namespace.h).
pub(in crate::probes) fn namespace_cookie(socket: impl AsFd) -> Result<Option<u64>, Errno> {
    let mut buffer = [0; size_of::<u64>()];
    let cookie = read(socket, libc::SOL_SOCKET, libc::SO_NETNS_COOKIE, &mut buffer)?;
    Ok(cookie.try_into().ok().map(u64::from_ne_bytes))
}

/// The word at this offset, where the value is long enough.
fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let word = bytes.get(offset..offset.checked_add(WORD)?)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

/// As much of the option as there is, and as fits into the buffer.
fn read(
    socket: impl AsFd,
    level: libc::c_int,
    name: libc::c_int,
    buffer: &mut [u8],
) -> Result<&[u8], Errno> {
    let mut length = libc::socklen_t::try_from(buffer.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the pointer is to `length` bytes that are ours alone, and the kernel writes no more
    // than that many; any bytes are valid u8. `length` is ours too, and the descriptor is open.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::INVAL));
    }
    let length = usize::try_from(length).map_err(|_| Errno::INVAL)?;
    Ok(&buffer[..length.min(buffer.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(state: u8, length: usize) -> Vec<u8> {
        let mut info = vec![0; UNACKED];
        info[STATE] = state;
        info.extend(3_u32.to_ne_bytes());
        info.extend(77_u32.to_ne_bytes());
        info.truncate(length);
        info
    }

    #[test]
    fn the_queues_are_those_of_a_listener_only() {
        assert_eq!(queues(&info(LISTEN, TCP_INFO)), Some((3, 77)));
        let established = 1;
        assert_eq!(queues(&info(established, TCP_INFO)), None);
    }

    #[test]
    fn a_shorter_answer_has_no_queues_instead_of_zeros() {
        for length in 0..TCP_INFO {
            assert_eq!(queues(&info(LISTEN, length)), None, "{length} bytes");
        }
    }

    #[test]
    fn eight_words_have_no_drops() {
        let words: Vec<u8> = (0..9_u32).flat_map(u32::to_ne_bytes).collect();
        assert_eq!(word(&words, DROPS * WORD), Some(8));
        assert_eq!(word(&words[..MEMINFO - 1], DROPS * WORD), None);
    }
}
