//! Facts that were not read, and why.

use super::reading::Reading;
use crate::gap::unselected;
use crate::probes::sysctls;
use sockdoctor_checks::facts::{Fact, Gap, NetSysctls, Topic, Topics};
use std::time::Instant;

/// A reading of nothing: `gap` where something was asked for.
pub(super) fn reading(topics: Topics, gap: &Gap) -> Reading {
    Reading {
        at: Instant::now(),
        cookie: None,
        sysctls: net_sysctls(topics, |_| Fact::Missing(gap.clone())),
        counters: fact(topics, Topic::Counters, "counters", gap),
        listeners: fact(topics, Topic::Listeners, "listeners", gap),
        unix_listeners: fact(topics, Topic::UnixListeners, "unix listeners", gap),
        syn_recv: fact(topics, Topic::SynRecv, "SYN_RECV sockets", gap),
        unix_streams: fact(topics, Topic::UnixStreams, "unix streams", gap),
    }
}

fn fact<T>(topics: Topics, topic: Topic, what: &str, gap: &Gap) -> Fact<T> {
    Fact::Missing(if topics.contains(topic) {
        gap.clone()
    } else {
        unselected(what)
    })
}

/// The settings, each through `read` if its topic was asked for.
pub(super) fn net_sysctls(topics: Topics, mut read: impl FnMut(&str) -> Fact<u32>) -> NetSysctls {
    let mut setting = |topic, path: &str| {
        if topics.contains(topic) {
            read(path)
        } else {
            Fact::Missing(unselected(&["/proc/", path].concat()))
        }
    };
    NetSysctls {
        somaxconn: setting(Topic::Somaxconn, sysctls::SOMAXCONN),
        tcp_syncookies: setting(Topic::TcpSysctls, sysctls::TCP_SYNCOOKIES),
        tcp_max_syn_backlog: setting(Topic::TcpSysctls, sysctls::TCP_MAX_SYN_BACKLOG),
        tcp_abort_on_overflow: setting(Topic::TcpSysctls, sysctls::TCP_ABORT_ON_OVERFLOW),
        tcp_synack_retries: setting(Topic::TcpSysctls, sysctls::TCP_SYNACK_RETRIES),
    }
}
