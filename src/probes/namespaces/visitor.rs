//! One thread's visits. It goes from namespace to namespace and never back.

use super::reading::{Reading, Second};
use super::unread::{self, net_sysctls};
use super::{Visit, syn_recv};
use crate::gap::unselected;
use crate::netlink::SockDiag;
use crate::netns::{self, Found};
use crate::probes::descriptors::namespace_cookie;
use crate::probes::interfaces;
use crate::probes::netstat::Netstat;
use crate::probes::proc_net;
use crate::probes::sysctls::Sysctls;
use sockdoctor_checks::facts::{
    self, Counters, Fact, Gap, NetSysctls, NetnsId, SynRecv, TcpListener, Topic, UnixListener,
    UnixStream, Why,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What a thread keeps from visit to visit.
pub(super) struct Visitor {
    visit: Arc<Visit>,
    /// The namespaces in which SYN_RECV is counted.
    counted: Arc<BTreeSet<NetnsId>>,
    /// It has left the namespace of the thread that started it.
    has_left: bool,
    sysctls: Sysctls,
    netstat: Netstat,
}

/// From where a namespace is read.
enum Stand {
    /// From within it.
    Inside,
    /// From outside, through the `net` directory of a process in it, because of a gap.
    Outside(String, Gap),
}

impl Stand {
    /// /proc/net would be that of the main thread.
    fn net_directory(&self) -> &str {
        match self {
            Stand::Inside => "/proc/thread-self/net",
            Stand::Outside(directory, _) => directory,
        }
    }
}

impl Visitor {
    /// For a run that visits so many namespaces.
    pub(super) fn new(
        visit: Arc<Visit>,
        namespaces: usize,
        counted: Arc<BTreeSet<NetnsId>>,
    ) -> Self {
        Visitor {
            visit,
            counted,
            has_left: false,
            sysctls: Sysctls::for_namespaces(namespaces),
            netstat: Netstat::default(),
        }
    }

    /// Reads all that was asked for.
    pub(super) fn first(&mut self, found: &Found) -> Reading {
        let reading = self.read(found, |visitor, stand, diag| Reading {
            at: Instant::now(),
            cookie: visitor.cookie(diag),
            counters: visitor.counters(stand),
            listeners: visitor.listeners(stand, diag),
            unix_listeners: visitor.unix_listeners(stand, diag),
            syn_recv: visitor.syn_recv(found, stand, diag),
            unix_streams: visitor.unix_streams(stand, diag),
            sysctls: visitor.settings(stand),
        });
        reading.unwrap_or_else(|gap| unread::reading(self.visit.topics, &gap))
    }

    /// Reads again what grows.
    pub(super) fn second(&mut self, found: &Found) -> Second {
        let second = self.read(found, |visitor, stand, diag| Second {
            at: Instant::now(),
            counters: visitor.counters(stand),
            listeners: visitor.listeners(stand, diag),
        });
        second.unwrap_or_else(Second::missing)
    }

    fn read<T>(
        &mut self,
        found: &Found,
        read: impl FnOnce(&mut Self, &Stand, &mut Result<SockDiag, Gap>) -> T,
    ) -> Result<T, Gap> {
        let stand = self.stand(found)?;
        let mut diag = self.diag(&stand);
        let value = read(self, &stand, &mut diag);
        match stand {
            // The process may have moved, or another may have got its pid.
            Stand::Outside(directory, _) if !found.process_is_inside() => {
                Err(netns::ended(directory))
            }
            _ => Ok(value),
        }
    }

    fn stand(&mut self, found: &Found) -> Result<Stand, Gap> {
        if found.own && !self.has_left {
            return Ok(Stand::Inside);
        }
        match (self.enter(found), found.process) {
            (Ok(()), _) => Ok(Stand::Inside),
            (Err(gap), Some(pid)) => Ok(Stand::Outside(format!("/proc/{pid}/net"), gap)),
            (Err(gap), None) => Err(gap),
        }
    }

    fn enter(&mut self, found: &Found) -> Result<(), Gap> {
        found.enter()?;
        self.has_left = true;
        self.sysctls.entered_namespace();
        Ok(())
    }

    fn wants(&self, topic: Topic) -> bool {
        self.visit.topics.contains(topic)
    }

    /// One socket for all questions in a namespace, where there is a question.
    fn diag(&self, stand: &Stand) -> Result<SockDiag, Gap> {
        let may_ask = self.visit.may_ask;
        let wants = |topics: [Topic; 2]| topics.iter().any(|topic| self.wants(*topic));
        let tcp = wants([Topic::Listeners, Topic::SynRecv]) && may_ask.tcp;
        let unix = wants([Topic::UnixListeners, Topic::UnixStreams]) && may_ask.unix;
        match stand {
            Stand::Outside(_, gap) => Err(gap.clone()),
            Stand::Inside if tcp || unix => SockDiag::open().map_err(|error| no_socket(&error)),
            Stand::Inside => Err(Gap::not_collected("sock_diag", "--passive")),
        }
    }

    /// The namespace is that of the socket: there is one only inside.
    fn cookie(&self, diag: &Result<SockDiag, Gap>) -> Option<u64> {
        let diag = diag.as_ref().ok().filter(|_| self.visit.cookies)?;
        namespace_cookie(diag).ok().flatten()
    }

    fn counters(&mut self, stand: &Stand) -> Fact<Counters> {
        if self.wants(Topic::Counters) {
            self.netstat.read(stand.net_directory())
        } else {
            Fact::Missing(unselected("counters"))
        }
    }

    fn settings(&mut self, stand: &Stand) -> NetSysctls {
        let sysctls = &mut self.sysctls;
        net_sysctls(self.visit.topics, |path| match stand {
            Stand::Inside => sysctls.read(path),
            // /proc/sys/net is that of the reader; no process lends its own.
            Stand::Outside(_, gap) => Fact::Missing(gap.clone()),
        })
    }

    fn listeners(&self, stand: &Stand, diag: &mut Result<SockDiag, Gap>) -> Fact<Vec<TcpListener>> {
        if !self.wants(Topic::Listeners) {
            return Fact::Missing(unselected("listeners"));
        }
        let allowed = self.visit.may_ask.tcp;
        let asked = ask(diag, allowed, "TCP listeners", SockDiag::tcp_listeners);
        // It was asked from within the namespace.
        or_of_proc(asked.map(interfaces::named), stand, proc_net::tcp_listeners)
    }

    fn unix_listeners(
        &self,
        stand: &Stand,
        diag: &mut Result<SockDiag, Gap>,
    ) -> Fact<Vec<UnixListener>> {
        if !self.wants(Topic::UnixListeners) {
            return Fact::Missing(unselected("unix listeners"));
        }
        let allowed = self.visit.may_ask.unix;
        let asked = ask(diag, allowed, "unix listeners", SockDiag::unix_listeners);
        or_of_proc(asked, stand, proc_net::unix_listeners)
    }

    fn syn_recv(
        &self,
        found: &Found,
        stand: &Stand,
        diag: &mut Result<SockDiag, Gap>,
    ) -> Fact<Vec<SynRecv>> {
        if !self.wants(Topic::SynRecv) {
            return Fact::Missing(unselected("SYN_RECV sockets"));
        }
        if !self.counted.contains(&found.id) {
            return Fact::Missing(syn_recv::not_counted());
        }
        let allowed = self.visit.may_ask.tcp;
        let asked = ask(diag, allowed, "TCP connections", SockDiag::syn_recv);
        syn_recv::or_of_proc(asked, Path::new(stand.net_directory()))
    }

    fn unix_streams(
        &self,
        stand: &Stand,
        diag: &mut Result<SockDiag, Gap>,
    ) -> Fact<Vec<UnixStream>> {
        if !self.wants(Topic::UnixStreams) {
            return Fact::Missing(unselected("unix streams"));
        }
        let allowed = self.visit.may_ask.unix;
        let asked = ask(diag, allowed, "unix streams", SockDiag::unix_streams);
        or_of_proc(asked, stand, proc_net::unix_streams)
    }
}

/// Asks sock_diag, where it may be asked.
fn ask<T>(
    diag: &mut Result<SockDiag, Gap>,
    allowed: bool,
    about: &str,
    question: impl FnOnce(&mut SockDiag) -> Fact<T>,
) -> Fact<T> {
    match diag {
        _ if !allowed => Fact::Missing(passive(about)),
        Ok(diag) => question(diag),
        Err(gap) => Fact::Missing(gap.clone()),
    }
}

/// Where sock_diag left a gap, what /proc has, with that gap: it lacks backlogs and drops of TCP
/// listeners, and all queues of unix sockets.
fn or_of_proc<T>(
    asked: Fact<Vec<T>>,
    stand: &Stand,
    read: impl FnOnce(&Path) -> Result<Vec<T>, Gap>,
) -> Fact<Vec<T>> {
    let gap = match asked {
        Fact::Missing(gap) => gap,
        answered => return answered,
    };
    match read(Path::new(stand.net_directory())) {
        // Where there is none, nothing is missing of it.
        Ok(value) if value.is_empty() => Fact::Known(value),
        Ok(value) => Fact::with_gaps(value, vec![gap]),
        Err(_) => Fact::Missing(gap),
    }
}

fn passive(about: &str) -> Gap {
    let what = format!("sock_diag for {about}");
    Gap::not_collected(what, "--passive, and its modules are not loaded")
}

/// The errno of socket(2) says which part of the system has no sock_diag, so it is kept.
fn no_socket(error: &std::io::Error) -> Gap {
    match error.raw_os_error() {
        Some(code) => Gap::new(facts::SOCKET_CALL, Why::Failed(facts::Errno(code))),
        None => Gap::malformed(facts::SOCKET_CALL, error.to_string()),
    }
}
