//! Dumps of unix listeners.

use crate::netns::in_new_netns;
use sockdoctor::netlink::SockDiag;
use sockdoctor_checks::facts::{Fact, UnixListener};
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener as Socket, UnixStream};

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

#[test]
fn a_connected_stream_is_no_listener() {
    in_new_netns(|| {
        let _pair = UnixStream::pair().unwrap();
        assert_eq!(dump(), []);
    });
}
