//! Dumps of unix listeners.

use crate::netns::in_new_netns;
use sockdoctor::netlink::SockDiag;
use sockdoctor::probes::{descriptors, proc_net};
use sockdoctor::runner::Deadline;
use sockdoctor_checks::facts::{Fact, UnixListener, UnixStream as UnixStreamFact};
use std::ffi::OsStr;
use std::io::Write;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener as Socket, UnixStream};
use std::path::Path;
use std::time::Duration;

fn dump() -> Vec<UnixListener> {
    match SockDiag::open().unwrap().unix_listeners() {
        Fact::Known(listeners) => listeners,
        fact => panic!("{:?}", fact.gaps()),
    }
}

#[test]
fn a_path_may_hold_newlines_escapes_and_any_bytes() {
    in_new_netns(|| {
        let directory = tempfile::tempdir().unwrap();
        let name = OsStr::from_bytes(b"a\nb \x1b[2J\xff");
        let _socket = Socket::bind(directory.path().join(name)).unwrap();
        let expected = format!("{}/a\nb \x1b[2J\\xff", directory.path().display());
        let names: Vec<_> = dump().into_iter().map(|l| l.name).collect();
        assert_eq!(names, [expected]);
    });
}

#[test]
fn an_abstract_name_starts_with_an_at_sign() {
    in_new_netns(|| {
        let address = SocketAddr::from_abstract_name(b"one\0two").unwrap();
        let socket = Socket::bind_addr(&address).unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let seen = &dump()[0];
        assert_eq!(seen.name, "@one\\x00two");
        assert_eq!(u64::from(seen.inode), inode);
    });
}

#[test]
fn waiting_connections_and_the_backlog_are_read() {
    in_new_netns(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let socket = Socket::bind(&path).unwrap();
        rustix::net::listen(&socket, 5).unwrap();
        let _clients: Vec<_> = (0..2)
            .map(|_| UnixStream::connect(&path).unwrap())
            .collect();
        let seen = &dump()[0];
        assert_eq!((seen.accept_queue, seen.backlog), (Some(2), Some(5)));
    });
}

/// What sock_diag says of the streams with unread bytes, and what they say themselves.
fn unread() -> [Vec<UnixStreamFact>; 2] {
    let dumped = SockDiag::open().unwrap().unix_streams();
    let read = descriptors::own_unix_streams(Deadline::after(Duration::from_secs(60)));
    [dumped, read].map(|fact| match fact {
        Fact::Known(streams) => streams,
        fact => panic!("{:?}", fact.gaps()),
    })
}

#[test]
fn nine_unread_bytes_are_nine_whoever_is_asked() {
    in_new_netns(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let by_path = Socket::bind(&path).unwrap();
        let address = SocketAddr::from_abstract_name(b"unread").unwrap();
        let by_name = Socket::bind_addr(&address).unwrap();
        let mut held = Vec::new();
        for (socket, mut client) in [
            (&by_path, UnixStream::connect(&path).unwrap()),
            (&by_name, UnixStream::connect_addr(&address).unwrap()),
        ] {
            let (mut accepted, _) = socket.accept().unwrap();
            // To the accepted end, which has the name of the listener, and to the other one.
            client.write_all(b"123456789").unwrap();
            accepted.write_all(b"12").unwrap();
            held.push((client, accepted));
        }
        let (mut near, far) = UnixStream::pair().unwrap();
        near.write_all(b"1").unwrap();
        let path = path.display().to_string();
        let mut expected = [
            (path.as_str(), 9),
            (path.as_str(), 2),
            ("@unread", 9),
            ("@unread", 2),
            ("", 1),
        ];
        expected.sort_unstable();
        for streams in unread() {
            let mut seen: Vec<_> = streams
                .iter()
                .map(|stream| (stream.name.as_str(), stream.unread.unwrap()))
                .collect();
            seen.sort_unstable();
            assert_eq!(seen, expected, "{streams:?}");
        }
        drop(far);
    });
}

#[test]
fn proc_has_the_names_of_the_listeners_and_no_queues() {
    in_new_netns(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a\nb c");
        let _socket = Socket::bind(&path).unwrap();
        let read = proc_net::unix_listeners(Path::new("/proc/thread-self/net")).unwrap();
        let dumped = dump();
        assert_eq!(read.len(), 1);
        assert_eq!(
            (&read[0].name, read[0].inode),
            (&dumped[0].name, dumped[0].inode)
        );
        assert_eq!((read[0].accept_queue, read[0].backlog), (None, None));
    });
}

#[test]
fn a_connected_stream_is_no_listener() {
    in_new_netns(|| {
        let _pair = UnixStream::pair().unwrap();
        assert_eq!(dump(), []);
    });
}
