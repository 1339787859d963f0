//! Which listeners can have dropped connection requests, by their own counters.
//!
//! `tcp_listendrop` (include/net/tcp.h) adds to the listener's sk_drops and to ListenDrops alike
//! since Linux 4.7. sk_drops counts every packet that is discarded at the listener, and a request
//! that is turned away at its final ACK a second time (`discard_and_relse` of tcp_v4_rcv,
//! net/ipv4/tcp_ipv4.c): the bare ACKs that TCP_DEFER_ACCEPT waits behind, repeated SYNs, resets
//! of half-open requests, stray packets, and what policy and filters drop. So it is the most that
//! a listener can have dropped. And it goes with the listener, so that what ListenDrops has beyond
//! all of them is the least that others dropped.

use super::counter::{self, Counter, column};
use super::seen::{seen, unseen};
use crate::check::View;
use crate::facts::{Counters, Fact, Facts, Namespace, SocketSource, TcpListener};
use crate::finding::{Evidence, Finding, Remedy};
use crate::label;
use crate::list::counted;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Listeners of one namespace that are named.
pub(crate) const NAMED: usize = 3;

/// The listeners of a namespace at which packets were discarded.
#[derive(Debug)]
pub(crate) struct Droppers<'a> {
    /// With the packets that were discarded, worst first.
    pub(crate) worst: Vec<(&'a TcpListener, u64)>,
    /// What was discarded at all listeners together.
    pub(crate) sum: u64,
    /// Listeners were not read, or read without their counter.
    incomplete: bool,
    /// Where the counters were read; `None` when there is no listener.
    source: Option<SocketSource>,
}

/// Judges a counter of drops in each namespace, and says which listeners dropped.
pub(crate) fn judge(
    view: &View<'_>,
    counter: &Counter,
    remedy: fn(&Namespace) -> Remedy,
) -> Vec<Finding> {
    let one = |namespace| counter::judge(view.facts, namespace, counter, remedy);
    let judged = seen(view).iter().map(one).collect();
    let mut findings =
        counter::spell_out_worst(judged, counter, |namespace| evidence(view.facts, namespace));
    findings.extend(unseen(view));
    findings
}

/// Who can have dropped, and how much of ListenDrops that explains.
fn evidence(facts: &Facts, namespace: &Namespace) -> Vec<Evidence> {
    let drops = |counters: &Counters| column("ListenDrops", counters.listen_drops);
    match counter::read(namespace, drops) {
        Ok(drops) => droppers(namespace).evidence(facts, drops.weight()),
        Err(gap) => vec![Evidence::gap(&gap)],
    }
}

/// The listeners at which packets were discarded during the sample, or, without one, since they
/// listen.
pub(crate) fn droppers(namespace: &Namespace) -> Droppers<'_> {
    let Some(sample) = &namespace.sample else {
        return rank(&namespace.listeners, |one| one.drops.map(u64::from));
    };
    let before = namespace.listeners.value().into_iter().flatten();
    let before: HashMap<_, _> = before.map(|one| (one.identity(), one.drops)).collect();
    rank(&sample.listeners, |one| {
        // One that was not there yet has discarded all that it counts.
        let before = before.get(&one.identity()).copied().unwrap_or(Some(0));
        Some(grown(before?, one.drops?))
    })
}

/// The counter has 32 bits and wraps.
pub(crate) fn grown(before: u32, after: u32) -> u64 {
    u64::from(after.wrapping_sub(before))
}

fn rank(
    listeners: &Fact<Vec<TcpListener>>,
    dropped: impl Fn(&TcpListener) -> Option<u64>,
) -> Droppers<'_> {
    let mut droppers = Droppers {
        worst: Vec::new(),
        sum: 0,
        incomplete: !listeners.gaps().is_empty(),
        source: None,
    };
    for listener in listeners.value().into_iter().flatten() {
        droppers.source = droppers.source.or(Some(listener.source));
        match dropped(listener) {
            Some(0) => {}
            Some(dropped) => {
                droppers.sum += dropped;
                droppers.worst.push((listener, dropped));
            }
            None => droppers.incomplete = true,
        }
    }
    droppers.worst.sort_by_key(|&(_, dropped)| Reverse(dropped));
    droppers
}

impl Droppers<'_> {
    fn evidence(&self, facts: &Facts, listen_drops: u64) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = self
            .worst
            .iter()
            .take(NAMED)
            .map(|(listener, dropped)| {
                let owner = label::owner(facts, listener.inode);
                let owner = owner.map_or_else(String::new, |owner| format!(", {owner}"));
                let packets = counted(dropped, "packet");
                let says = format!("{}{owner}: {packets} discarded", listener.label());
                drop_counter(Some(listener.source), says)
            })
            .collect();
        evidence.push(drop_counter(
            self.source,
            self.share(listen_drops).to_string(),
        ));
        evidence
    }

    /// How much of ListenDrops all listeners together can explain.
    pub(crate) fn share(&self, listen_drops: u64) -> Share {
        Share {
            explained: self.sum,
            listen_drops,
            incomplete: self.incomplete,
        }
    }
}

/// How much of ListenDrops the listeners that are there can explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Packets that were discarded at them, by their own counters: the most that they dropped.
    pub explained: u64,
    /// ListenDrops of their namespace.
    pub listen_drops: u64,
    /// Some listeners were not read, or read without their counter.
    pub incomplete: bool,
}

impl Share {
    /// The least that belongs to others: listeners that are gone, and where it is incomplete, such
    /// as could not be read.
    pub fn left(&self) -> u64 {
        self.listen_drops.saturating_sub(self.explained)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sum, listen_drops) = (self.explained, self.listen_drops);
        if sum > listen_drops {
            return write!(
                f,
                "{sum} packets were discarded at the listeners here, and ListenDrops is \
                 {listen_drops}: not only connection requests"
            );
        }
        let rest = self.left();
        match (sum, rest) {
            (1, 0) => return f.write_str("a listener here can explain the 1 of ListenDrops"),
            (_, 0) => return write!(f, "the listeners here can explain all {sum} of ListenDrops"),
            _ => {}
        }
        let others = if self.incomplete {
            "listeners that are gone, or whose counters could not be read"
        } else {
            "listeners that are gone"
        };
        let belong = if rest == 1 { "belongs" } else { "belong" };
        match sum {
            0 => write!(f, "all {rest} of ListenDrops {belong} to {others}"),
            _ => write!(
                f,
                "the listeners here can explain {sum} of ListenDrops; at least {rest} {belong} to \
                 {others}"
            ),
        }
    }
}

fn drop_counter(source: Option<SocketSource>, says: String) -> Evidence {
    let call = match source {
        Some(SocketSource::SockDiag) => "sock_diag dump, INET_DIAG_SKMEMINFO drops",
        Some(SocketSource::Descriptor) => "getsockopt(SO_MEMINFO) on its descriptor, drops",
        Some(SocketSource::BpfIterator) => "BPF iterator over TCP sockets, sk_drops",
        Some(SocketSource::ProcNet) | None => "drop counters of the listeners",
    };
    Evidence::call(call, None, says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Gap, Sample, Why};
    use crate::fixture::{healthy, listener, namespace, quiet};

    fn dropping(port: u16, drops: Option<u32>) -> TcpListener {
        TcpListener {
            drops,
            ..listener("0.0.0.0", port)
        }
    }

    fn says(namespace: &Namespace, listen_drops: u64) -> Vec<String> {
        let evidence = droppers(namespace).evidence(&healthy(), listen_drops);
        evidence.into_iter().map(|evidence| evidence.says).collect()
    }

    #[test]
    fn the_worst_come_first_with_their_process() {
        let listeners = vec![dropping(443, Some(2)), dropping(80, Some(13))];
        let says = says(&namespace(1, "host", listeners), 15);
        assert_eq!(says[0], "0.0.0.0:80, nginx (812): 13 packets discarded");
        assert_eq!(
            says[2],
            "the listeners here can explain all 15 of ListenDrops"
        );
    }

    #[test]
    fn one_is_one() {
        let facts = |drops| namespace(1, "host", vec![dropping(80, Some(drops))]);
        let share = |drops, total| says(&facts(drops), total).pop().expect("a share");
        assert_eq!(
            share(1, 1),
            "a listener here can explain the 1 of ListenDrops"
        );
        assert!(share(3, 4).contains("; at least 1 belongs to listeners"));
        assert!(share(0, 1).starts_with("all 1 of ListenDrops belongs"));
    }

    #[test]
    fn drops_of_listeners_that_are_gone_are_said() {
        let says = says(&namespace(1, "host", vec![dropping(80, Some(9))]), 15);
        assert!(says[1].ends_with("; at least 6 belong to listeners that are gone"));
    }

    #[test]
    fn a_listener_without_a_counter_may_be_the_one() {
        let says = says(&namespace(1, "host", vec![dropping(80, None)]), 15);
        assert!(says[0].contains("could not be read"));
    }

    #[test]
    fn listeners_that_were_not_read_may_be_the_ones() {
        let mut namespace = namespace(1, "host", Vec::new());
        namespace.listeners = Fact::Missing(Gap::new("dump", Why::Absent));
        assert!(says(&namespace, 15)[0].contains("could not be read"));
    }

    #[test]
    fn more_than_listen_drops_were_not_all_connection_requests() {
        let says = says(&namespace(1, "host", vec![dropping(80, Some(20))]), 15);
        assert!(says[1].ends_with("not only connection requests"));
    }

    #[test]
    fn with_a_sample_only_growth_counts_and_wraps() {
        let before = vec![dropping(80, Some(u32::MAX)), dropping(443, Some(50))];
        let after = vec![dropping(80, Some(4)), dropping(443, Some(50))];
        let mut namespace = namespace(1, "host", before);
        namespace.sample = Some(Sample {
            interval_ms: 2_000,
            counters: Fact::Known(quiet()),
            listeners: Fact::Known(after),
        });
        let worst = droppers(&namespace).worst;
        assert_eq!((worst.len(), worst[0].1), (1, 5));
    }
}
