//! The canaries.

use crate::netns::{in_new_netns, with_loopback};
use sockdoctor::probes::{MayAsk, round_trip};
use sockdoctor_checks::facts::{Answer, Canary, Fact, Gap, Opened, Queues, RoundTrips, Why};

fn collect(may_ask: MayAsk) -> RoundTrips {
    round_trip::collect(may_ask).known().unwrap().clone()
}

fn canary(fact: &Fact<Canary>) -> &Canary {
    fact.known().unwrap()
}

fn queues(recv: u32, send: u32) -> Option<Queues> {
    Some(Queues {
        recv: Some(recv),
        send: Some(send),
    })
}

#[test]
fn sock_diag_tells_the_truth_about_tcp_and_proc_is_spared() {
    with_loopback(|| {
        let trips = collect(MayAsk::ANYTHING);
        assert_eq!(trips.socket, Opened::Yes);
        for tcp in [canary(&trips.tcp4), canary(&trips.tcp6)] {
            assert_eq!(Some(tcp.truth), queues(1, 7), "{tcp:?}");
            assert_eq!(tcp.answer, Fact::Known(Answer::Complete));
            assert_eq!(tcp.sock_diag, queues(1, 7));
            let gap = tcp.proc_net.known().unwrap_err();
            assert_eq!(gap.why, Why::NotCollected("sock_diag answered".to_owned()));
        }
        let words = &canary(&trips.tcp4).socket;
        assert!(words.starts_with("127.0.0.1:"), "{words}");
        assert!(
            words.ends_with("listen(fd, 7), one connection waiting"),
            "{words}"
        );
    });
}

#[test]
fn sock_diag_and_proc_find_the_udp_socket_with_the_same_queues() {
    with_loopback(|| {
        let asked = collect(MayAsk::ANYTHING);
        let seen = canary(&asked.udp).sock_diag.unwrap();
        assert!(seen.recv > Some(0), "{asked:?}");
        let silent = collect(MayAsk::only_present(|_| false));
        assert_eq!(canary(&silent.udp).proc_net, Fact::Known(Some(seen)));
    });
}

#[test]
fn sock_diag_sees_the_unread_bytes_of_a_unix_stream() {
    in_new_netns(|| {
        let trips = collect(MayAsk::ANYTHING);
        let unix = canary(&trips.unix);
        assert_eq!(unix.truth.recv, Some(9));
        assert_eq!(unix.sock_diag.unwrap().recv, Some(9));
        assert_eq!(unix.answer, Fact::Known(Answer::Complete));
        assert_eq!(unix.proc_net, Fact::Known(None));
    });
}

#[test]
fn with_loopback_down_the_listener_is_there_and_its_queue_is_not_claimed() {
    in_new_netns(|| {
        let trips = collect(MayAsk::ANYTHING);
        for tcp in [canary(&trips.tcp4), canary(&trips.tcp6)] {
            assert_eq!((tcp.truth.recv, tcp.truth.send), (None, Some(7)));
            assert!(
                tcp.socket.contains("no connection could be made (E"),
                "{}",
                tcp.socket
            );
            assert_eq!(tcp.sock_diag, queues(0, 7));
        }
        assert!(canary(&trips.udp).sock_diag.is_some());
    });
}

#[test]
fn the_truth_follows_somaxconn() {
    with_loopback(|| {
        std::fs::write("/proc/sys/net/core/somaxconn", "3").unwrap();
        let trips = collect(MayAsk::ANYTHING);
        assert_eq!(Some(canary(&trips.tcp4).truth), queues(1, 3));
        assert_eq!(canary(&trips.tcp4).sock_diag, queues(1, 3));
    });
}

#[test]
fn what_may_not_be_asked_is_not_asked() {
    with_loopback(|| {
        let trips = collect(MayAsk::only_present(|_| false));
        for tcp in [canary(&trips.tcp4), canary(&trips.tcp6)] {
            let why = Why::NotCollected("--passive, and tcp_diag is not loaded".to_owned());
            assert_eq!(tcp.answer, Fact::Missing(Gap::new("ask sock_diag", why)));
            assert_eq!(tcp.sock_diag, None);
            assert_eq!(tcp.proc_net, Fact::Known(queues(1, 0)));
        }
    });
}

#[test]
fn nothing_is_left_behind() {
    with_loopback(|| {
        collect(MayAsk::ANYTHING);
        let mut diag = sockdoctor::netlink::SockDiag::open().unwrap();
        assert_eq!(diag.tcp_listeners(), Fact::Known(Vec::new()));
        assert_eq!(diag.unix_listeners(), Fact::Known(Vec::new()));
    });
}
