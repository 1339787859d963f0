//! Listeners and streams read through duplicates of descriptors, held against sock_diag. The
//! threads of these tests are in namespaces of their own, while their process is in another.

use crate::netns::{
    allow_descriptors, client, dual_stack_listener, in_new_netns, listener, reuseport_listener,
    with_loopback,
};
use crate::options::bind_to_loopback_device;
use sockdoctor::netlink::SockDiag;
use sockdoctor::probes::{descriptors, proc_net};
use sockdoctor::runner::Deadline;
use sockdoctor_checks::facts::{Fact, Gap, SocketSource, TcpListener, Why};
use std::net::TcpListener as Socket;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What /proc and the sockets themselves say of the listeners of this namespace.
fn completed() -> Fact<Vec<TcpListener>> {
    let value = proc_net::tcp_listeners(Path::new("/proc/thread-self/net")).unwrap();
    let gaps = vec![Gap::new("sock_diag", Why::Absent)];
    let mut fact = Fact::Partial { value, gaps };
    descriptors::complete([&mut fact], [], soon());
    fact
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// Both ways say the same of every listener; returns what they say, by port.
fn agreed() -> Vec<TcpListener> {
    let Fact::Known(mut read) = completed() else {
        panic!("not all could be read: {:?}", completed().gaps());
    };
    let dump = SockDiag::open().unwrap().tcp_listeners();
    let mut dumped = dump.known().unwrap().clone();
    for listener in &mut read {
        assert_eq!(listener.source, SocketSource::Descriptor);
        listener.source = SocketSource::SockDiag;
        // sock_diag has the index alone.
        let name = (listener.interface != 0).then(|| "lo".to_owned());
        assert_eq!(listener.interface_name.take(), name);
    }
    read.sort_by_key(|one| (one.port, one.inode));
    dumped.sort_by_key(|one| (one.port, one.inode));
    assert_eq!(read, dumped);
    read
}

#[test]
fn a_queue_filled_past_its_backlog_and_its_drops_are_as_sock_diag_has_them() {
    with_loopback(|| {
        let (_full, address) = listener("127.0.0.1:0", 2);
        let _clients: Vec<_> = (0..5).map(|_| client(address)).collect();
        let (_roomy, _) = listener("127.0.0.1:0", 77);
        let read = agreed();
        let full = read.iter().find(|one| one.port == address.port()).unwrap();
        assert_eq!((full.accept_queue, full.backlog), (3, Some(2)));
        assert!(full.drops > Some(0), "{full:?}");
        assert!(read.iter().any(|one| one.backlog == Some(77)));
    });
}

#[test]
fn every_kind_of_listener_is_read_as_sock_diag_has_it() {
    with_loopback(|| {
        let (_six, _) = listener("[::1]:0", 4);
        let (_dual, _) = dual_stack_listener(5);
        let (_first, address) = reuseport_listener("127.0.0.1:0", 6, true);
        let (_second, _) = reuseport_listener(&address.to_string(), 7, true);
        let (bound, _) = listener("127.0.0.1:0", 8);
        bind_to_loopback_device(&bound);
        let mut backlogs: Vec<_> = agreed().iter().map(|one| one.backlog).collect();
        backlogs.sort_unstable();
        assert_eq!(backlogs, (4..9).map(Some).collect::<Vec<_>>());
    });
}

#[test]
fn a_listener_that_only_the_child_of_a_dead_process_holds_is_read() {
    with_loopback(|| {
        let (socket, _) = listener("127.0.0.1:0", 9);
        // The shell ends at once, and leaves a child that has the socket as its stdin.
        let script = "exec 3<&0; sleep infinity <&3 >/dev/null 2>&1 & echo $!";
        let shell = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .output()
            .unwrap();
        let orphan = String::from_utf8(shell.stdout).unwrap();
        let read = agreed();
        let killed = Command::new("kill").arg(orphan.trim()).status().unwrap();
        assert_eq!(read[0].backlog, Some(9));
        assert!(killed.success());
    });
}

#[test]
fn ten_thousand_listeners_are_all_read() {
    with_loopback(|| {
        allow_descriptors(20_000);
        let sockets: Vec<Socket> = (0..10_000).map(|_| listener("127.0.0.1:0", 9).0).collect();
        assert_eq!(agreed().len(), sockets.len());
    });
}

#[test]
fn out_of_time_leaves_what_proc_had_and_says_so() {
    in_new_netns(|| {
        let (_socket, _) = listener("127.0.0.1:0", 9);
        let value = proc_net::tcp_listeners(Path::new("/proc/thread-self/net")).unwrap();
        let gaps = vec![Gap::new("sock_diag", Why::Absent)];
        let mut fact = Fact::Partial { value, gaps };
        descriptors::complete([&mut fact], [], Deadline::after(Duration::ZERO));
        let left = &fact.known().unwrap()[0];
        assert_eq!((left.source, left.backlog), (SocketSource::ProcNet, None));
        let late = fact.gaps().iter().find(|gap| gap.what.contains("backlog"));
        let why = &late.expect("a gap").why;
        assert!(matches!(why, Why::TimedOut { .. }), "{why:?}");
    });
}
