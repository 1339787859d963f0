//! Which listener the sockets in SYN_RECV belong to.
//!
//! A request has the family of its listener (inet_reqsk_alloc, net/ipv4/inet_connection_sock.c:
//! `ireq_family = sk_listener->sk_family`), so a SYN over IPv4 at a dual-stack listener is one of
//! IPv6 with a mapped address. It has the address that the SYN was sent to, and the interface that
//! its listener is bound to (inet_request_bound_dev_if, include/net/inet_sock.h), or that of a
//! link-local client (tcp_v6_init_req, net/ipv6/tcp_ipv6.c).

use super::row::Known;
use crate::facts::{Fact, Family, Gap, SocketSource, SynRecv, TcpListener, Why};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// An address of a family, and a port.
type Endpoint = (Family, IpAddr, u16);
/// The same, and the interface that a listener there is bound to, 0 for none.
type Binding = (Endpoint, u32);

/// The requests of each listener of one namespace.
#[derive(Default)]
pub(super) struct Requests {
    counts: BTreeMap<Binding, u32>,
    /// Bindings with requests that may be another's.
    doubtful: BTreeSet<Binding>,
    /// Families and ports with requests that no listener there would take.
    stray: BTreeSet<(Family, u16)>,
    /// What is missing.
    gap: Option<Arc<Gap>>,
}

impl Requests {
    /// Hands each entry to the listener at its address, or else to the wildcard listener, as
    /// the kernel looks them up (__inet_lookup_listener, net/ipv4/inet_hashtables.c).
    pub(super) fn assign(fact: &Fact<Vec<SynRecv>>, listeners: &[TcpListener]) -> Self {
        // Mostly there are no entries, and then it does not matter who listens.
        let bindings: LazyCell<BTreeSet<Binding>, _> =
            LazyCell::new(|| listeners.iter().map(binding).collect());
        let shared: LazyCell<BTreeSet<Binding>, _> = LazyCell::new(|| shared_in_proc(listeners));
        let mut requests = Requests {
            gap: fact.gaps().first().cloned().map(Arc::new),
            ..Requests::default()
        };
        for entry in fact.value().into_iter().flatten() {
            let at = |endpoint| at(endpoint, entry.interface, &bindings);
            let mut found = candidates(entry).map(at);
            let found = found.find(|found| !found.is_empty());
            match found {
                Some(found) if found.iter().any(|one| shared.contains(one)) => {
                    requests.doubtful.extend(found);
                }
                Some(found) => requests.add(entry.requests, &found),
                None => _ = requests.stray.insert((entry.family, entry.port)),
            }
        }
        requests
    }

    fn add(&mut self, requests: u32, bindings: &[Binding]) {
        match bindings {
            [only] => {
                let count = self.counts.entry(*only).or_default();
                *count = count.saturating_add(requests);
            }
            several => self.doubtful.extend(several),
        }
    }

    /// How many wait at this listener. What was counted in a reading with gaps is true as far as
    /// it goes; that nothing was counted there says nothing.
    pub(super) fn at(&self, listener: &TcpListener) -> Known<u32> {
        let binding = binding(listener);
        match (self.counts.get(&binding), &self.gap) {
            _ if self.doubtful.contains(&binding) => Err(Arc::new(cannot_tell())),
            (Some(&count), _) => Ok(count),
            _ if self.stray.contains(&(listener.family, listener.port)) => {
                Err(Arc::new(whose_is_not_known()))
            }
            (None, Some(gap)) => Err(Arc::clone(gap)),
            (None, None) => Ok(0),
        }
    }
}

/// What several listeners in /proc/net/tcp have in common, which does not tell their interfaces.
fn shared_in_proc(listeners: &[TcpListener]) -> BTreeSet<Binding> {
    let from_proc = |one: &&TcpListener| one.source == SocketSource::ProcNet;
    let mut seen = BTreeSet::new();
    let bindings = listeners.iter().filter(from_proc).map(binding);
    bindings.filter(|one| !seen.insert(*one)).collect()
}

fn binding(listener: &TcpListener) -> Binding {
    let address = (listener.family, listener.address, listener.port);
    (address, listener.interface)
}

/// Who listens at an address for a request that came by this interface: who is bound to it, or else
/// who is bound to none. Where the interface is not known, everybody there.
fn at(endpoint: Endpoint, interface: Option<u32>, bindings: &BTreeSet<Binding>) -> Vec<Binding> {
    match interface {
        Some(interface) => {
            let mut both = [(endpoint, interface), (endpoint, 0)].into_iter();
            both.find(|binding| bindings.contains(binding))
                .into_iter()
                .collect()
        }
        None => {
            let all = (endpoint, 0)..=(endpoint, u32::MAX);
            bindings.range(all).copied().collect()
        }
    }
}

/// The address itself, or else the wildcards of its family: for a SYN over IPv4 that of IPv4 may
/// have been bound as an IPv6 address, `::ffff:0.0.0.0`.
fn candidates(entry: &SynRecv) -> impl Iterator<Item = Endpoint> {
    let &SynRecv { family, port, .. } = entry;
    let (mapped, any): (Option<IpAddr>, IpAddr) = match (family, entry.address) {
        (Family::V4, _) => (None, Ipv4Addr::UNSPECIFIED.into()),
        (Family::V6, IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            let mapped = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();
            (Some(mapped.into()), Ipv6Addr::UNSPECIFIED.into())
        }
        (Family::V6, _) => (None, Ipv6Addr::UNSPECIFIED.into()),
    };
    let addresses = [Some(entry.address), mapped, Some(any)].into_iter();
    addresses.flatten().map(move |at| (family, at, port))
}

fn cannot_tell() -> Gap {
    let why =
        "/proc/net does not say on which of the interfaces that share the address they came in";
    Gap::new("sockets in SYN_RECV", Why::Unsupported(why.to_owned()))
}

/// One that has just been closed, or an address that this does not know to be that of a listener.
fn whose_is_not_known() -> Gap {
    let why = "there are some at this port for an address at which nobody was seen to listen";
    Gap::new("sockets in SYN_RECV", Why::Unsupported(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::listener;

    fn requests(family: Family, address: &str, port: u16, requests: u32) -> SynRecv {
        SynRecv {
            family,
            address: address.parse().expect("an address"),
            port,
            interface: Some(0),
            requests,
        }
    }

    fn counted(entries: Vec<SynRecv>, listeners: &[TcpListener]) -> Vec<u32> {
        let requests = Requests::assign(&Fact::Known(entries), listeners);
        let each = listeners.iter().map(|one| requests.at(one));
        each.map(|count| count.expect("known")).collect()
    }

    #[test]
    fn the_wildcard_of_ipv4_may_be_an_ipv6_address() {
        let listeners = [listener("::ffff:0.0.0.0", 80), listener("::", 81)];
        let entries = vec![
            requests(Family::V6, "::ffff:127.0.0.1", 80, 3),
            requests(Family::V6, "::ffff:127.0.0.1", 81, 4),
        ];
        assert_eq!(counted(entries, &listeners), [3, 4]);
    }

    #[test]
    fn requests_that_find_no_listener_leave_it_open_whose_they_are() {
        let listeners = [listener("10.0.0.1", 80), listener("10.0.0.1", 81)];
        let entries = vec![requests(Family::V4, "10.0.0.2", 80, 3)];
        let requests = Requests::assign(&Fact::Known(entries), &listeners);
        assert!(requests.at(&listeners[0]).is_err());
        assert_eq!(requests.at(&listeners[1]), Ok(0));
    }

    #[test]
    fn an_exact_listener_comes_before_the_wildcard() {
        let listeners = [listener("0.0.0.0", 80), listener("10.0.0.1", 80)];
        let entries = vec![
            requests(Family::V4, "10.0.0.1", 80, 3),
            requests(Family::V4, "10.0.0.2", 80, 4),
            requests(Family::V4, "10.0.0.3", 80, 5),
            requests(Family::V4, "10.0.0.1", 81, 9),
        ];
        assert_eq!(counted(entries, &listeners), [9, 3]);
    }

    #[test]
    fn a_dual_stack_listener_has_those_of_ipv4_too() {
        let listeners = [listener("::", 80), listener("0.0.0.0", 81)];
        let entries = vec![
            requests(Family::V6, "::ffff:10.0.0.1", 80, 2),
            requests(Family::V6, "fe80::1", 80, 3),
            // Its listener is gone: one of IPv6 has requests of IPv6.
            requests(Family::V4, "10.0.0.1", 80, 4),
        ];
        assert_eq!(counted(entries, &listeners), [5, 0]);
    }

    #[test]
    fn where_both_families_listen_each_has_its_own() {
        let listeners = [listener("::", 80), listener("0.0.0.0", 80)];
        let entries = vec![
            requests(Family::V4, "10.0.0.1", 80, 2),
            requests(Family::V6, "fe80::1", 80, 3),
        ];
        assert_eq!(counted(entries, &listeners), [3, 2]);
    }

    #[test]
    fn what_was_not_read_is_no_zero() {
        let gap = Gap::new("dump, AF_INET6", Why::Absent);
        let listeners = [listener("0.0.0.0", 80), listener("::", 81)];
        let partial = Fact::Partial {
            value: vec![requests(Family::V4, "10.0.0.1", 80, 2)],
            gaps: vec![gap.clone()],
        };
        let some = Requests::assign(&partial, &listeners);
        assert_eq!(some.at(&listeners[0]), Ok(2));
        assert_eq!(some.at(&listeners[1]), Err(Arc::new(gap.clone())));
        let none = Requests::assign(&Fact::Missing(gap), &listeners);
        assert!(none.at(&listeners[0]).is_err());
    }

    fn bound(interface: u32) -> TcpListener {
        TcpListener {
            interface,
            ..listener("0.0.0.0", 80)
        }
    }

    fn by(interface: Option<u32>, number: u32) -> SynRecv {
        SynRecv {
            interface,
            ..requests(Family::V4, "10.0.0.1", 80, number)
        }
    }

    #[test]
    fn listeners_on_two_interfaces_have_their_own() {
        let listeners = [bound(2), bound(3), bound(0)];
        let entries = vec![
            by(Some(2), 5),
            by(Some(3), 6),
            by(Some(0), 7),
            by(Some(4), 8),
        ];
        assert_eq!(counted(entries, &listeners), [5, 6, 15]);
    }

    #[test]
    fn listeners_on_two_interfaces_cannot_be_told_apart_where_that_is_not_said() {
        let listeners = [bound(2), bound(3)];
        let some = Requests::assign(&Fact::Known(vec![by(None, 2)]), &listeners);
        assert!(some.at(&listeners[0]).is_err());
        let none = Requests::assign(&Fact::Known(Vec::new()), &listeners);
        assert_eq!(none.at(&listeners[0]), Ok(0));
    }
}
