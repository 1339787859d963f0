//! Canaries: sockets of our own on loopback, whose queues are known because they were made so.
//! They close when they are dropped.

use super::{io_gap, read_trimmed};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind, connect, getsockname,
    listen, sendto, socket_with, sockopt,
};
use sockdoctor_checks::facts::{Family, Gap, Queues, Why};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The backlog of a canary: a number that nothing else would show by chance.
const BACKLOG: u32 = 7;
/// What is left unread in a unix canary.
const UNREAD: [u8; 9] = [0; 9];
/// How long a connection over loopback may take to arrive.
const ARRIVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// A socket of our own, what is true of it, and what keeps it that way.
#[derive(Debug)]
pub(super) struct CanarySocket<N> {
    /// What it is found by: an address, or the name of a unix socket.
    pub(super) name: N,
    /// Its inode.
    pub(super) inode: u32,
    /// The socket in words.
    pub(super) words: String,
    /// Its queues.
    pub(super) truth: Queues,
    /// The socket and its peers.
    _open: Vec<OwnedFd>,
}

/// The inodes of all sockets of this process that others would count: those on which it has
/// listened, and those with unread bytes.
static OURS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Whether a listener or a stream is a canary, of this run, and so none of the machine's own.
pub(crate) fn is_canary(inode: u32) -> bool {
    ours().contains(&inode)
}

/// Leaves them out of what was seen of the machine.
pub(crate) fn forget<T>(sockets: &mut Vec<T>, inode: impl Fn(&T) -> u32) {
    let ours = ours();
    sockets.retain(|socket| !ours.contains(&inode(socket)));
}

fn ours() -> MutexGuard<'static, BTreeSet<u32>> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens, and remembers before anybody can see it whose listener this is.
fn listen_as_canary(socket: &OwnedFd, backlog: u32) -> Result<(), Errno> {
    ours().insert(inode(socket)?);
    listen(socket, backlog.cast_signed())
}

/// A TCP listener with a small backlog and one connection waiting.
pub(super) fn tcp(family: Family) -> Result<CanarySocket<SocketAddr>, Gap> {
    let gap = |error: Errno| gap_of(family, "TCP", error);
    let listener = on_loopback(family, SocketType::STREAM).map_err(gap)?;
    listen_as_canary(&listener, BACKLOG).map_err(gap)?;
    let address = local(&listener).map_err(gap)?;
    let client = waiting_client(&listener, family, &address);
    let connection = match &client {
        Ok(_) => "one connection waiting".to_owned(),
        Err(error) => format!("no connection could be made ({})", named(*error)),
    };
    Ok(CanarySocket {
        name: address,
        inode: inode(&listener).map_err(gap)?,
        words: format!("{address}, listen(fd, {BACKLOG}), {connection}"),
        truth: Queues {
            recv: client.is_ok().then_some(1),
            send: effective_backlog(Path::new("/proc/sys/net")),
        },
        _open: std::iter::once(listener).chain(client).collect(),
    })
}

/// A UDP socket with one datagram unread. Its queue is counted in memory, not in bytes of the
/// datagram (udp_rqueue_get, include/net/udp.h), so the true number is not known.
pub(super) fn udp() -> Result<CanarySocket<SocketAddr>, Gap> {
    let gap = |error: Errno| gap_of(Family::V4, "UDP", error);
    let socket = on_loopback(Family::V4, SocketType::DGRAM).map_err(gap)?;
    let address = local(&socket).map_err(gap)?;
    let datagram = match sendto(&socket, &UNREAD, SendFlags::empty(), &address) {
        Ok(_) => "one datagram unread".to_owned(),
        Err(error) => format!("no datagram could be sent ({})", named(error)),
    };
    Ok(CanarySocket {
        name: address,
        inode: inode(&socket).map_err(gap)?,
        words: format!("{address}, {datagram}"),
        truth: Queues {
            recv: None,
            send: None,
        },
        _open: vec![socket],
    })
}

/// A connected unix stream without a name, with bytes left unread.
pub(super) fn unix_pair() -> Result<CanarySocket<()>, Gap> {
    let gap = |error: io::Error| io_gap("unix canary", &error);
    let (near, mut far) = UnixStream::pair().map_err(gap)?;
    ours().insert(inode(&near).map_err(|error| gap(error.into()))?);
    far.write_all(&UNREAD).map_err(gap)?;
    unix((), near, far).map_err(|error| gap(error.into()))
}

/// The same with an abstract name, so that ss can be asked for it: an accepted socket has the
/// name of its listener.
pub(super) fn unix_named() -> Result<CanarySocket<String>, Gap> {
    let gap = |error: Errno| io_gap("unix canary", &error.into());
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    );
    let socket = socket.map_err(gap)?;
    // The inode is unique on the machine.
    let name = format!("sockdoctor-canary-{}", inode(&socket).map_err(gap)?);
    let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).map_err(gap)?;
    bind(&socket, &address).map_err(gap)?;
    listen_as_canary(&socket, 1).map_err(gap)?;
    let (near, far) = accepted(socket, &address).map_err(|error| io_gap("unix canary", &error))?;
    unix(format!("@{name}"), near, far).map_err(gap)
}

fn accepted(listener: OwnedFd, address: &SocketAddrUnix) -> io::Result<(UnixStream, UnixStream)> {
    let client = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    connect(&client, address)?;
    let mut far = UnixStream::from(client);
    far.write_all(&UNREAD)?;
    let (near, _) = UnixListener::from(listener).accept()?;
    ours().insert(inode(&near)?);
    Ok((near, far))
}

fn unix<N>(name: N, near: UnixStream, far: UnixStream) -> Result<CanarySocket<N>, Errno> {
    let unread = UNREAD.len() as u32;
    Ok(CanarySocket {
        name,
        inode: inode(&near)?,
        words: format!("unix stream, {unread} bytes unread"),
        truth: Queues {
            recv: Some(unread),
            send: None,
        },
        _open: vec![near.into(), far.into()],
    })
}

/// A socket on a free port of loopback. Where loopback is down it has no address yet, and
/// IP_FREEBIND binds to that address all the same, so that nothing is exposed.
fn on_loopback(family: Family, kind: SocketType) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(address_family(family), kind, flags, None)?;
    let address = loopback(family);
    match bind(&socket, &address) {
        Err(Errno::ADDRNOTAVAIL) => {
            match family {
                Family::V4 => sockopt::set_ip_freebind(&socket, true)?,
                Family::V6 => sockopt::set_ipv6_freebind(&socket, true)?,
            }
            bind(&socket, &address)?;
        }
        bound => bound?,
    }
    Ok(socket)
}

const fn address_family(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::INET,
        Family::V6 => AddressFamily::INET6,
    }
}

fn loopback(family: Family) -> SocketAddr {
    match family {
        Family::V4 => (Ipv4Addr::LOCALHOST, 0).into(),
        Family::V6 => (Ipv6Addr::LOCALHOST, 0).into(),
    }
}

fn local(socket: &OwnedFd) -> Result<SocketAddr, Errno> {
    getsockname(socket)?.try_into()
}

fn inode(socket: impl AsFd) -> Result<u32, Errno> {
    let inode = rustix::fs::fstat(socket)?.st_ino;
    u32::try_from(inode).map_err(|_| Errno::OVERFLOW)
}

/// A client whose connection has arrived in the accept queue.
fn waiting_client(
    listener: &OwnedFd,
    family: Family,
    address: &SocketAddr,
) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let client = socket_with(address_family(family), SocketType::STREAM, flags, None)?;
    match connect(&client, address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    let mut arrival = [PollFd::new(listener, PollFlags::IN)];
    match poll(&mut arrival, Some(&ARRIVAL))? {
        0 => Err(Errno::TIMEDOUT),
        _ => Ok(client),
    }
}

/// What listen() makes of the backlog: no more than somaxconn (`__sys_listen`, net/socket.c).
///
/// Where the settings of the namespace are there and this one is not, nobody can have changed it
/// from its default, which is 128 at least: before about Linux 6.3 it has no file in a namespace
/// that another user namespace than the first owns (6b754d7bd007, net/core/sysctl_net_core.c).
fn effective_backlog(sys_net: &Path) -> Option<u32> {
    match read_trimmed(sys_net.join("core/somaxconn")) {
        Ok(somaxconn) => Some(BACKLOG.min(somaxconn.parse().ok()?)),
        Err(gap) if gap.why == Why::Absent && sys_net.join("ipv4").is_dir() => Some(BACKLOG),
        Err(_) => None,
    }
}

/// The error as a fact, which knows its name.
fn named(error: Errno) -> sockdoctor_checks::facts::Errno {
    sockdoctor_checks::facts::Errno(error.raw_os_error())
}

fn gap_of(family: Family, protocol: &str, error: Errno) -> Gap {
    let version = match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    let what = format!("{protocol} canary over {version}");
    match error {
        Errno::ADDRNOTAVAIL => Gap::new(what, Why::Unsupported(format!("no {version} loopback"))),
        error => io_gap(what, &error.into()),
    }
}

/// Whether IPv6 is there, without the socket(2) that would load it. A missing tcp6 means that it
/// is not only where the table of IPv4 is there: elsewhere there is no /proc to look at.
pub(super) fn has_ipv6(proc_net: &Path) -> Result<bool, Gap> {
    let there = |table| {
        let path = proc_net.join(table);
        let there = path.try_exists();
        there.map_err(|error| io_gap(path.display().to_string(), &error))
    };
    if there("tcp6")? {
        return Ok(true);
    }
    if there("tcp")? {
        return Ok(false);
    }
    Err(Gap::new(proc_net.display().to_string(), Why::Absent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_true_backlog_is_known_where_somaxconn_has_no_file_but_not_without_proc() {
        let sys_net = tempfile::tempdir().expect("a directory");
        assert_eq!(effective_backlog(sys_net.path()), None);
        for directory in ["core", "ipv4"] {
            std::fs::create_dir(sys_net.path().join(directory)).expect("a directory");
        }
        assert_eq!(effective_backlog(sys_net.path()), Some(BACKLOG));
        std::fs::write(sys_net.path().join("core/somaxconn"), "5\n").expect("a file");
        assert_eq!(effective_backlog(sys_net.path()), Some(5));
    }

    #[test]
    fn a_proc_that_is_not_there_does_not_mean_that_there_is_no_ipv6() {
        let net = tempfile::tempdir().expect("a directory");
        assert!(has_ipv6(net.path()).is_err());
        std::fs::write(net.path().join("tcp"), "").expect("a file");
        assert_eq!(has_ipv6(net.path()), Ok(false));
        std::fs::write(net.path().join("tcp6"), "").expect("a file");
        assert_eq!(has_ipv6(net.path()), Ok(true));
    }
}
