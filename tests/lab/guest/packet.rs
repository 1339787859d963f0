//! TCP segments from addresses that are not ours.

use rustix::fd::OwnedFd;
use rustix::net::{self, AddressFamily, SendFlags, SocketFlags, SocketType, ipproto};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;

/// The first port of the clients that there are not.
const PORT: u16 = 40_000;

/// A TCP segment without options or data.
pub(crate) struct Segment {
    pub(crate) source: SocketAddr,
    pub(crate) target: SocketAddr,
    pub(crate) sequence: u32,
    pub(crate) acknowledges: u32,
    pub(crate) flags: u8,
}

/// The address of one of many clients that never were: in 10.9.0.0/16 or fd09::/16.
pub(crate) fn client(number: u16, target: SocketAddr) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    let address: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::new(10, 9, high, low).into(),
        SocketAddr::V6(_) => Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, number).into(),
    };
    SocketAddr::new(address, PORT)
}

/// A socket to send segments by. IPPROTO_RAW: the kernel takes the IP header from us, and so
/// the source address.
pub(crate) fn sender(target: SocketAddr) -> io::Result<OwnedFd> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let raw = Some(ipproto::RAW);
    Ok(net::socket_with(
        family,
        SocketType::RAW,
        SocketFlags::empty(),
        raw,
    )?)
}

impl Segment {
    /// Sends it. The port of a raw socket's address is no port.
    pub(crate) fn send(&self, socket: &OwnedFd) -> io::Result<()> {
        let mut to = self.target;
        to.set_port(0);
        net::sendto(socket, &self.packet(), SendFlags::empty(), &to)?;
        Ok(())
    }

    fn packet(&self) -> Vec<u8> {
        let mut tcp = self.tcp();
        let addresses = [octets(self.source.ip()), octets(self.target.ip())].concat();
        let sum = checksum(&addresses, &tcp);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        let length = tcp.len() as u16;
        let mut packet = match self.target {
            // The kernel fills in the checksum of the IPv4 header.
            SocketAddr::V4(_) => {
                let [high, low] = (20 + length).to_be_bytes();
                vec![0x45, 0, high, low, 0, 0, 0, 0, 64, 6, 0, 0]
            }
            SocketAddr::V6(_) => {
                let [high, low] = length.to_be_bytes();
                vec![0x60, 0, 0, 0, high, low, 6, 64]
            }
        };
        packet.extend(addresses);
        packet.extend(tcp);
        packet
    }

    fn tcp(&self) -> Vec<u8> {
        let mut tcp = Vec::from(self.source.port().to_be_bytes());
        tcp.extend(self.target.port().to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledges.to_be_bytes());
        tcp.extend([5 << 4, self.flags]);
        tcp.extend(1024_u16.to_be_bytes());
        tcp.extend([0; 4]);
        tcp
    }
}

/// An address as it is in a packet.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
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
