//! Datagrams of the running kernel, cut short.

use super::frames::{Frame, Frames};
use super::reply::{Damage, tcp_listener, unix_listener};
use super::*;
use std::os::unix::net::UnixListener as Unix;

/// The first datagram that the kernel answers to `request`.
fn capture(mut request: Request) -> Vec<u8> {
    let mut kernel = Kernel::open().unwrap();
    kernel.send(request.numbered(1)).unwrap();
    let mut buffer = Vec::with_capacity(dump::RECEIVE_BUFFER);
    kernel.receive(&mut buffer).unwrap();
    buffer
}

/// Decodes whatever is there; returns how many sockets were whole.
fn sockets(datagram: &[u8], kind: u16) -> usize {
    let damage = &mut Damage::default();
    Frames::new(datagram, kind, 1)
        .filter_map(Result::ok)
        .filter(|frame| match frame {
            Frame::Socket(payload) => {
                let tcp = tcp_listener(payload, damage).is_some();
                tcp | unix_listener(payload, damage).is_some()
            }
            Frame::End(_) => false,
        })
        .count()
}

fn cut_at_every_length(request: Request) {
    let kind = request.kind();
    let whole = capture(request);
    let all = sockets(&whole, kind);
    assert!(all > 0, "no socket in {whole:?}");
    for length in 0..whole.len() {
        assert!(sockets(&whole[..length], kind) <= all);
        // The same with a payload that ends early: every message is cut from behind.
        for frame in Frames::new(&whole, kind, 1).flatten() {
            if let Frame::Socket(payload) = frame {
                let cut = &payload[..length.min(payload.len())];
                tcp_listener(cut, &mut Damage::default());
                unix_listener(cut, &mut Damage::default());
            }
        }
    }
}

#[test]
fn a_real_tcp_dump_can_be_cut_anywhere() {
    let _listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    cut_at_every_length(Request::tcp_listeners());
}

#[test]
fn a_real_unix_dump_can_be_cut_anywhere() {
    let directory = tempfile::tempdir().unwrap();
    let _listener = Unix::bind(directory.path().join("cut")).unwrap();
    cut_at_every_length(Request::unix_listeners());
}

#[test]
fn a_kernel_that_stays_silent_is_given_up() {
    let mut nothing_asked = Kernel::open().unwrap();
    let received = nothing_asked.receive(&mut Vec::with_capacity(16));
    assert_eq!(received.unwrap_err().kind(), io::ErrorKind::WouldBlock);
}
