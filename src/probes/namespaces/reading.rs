//! What one visit brings back.

use sockdoctor_checks::facts::{
    Counters, Fact, Gap, NetSysctls, SynRecv, TcpListener, UnixListener, UnixStream,
};
use std::time::Instant;

/// The first reading of a namespace.
#[derive(Debug)]
pub(super) struct Reading {
    /// When its counters and listeners were read.
    pub(super) at: Instant,
    /// What tells the namespace from a later one with the same inode, where that could be asked.
    pub(super) cookie: Option<u64>,
    pub(super) sysctls: NetSysctls,
    pub(super) counters: Fact<Counters>,
    pub(super) listeners: Fact<Vec<TcpListener>>,
    pub(super) unix_listeners: Fact<Vec<UnixListener>>,
    pub(super) syn_recv: Fact<Vec<SynRecv>>,
    pub(super) unix_streams: Fact<Vec<UnixStream>>,
}

/// The second one: what grows.
#[derive(Debug)]
pub(super) struct Second {
    pub(super) at: Instant,
    pub(super) counters: Fact<Counters>,
    pub(super) listeners: Fact<Vec<TcpListener>>,
}

impl Second {
    /// A second visit that did not come back.
    pub(super) fn missing(gap: Gap) -> Self {
        Second {
            at: Instant::now(),
            counters: Fact::Missing(gap.clone()),
            listeners: Fact::Missing(gap),
        }
    }
}
