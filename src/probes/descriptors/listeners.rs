//! TCP listeners of which /proc/net/tcp has the queue alone.

use super::duplicate::{gone, why};
use super::{Answers, Told, gaps, options};
use crate::probes::canary::is_canary;
use crate::probes::interfaces;
use rustix::fd::OwnedFd;
use rustix::net::{ipproto, sockopt};
use sockdoctor_checks::facts::{Fact, SocketSource, TcpListener, Why};
use sockdoctor_checks::list::counted;
use std::collections::BTreeMap;

/// What a listener says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) accept_queue: u32,
    pub(super) backlog: u32,
    pub(super) drops: Option<u32>,
    pub(super) interface: Option<u32>,
    pub(super) interface_name: Option<String>,
    pub(super) source: SocketSource,
}

/// Asks the socket. A kernel that does not know an option leaves it unknown.
pub(super) fn ask(socket: &OwnedFd) -> Result<Listening, Why> {
    let queues = options::listener_queues(socket).map_err(why)?;
    let (accept_queue, backlog) = queues.ok_or_else(gone)?;
    // An MPTCP socket lends the queue of its TCP socket (mptcp_getsockopt_sol_tcp,
    // net/mptcp/sockopt.c), but the drops are counted there and not in itself.
    let is_tcp = sockopt::socket_protocol(socket) == Ok(Some(ipproto::TCP));
    let drops = if is_tcp {
        options::drops(socket).ok().flatten()
    } else {
        None
    };
    let interface = options::interface(socket).ok().flatten();
    Ok(Listening {
        accept_queue,
        backlog,
        drops,
        interface,
        interface_name: interface.and_then(|index| interfaces::name(socket, index)),
        source: SocketSource::Descriptor,
    })
}

/// The inodes of the listeners that lack a backlog.
pub(super) fn lacking(fact: &Fact<Vec<TcpListener>>) -> impl Iterator<Item = u32> {
    let listeners = fact.value().into_iter().flatten();
    listeners.filter(|one| lacks(one)).map(|one| one.inode)
}

fn lacks(listener: &TcpListener) -> bool {
    listener.source == SocketSource::ProcNet && !is_canary(listener.inode)
}

/// Puts in what was told.
pub(super) fn fill(fact: &mut Fact<Vec<TcpListener>>, answers: &Answers) {
    let Fact::Partial { value, gaps: known } = fact else {
        return;
    };
    if !value.iter().any(lacks) {
        return;
    }
    let mut reasons = BTreeMap::new();
    for listener in value.iter_mut().filter(|one| lacks(one)) {
        match answers.get(&listener.inode) {
            Some(Ok(Told::Listener(told))) => put(listener, told),
            Some(Err(why)) => *reasons.entry(why.clone()).or_default() += 1,
            _ => {}
        }
    }
    if reasons.is_empty() {
        *fact = Fact::Known(std::mem::take(value));
    } else {
        known.extend(gaps(what, reasons));
    }
}

fn what(listeners: usize) -> String {
    let listeners = counted(listeners, "TCP listener");
    format!("backlog and drops of {listeners}, which /proc/net/tcp does not have")
}

fn put(listener: &mut TcpListener, told: &Listening) {
    listener.accept_queue = told.accept_queue;
    listener.backlog = Some(told.backlog);
    listener.drops = told.drops;
    listener.interface = told.interface.unwrap_or(listener.interface);
    listener.interface_name.clone_from(&told.interface_name);
    listener.source = told.source;
}
