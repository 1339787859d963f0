//! The canaries: sockets of our own, whose queues are known, held against what is said of them.

use super::canary::{self, CanarySocket};
use super::{MayAsk, proc_net};
use crate::netlink::{Asked, Protocol, SockDiag};
use sockdoctor_checks::facts::{
    Canary, Errno, Fact, Family, Gap, Opened, Queues, RoundTrips, SOCKET_CALL, Why,
};
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// The tables of this thread's namespace.
const PROC_NET: &str = "/proc/thread-self/net";

/// What socket(2) says of this process or of this moment, and not of sock_diag: ENOMEM, ENFILE,
/// EMFILE, ENOBUFS. An ss that is run by itself may well get its socket.
const SHORTAGES: [i32; 4] = [12, 23, 24, 105];

/// Opens the canaries in the observer's own namespace and asks sock_diag and /proc for them.
pub fn collect(may_ask: MayAsk) -> Fact<RoundTrips> {
    let mut oracle = Oracle(SockDiag::open().map_err(|error| errno(&error)));
    if let Err(errno) = &oracle.0
        && SHORTAGES.contains(&errno.0)
    {
        return Fact::Missing(Gap::new(SOCKET_CALL, Why::Failed(*errno)));
    }
    Fact::Known(RoundTrips {
        socket: oracle.opened(),
        tcp4: tcp(&mut oracle, may_ask, Family::V4).into(),
        tcp6: tcp6(&mut oracle, may_ask).into(),
        udp: udp(&mut oracle, may_ask).into(),
        unix: unix(&mut oracle, may_ask).into(),
    })
}

fn tcp(oracle: &mut Oracle, may_ask: MayAsk, family: Family) -> Result<Canary, Gap> {
    let socket = canary::tcp(family)?;
    let (port, inode) = (socket.name.port(), socket.inode);
    let asked = oracle.ask(may_ask.tcp, "tcp_diag", |diag| {
        diag.ask_inet(family, Protocol::Tcp, port, inode)
    });
    let proc_net = unless_answered(&asked, || {
        proc_net::tcp_queues(Path::new(PROC_NET), family, inode)
    });
    Ok(report(&socket, asked, proc_net))
}

/// A socket of a family that is a module would load that module, and this is not what the user
/// asked about.
fn tcp6(oracle: &mut Oracle, may_ask: MayAsk) -> Result<Canary, Gap> {
    if canary::has_ipv6(Path::new(PROC_NET))? {
        return tcp(oracle, may_ask, Family::V6);
    }
    let why = format!("there is no {PROC_NET}/tcp6");
    Err(Gap::new("TCP canary over IPv6", Why::Unsupported(why)))
}

fn udp(oracle: &mut Oracle, may_ask: MayAsk) -> Result<Canary, Gap> {
    let socket: CanarySocket<SocketAddr> = canary::udp()?;
    let (port, inode) = (socket.name.port(), socket.inode);
    let asked = oracle.ask(may_ask.udp, "udp_diag", |diag| {
        diag.ask_inet(Family::V4, Protocol::Udp, port, inode)
    });
    let proc_net = unless_answered(&asked, || proc_net::udp_queues(Path::new(PROC_NET), inode));
    Ok(report(&socket, asked, proc_net))
}

/// What the table of /proc shows, which matters where sock_diag is silent: to find one line of it
/// the kernel may walk all connections of the machine (established_get_first,
/// net/ipv4/tcp_ipv4.c), 31 ms for 100,000.
fn unless_answered(
    asked: &Asked,
    read: impl FnOnce() -> Result<Option<Queues>, Gap>,
) -> Result<Option<Queues>, Gap> {
    match asked.queues {
        Some(_) => Err(Gap::not_collected(PROC_NET, "sock_diag answered")),
        None => read(),
    }
}

fn unix(oracle: &mut Oracle, may_ask: MayAsk) -> Result<Canary, Gap> {
    let socket = canary::unix_pair()?;
    let asked = oracle.ask(may_ask.unix, "unix_diag", |diag| {
        diag.ask_unix(socket.inode)
    });
    let proc_net = proc_net::unix_is_readable(Path::new(PROC_NET)).map(|()| None);
    Ok(report(&socket, asked, proc_net))
}

fn report<N>(
    socket: &CanarySocket<N>,
    asked: Asked,
    proc_net: Result<Option<Queues>, Gap>,
) -> Canary {
    Canary {
        socket: socket.words.clone(),
        truth: socket.truth,
        answer: asked.answer,
        sock_diag: asked.queues,
        proc_net: proc_net.into(),
    }
}

/// socket(2) fails with a number and with nothing else.
fn errno(error: &io::Error) -> Errno {
    Errno(error.raw_os_error().unwrap_or(0))
}

/// sock_diag, or the reason why there is none.
struct Oracle(Result<SockDiag, Errno>);

impl Oracle {
    fn opened(&self) -> Opened {
        match &self.0 {
            Ok(_) => Opened::Yes,
            Err(errno) => Opened::No(*errno),
        }
    }

    /// Asks, where that may be done and there is somebody to ask.
    fn ask(
        &mut self,
        allowed: bool,
        module: &str,
        question: impl FnOnce(&mut SockDiag) -> Asked,
    ) -> Asked {
        let what = "ask sock_diag";
        let gap = match &mut self.0 {
            _ if !allowed => {
                Gap::not_collected(what, format!("--passive, and {module} is not loaded"))
            }
            Ok(diag) => return question(diag),
            Err(errno) => Gap::new(format!("{what}: there is no socket"), Why::Failed(*errno)),
        };
        Asked {
            answer: Fact::Missing(gap),
            queues: None,
        }
    }
}
