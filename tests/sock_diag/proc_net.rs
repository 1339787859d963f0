//! /proc/thread-self/net of the running kernel.

use crate::netns::{client, listener, with_loopback};
use sockdoctor::probes::proc_net;
use std::path::Path;

#[test]
fn proc_and_sock_diag_agree_on_the_listeners() {
    with_loopback(|| {
        let (_four, address) = listener("127.0.0.1:0", 3);
        let (_six, _) = listener("[::1]:0", 4);
        let _client = client(address);
        let mut from_proc = proc_net::tcp_listeners(Path::new("/proc/thread-self/net")).unwrap();
        let diag = sockdoctor::netlink::SockDiag::open()
            .unwrap()
            .tcp_listeners();
        let mut from_diag = diag.known().unwrap().clone();
        for known in &mut from_diag {
            known.backlog = None;
            known.drops = None;
            known.source = from_proc[0].source;
        }
        from_proc.sort_by_key(|l| l.inode);
        from_diag.sort_by_key(|l| l.inode);
        assert_eq!(from_proc, from_diag);
        assert_eq!(from_proc.len(), 2);
    });
}
