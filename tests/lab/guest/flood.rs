//! SYNs from addresses that never answer.

use rustix::net::{self, AddressFamily, SendFlags, SocketFlags, SocketType, ipproto};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

const LENGTH: usize = 40;

/// Sends `count` SYNs to `target`, each from another address of 10.9.0.0/16.
pub(crate) fn syns(target: SocketAddrV4, count: u16) -> io::Result<()> {
    // IPPROTO_RAW: the kernel takes the IP header from us, and so the source address.
    let socket = net::socket_with(
        AddressFamily::INET,
        SocketType::RAW,
        SocketFlags::empty(),
        Some(ipproto::RAW),
    )?;
    for number in 0..count {
        let [high, low] = number.to_be_bytes();
        let packet = syn(Ipv4Addr::new(10, 9, high, low), target);
        net::sendto(&socket, &packet, SendFlags::empty(), &target)?;
    }
    Ok(())
}

/// An IPv4 packet with a bare SYN. The kernel fills in the IP header's own checksum.
fn syn(source: Ipv4Addr, target: SocketAddrV4) -> [u8; LENGTH] {
    let mut packet = [0; LENGTH];
    let (ip, tcp) = packet.split_at_mut(20);
    ip[0] = 0x45;
    ip[2..4].copy_from_slice(&(LENGTH as u16).to_be_bytes());
    ip[8] = 64;
    ip[9] = 6;
    ip[12..16].copy_from_slice(&source.octets());
    ip[16..20].copy_from_slice(&target.ip().octets());
    tcp[0..2].copy_from_slice(&40_000_u16.to_be_bytes());
    tcp[2..4].copy_from_slice(&target.port().to_be_bytes());
    tcp[12] = 5 << 4;
    tcp[13] = 0x02;
    tcp[14..16].copy_from_slice(&1024_u16.to_be_bytes());
    let sum = checksum(&ip[12..20], tcp);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// The TCP checksum over the pseudo header (addresses, protocol, length) and the segment.
fn checksum(addresses: &[u8], tcp: &[u8]) -> u16 {
    let words = |bytes: &[u8]| -> u32 {
        bytes
            .chunks_exact(2)
            .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
            .sum()
    };
    let mut sum = words(addresses) + words(tcp) + 6 + tcp.len() as u32;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
