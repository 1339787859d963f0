//! Events as the BPF program writes them: `struct event` in bpf/overflow.bpf.c.

use sockdoctor_checks::trace::{Growth, Request, Stage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The length of `struct event`.
const LENGTH: usize = 104;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// What happened.
    pub request: Request,
    /// The function that it happened in.
    pub function: &'static str,
    /// Its stack in the map of stacks. `None`: not asked for, or no room was left there.
    pub stack: Option<u32>,
}

impl Event {
    /// Reads an event. `None` when it is none.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (stage, function) = stage(bytes[44])?;
        let [drops, overflows, queue_full_drops, queue_full_cookies] = array(bytes, 40);
        let client_port = u16::from_be_bytes(array(bytes, 50));
        let port = u16::from_ne_bytes(array(bytes, 48));
        let address =
            |version, at, port| Some(SocketAddr::new(ip(version, array(bytes, at))?, port));
        let request = Request {
            time_ns: u64::from_ne_bytes(array(bytes, 0)),
            inode: u64::from_ne_bytes(array(bytes, 8)),
            netns: word(bytes, 16),
            stage,
            client: address(bytes[46], 52, client_port)?,
            local: address(bytes[46], 68, port)?,
            listener: address(bytes[47], 84, port)?,
            request_queue: word(bytes, 24),
            accept_queue: word(bytes, 28),
            backlog: word(bytes, 32),
            max_syn_backlog: word(bytes, 36),
            syncookies: bytes[45],
            growth: Growth {
                drops,
                overflows,
                queue_full_drops,
                queue_full_cookies,
            },
        };
        // A negative number is the errno of bpf_get_stackid.
        let stack = u32::try_from(word(bytes, 20).cast_signed()).ok();
        Some(Event {
            request,
            function,
            stack,
        })
    }
}

/// `enum stage`.
fn stage(number: u8) -> Option<(Stage, &'static str)> {
    Some(match number {
        0 => (Stage::Syn, super::SYN),
        1 => (Stage::FinalAck, super::FINAL_ACK_V4),
        2 => (Stage::FinalAck, super::FINAL_ACK_V6),
        _ => return None,
    })
}

fn ip(version: u8, bytes: [u8; 16]) -> Option<IpAddr> {
    let [a, b, c, d, ..] = bytes;
    match version {
        4 => Some(Ipv4Addr::new(a, b, c, d).into()),
        6 => Some(Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

fn word(bytes: &[u8; LENGTH], at: usize) -> u32 {
    u32::from_ne_bytes(array(bytes, at))
}

/// `N` bytes from `at`, which every caller keeps within `LENGTH`.
fn array<const N: usize>(bytes: &[u8; LENGTH], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_that_of_the_program() {
        let mut bytes: Vec<u8> = (0..LENGTH as u8).collect();
        bytes[44] = 2;
        bytes[46] = 4;
        bytes[47] = 6;
        let event = Event::parse(&bytes).expect("an event");
        let request = event.request;
        assert_eq!(request.client.to_string(), "52.53.54.55:12851");
        assert_eq!(request.local.ip().to_string(), "68.69.70.71");
        assert!(request.listener.is_ipv6());
        assert_eq!(request.growth.queue_full_cookies, 43);
        assert_eq!(request.backlog, u32::from_ne_bytes([32, 33, 34, 35]));
        assert_eq!(event.function, "tcp_v6_syn_recv_sock");
        assert_eq!(event.stack, Some(u32::from_ne_bytes([20, 21, 22, 23])));
    }

    #[test]
    fn an_errno_is_no_stack() {
        let mut bytes = [0; LENGTH];
        bytes[46] = 4;
        bytes[47] = 4;
        bytes[20..24].copy_from_slice(&(-17_i32).to_ne_bytes());
        assert_eq!(Event::parse(&bytes).expect("an event").stack, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in any::<Vec<u8>>(), event in any::<[u8; LENGTH]>()) {
            let _ = Event::parse(&bytes);
            let _ = Event::parse(&event);
        }
    }
}
