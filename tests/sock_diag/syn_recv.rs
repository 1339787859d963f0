//! Requests in SYN_RECV, counted.

use crate::netns::{client, dual_stack_listener, listener, with_loopback};
use crate::options::{bind_to_loopback_device, defer_accept};
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
        let without_interface = counted.iter().map(|one| SynRecv {
            interface: None,
            ..one.clone()
        });
        let by_proc = proc_net::syn_recv(directory).unwrap();
        assert_eq!(by_proc, without_interface.collect::<Vec<_>>());
        let requests = |family, address: SocketAddr, requests| SynRecv {
            family,
            address: address.ip(),
            port: address.port(),
            interface: Some(0),
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

#[test]
fn a_request_has_the_interface_of_its_listener() {
    with_loopback(|| {
        let (bound, address) = listener("127.0.0.1:0", 10);
        bind_to_loopback_device(&bound);
        defer_accept(&bound);
        let _client = client(address);
        let counted = SockDiag::open().unwrap().syn_recv();
        // lo is the first interface of every namespace.
        assert_eq!(counted.known().unwrap()[0].interface, Some(1));
    });
}
