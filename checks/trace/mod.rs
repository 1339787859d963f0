//! What became of connection requests that were watched in the kernel, and what that adds up to.

pub mod agreement;
mod outcome;
mod summary;

pub use outcome::Outcome;
pub use summary::{ListenerSummary, StackSummary, Summary};

use std::net::SocketAddr;

/// Where in the handshake a request was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// `tcp_conn_request`, net/ipv4/tcp_input.c.
    Syn,
    /// `tcp_v4_syn_recv_sock` or `tcp_v6_syn_recv_sock`: the ACK that completes the handshake.
    FinalAck,
}

/// By how much this one request made the counters of its namespace grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Growth {
    /// ListenDrops.
    pub drops: u8,
    /// ListenOverflows.
    pub overflows: u8,
    /// TCPReqQFullDrop.
    pub queue_full_drops: u8,
    /// TCPReqQFullDoCookies.
    pub queue_full_cookies: u8,
}

/// One connection request, as the kernel dealt with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// CLOCK_MONOTONIC, nanoseconds.
    pub time_ns: u64,
    /// The inode of its network namespace.
    pub netns: u32,
    /// Where it was looked at.
    pub stage: Stage,
    /// Who asked.
    pub client: SocketAddr,
    /// What was asked for.
    pub local: SocketAddr,
    /// What the listener is bound to.
    pub listener: SocketAddr,
    /// The inode of the listener; 0 when it was being closed.
    pub inode: u64,
    /// Requests that waited for the final ACK just before.
    pub request_queue: u32,
    /// Connections that waited for accept() just before.
    pub accept_queue: u32,
    /// The listener's backlog.
    pub backlog: u32,
    /// net.ipv4.tcp_max_syn_backlog of its namespace.
    pub max_syn_backlog: u32,
    /// net.ipv4.tcp_syncookies of its namespace.
    pub syncookies: u8,
    /// What it added to the counters.
    pub growth: Growth,
}

#[cfg(test)]
pub(crate) fn request() -> Request {
    Request {
        time_ns: 0,
        netns: 1,
        stage: Stage::Syn,
        client: SocketAddr::from(([10, 9, 0, 1], 40000)),
        local: SocketAddr::from(([10, 0, 0, 1], 80)),
        listener: SocketAddr::from(([0, 0, 0, 0], 80)),
        inode: 7,
        request_queue: 0,
        accept_queue: 0,
        backlog: 5,
        max_syn_backlog: 128,
        syncookies: 1,
        growth: Growth::default(),
    }
}
