//! Connection requests from addresses that never answer, or answer all at once.

use crate::packet::{ACK, SYN, Segment, client, octets, sender};
use rustix::fd::OwnedFd;
use rustix::net::sockopt::Timeout;
use rustix::net::{self, AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// How long an answer may take before it is a mistake.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends `count` SYNs to `target`, each from another address.
pub(crate) fn syns(target: SocketAddr, count: u16) -> io::Result<()> {
    let socket = sender(target)?;
    (0..count).try_for_each(|number| syn(number, target).send(&socket))
}

/// Asks for `count` connections, waits until all are granted, and only then confirms them: so
/// that more are confirmed than there is room for.
pub(crate) fn handshakes(target: SocketAddr, count: u16) -> io::Result<()> {
    let (socket, wire) = (sender(target)?, wire()?);
    let mut granted = Vec::new();
    for number in 0..count {
        syn(number, target).send(&socket)?;
        granted.push(answer(&wire, client(number, target))?);
    }
    for (number, sequence) in (0..count).zip(granted) {
        let ack = Segment {
            sequence: 1,
            acknowledges: sequence.wrapping_add(1),
            flags: ACK,
            ..syn(number, target)
        };
        ack.send(&socket)?;
    }
    Ok(())
}

fn syn(number: u16, target: SocketAddr) -> Segment {
    Segment {
        source: client(number, target),
        target,
        sequence: 0,
        acknowledges: 0,
        flags: SYN,
    }
}

/// A socket that hears every packet, without its link header. All protocols: those that ask for
/// one do not hear what goes out.
fn wire() -> io::Result<OwnedFd> {
    const ETH_P_ALL: u16 = 3;
    let protocol = NonZeroU32::new(u32::from(ETH_P_ALL.to_be())).map(Protocol::from_raw);
    let (family, kind) = (AddressFamily::PACKET, SocketType::DGRAM);
    let wire = net::socket_with(family, kind, SocketFlags::empty(), protocol)?;
    net::sockopt::set_socket_timeout(&wire, Timeout::Recv, Some(PATIENCE))?;
    Ok(wire)
}

/// Waits for the SYN-ACK to `client`, and returns its sequence number.
fn answer(wire: &OwnedFd, client: SocketAddr) -> io::Result<u32> {
    let mut packet = [0; 2048];
    loop {
        let (_, length) = net::recv(wire, &mut packet, RecvFlags::empty())?;
        let (version, to, tcp) = match client {
            SocketAddr::V4(_) => (4, 16..20, 20),
            SocketAddr::V6(_) => (6, 24..40, 40),
        };
        let is_whole = length >= tcp + 20 && packet[0] >> 4 == version;
        if is_whole && packet[to] == octets(client.ip()) && packet[tcp + 13] == SYN | ACK {
            let sequence = &packet[tcp + 4..tcp + 8];
            return Ok(sequence
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
        }
    }
}
