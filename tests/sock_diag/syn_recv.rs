//! Requests in SYN_RECV, counted.

use crate::netns::{client, defer_accept, dual_stack_listener, listener, with_loopback};
use sockdoctor::netlink::SockDiag;
use sockdoctor::probes::proc_net;
use sockdoctor_checks::facts::{Family, SynRecv};
use std::net::SocketAddr;
use std::path::Path;

#[test]
fn requests_are_counted_alike_by_sock_diag_and_proc() {
    with_loopback(|| {
        let (four, address) = listener("127.0.0.1:0", 10);
        let (dual, any) = dual_stack_listener(10);
        let (_other, other) = listener("127.0.0.1:0", 10);
        // The last ACK of the handshake is dropped then, until there are data.
        defer_accept(&four);
        defer_accept(&dual);
        let mapped = SocketAddr::from(([127, 0, 0, 1], any.port()));
        let six: SocketAddr = format!("[::1]:{}", any.port()).parse().unwrap();
        let to = [address, address, address, mapped, six, six, other];
        let _clients: Vec<_> = to.map(client).into_iter().collect();

        let counted = SockDiag::open().unwrap().syn_recv();
        let counted = counted.known().unwrap().clone();
        let directory = Path::new("/proc/thread-self/net");
        assert_eq!(proc_net::syn_recv(directory), Ok(counted.clone()));
        let requests = |family, address: SocketAddr, requests| SynRecv {
            family,
            address: address.ip(),
            port: address.port(),
            requests,
        };
        // An IPv4 request at a socket of IPv6 is one of IPv6, with a mapped address.
        let mapped: SocketAddr = format!("[::ffff:127.0.0.1]:{}", any.port())
            .parse()
            .unwrap();
        let expected = [
            requests(Family::V4, address, 3),
            requests(Family::V6, six, 2),
            requests(Family::V6, mapped, 1),
        ];
        assert_eq!(counted, expected);
    });
}
