//! No accept queue is full.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Namespace, Topic};
use crate::finding::{Finding, Remedy, Status, Subject};
use crate::namespaces::incomplete;
use crate::namespaces::listening::{self, Fill, Listening, NAMED};
use crate::namespaces::seen::{each_namespace, seen, subject};
use std::collections::BTreeMap;

/// No accept queue is full.
pub static CHECK: Check = Check {
    id: "accept-queue",
    title: "No accept queue is full",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("accept_queue.md"),
    needs: &[Topic::Listeners, Topic::UnixListeners],
    masked_by: &["sock-diag-round-trip", "inet-diag", "tcp-diag"],
    judges: Judges::Machines,
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let mut findings = crowded(view, Fill::Full);
    findings.extend(crowded(view, Fill::Nearly));
    findings.extend(each_namespace(view, |namespace| {
        [tcp(namespace), unix(namespace)]
            .into_iter()
            .flatten()
            .collect()
    }));
    findings
}

/// The listeners that findings name, and the number of those that they do not.
pub(crate) fn named(
    namespaces: &[Namespace],
    fill: Fill,
) -> (Vec<Listening<'_>>, Vec<Listening<'_>>) {
    let mut named = listening::filled(namespaces, fill);
    let others = named.split_off(named.len().min(NAMED));
    (named, others)
}

fn crowded(view: &View<'_>, fill: Fill) -> Vec<Finding> {
    let (status, full) = match fill {
        Fill::Full => (Status::Fail, "full"),
        _ => (Status::Warn, "nearly full"),
    };
    let (named, others) = named(seen(view), fill);
    let mut findings: Vec<Finding> = named
        .iter()
        .map(|listener| {
            Finding::about(listener.subject(view.facts), status, one(listener, full))
                .evidence(listener.evidence())
                .evidences(listener.without_process(view.facts))
                .remedy(remedy())
        })
        .collect();
    findings.extend(rest(&others, status, full));
    findings
}

fn one(listener: &Listening<'_>, full: &str) -> String {
    let waiting = listener.accept_queue().map(listening::waiting);
    let waiting = waiting.map_or_else(String::new, |waiting| format!(": {waiting}"));
    let room = listener.backlog().map(listening::room);
    let room = room.map_or_else(String::new, |room| format!(" {room}"));
    format!("its accept queue is {full}{waiting}{room}")
}

/// One finding for each namespace about all its listeners that are not named; those that are
/// alike become one later, and a waiver can accept one alone.
fn rest(others: &[Listening<'_>], status: Status, full: &str) -> Vec<Finding> {
    let mut by_namespace: BTreeMap<String, Vec<&Listening<'_>>> = BTreeMap::new();
    for other in others {
        let label = other.namespace.label();
        by_namespace.entry(label).or_default().push(other);
    }
    let finding = |(label, others): (String, Vec<&Listening<'_>>)| {
        let summary = match others.len() {
            1 => format!("one more accept queue is {full}"),
            more => format!("{more} more accept queues are {full}"),
        };
        Finding::about(Subject::Namespaces(vec![label]), status, summary)
            // The longest comes first.
            .evidence(others[0].evidence())
            .remedy(listening::empty_it(Remedy::by_hand(
                "see them all: sockdoctor listeners --full",
            )))
    };
    by_namespace.into_iter().map(finding).collect()
}

fn remedy() -> Remedy {
    listening::empty_it(Remedy::default())
}

fn tcp(namespace: &Namespace) -> Option<Finding> {
    let incomplete = incomplete::tcp(namespace);
    incomplete.or_else(|| roomy(namespace, "TCP", listening::tcp(namespace)))
}

fn unix(namespace: &Namespace) -> Option<Finding> {
    let incomplete = incomplete::unix(namespace);
    incomplete.or_else(|| roomy(namespace, "unix", listening::unix(namespace)))
}

/// The pass, where there is no listener that a finding or a count speaks of already.
fn roomy<'a>(
    namespace: &Namespace,
    family: &str,
    mut listeners: impl Iterator<Item = Listening<'a>>,
) -> Option<Finding> {
    let roomy = listeners.all(|listener| listener.fill() == Fill::Room);
    let summary = format!("no accept queue of a {family} listener is full");
    roomy.then(|| Finding::about(subject(namespace), Status::Pass, summary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Facts, Gap, Sample, SocketSource, TcpListener, UnixListener, Why};
    use crate::fixture::{healthy, listener, namespace};
    use crate::namespaces::testing::{findings, machine, statuses, worst};

    fn with(listeners: Vec<TcpListener>) -> Facts {
        machine(vec![namespace(1, "host", listeners)])
    }

    fn queued(port: u16, accept_queue: u32, backlog: u32) -> TcpListener {
        TcpListener {
            accept_queue,
            backlog: Some(backlog),
            ..listener("0.0.0.0", port)
        }
    }

    #[test]
    fn a_process_that_could_not_be_seen_is_not_left_out_without_a_word() {
        let mut facts = with(vec![queued(80, 129, 128)]);
        let denied = Gap::new("descriptors of 77 other processes", Why::Absent);
        facts.owners = Fact::Missing(denied);
        let finding = findings(&CHECK, &facts).remove(0);
        let last = finding.evidence.last().expect("evidence");
        assert!(last.says.contains("77 other processes"), "{}", last.says);
    }

    #[test]
    fn queues_with_room_pass() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn a_full_queue_fails_and_names_its_process() {
        let findings = findings(&CHECK, &with(vec![queued(80, 129, 128)]));
        assert_eq!(findings[0].status, Status::Fail);
        assert!(
            findings[0]
                .summary
                .contains("129 connections wait in a queue for 129")
        );
        let Subject::Listener { owner, .. } = &findings[0].subject else {
            panic!("{:?}", findings[0].subject);
        };
        assert_eq!(owner.as_deref(), Some("nginx (812)"));
    }

    #[test]
    fn a_queue_that_was_full_at_either_reading_fails() {
        for (first, second) in [(0, 129), (129, 0)] {
            let mut host = namespace(1, "host", vec![queued(80, first, 128)]);
            host.sample = Some(Sample {
                interval_ms: 2_000,
                counters: host.counters.clone(),
                listeners: Fact::Known(vec![queued(80, second, 128)]),
            });
            let findings = findings(&CHECK, &machine(vec![host]));
            let failed = findings.iter().filter(|f| f.status == Status::Fail);
            assert_eq!(failed.count(), 1);
            assert!(
                !findings
                    .iter()
                    .any(|f| f.summary.contains("no accept queue of a TCP"))
            );
        }
    }

    #[test]
    fn a_queue_close_to_full_warns() {
        assert_eq!(
            worst(&CHECK, &with(vec![queued(80, 128, 128)])),
            Status::Warn
        );
    }

    #[test]
    fn a_full_unix_queue_fails_under_its_path() {
        let socket = UnixListener {
            name: "/run/x.sock".to_owned(),
            accept_queue: Some(6),
            backlog: Some(5),
            inode: 9,
            source: SocketSource::SockDiag,
        };
        let mut host = namespace(1, "host", Vec::new());
        host.unix_listeners = Fact::Known(vec![socket]);
        let findings = findings(&CHECK, &machine(vec![host]));
        assert_eq!(findings[0].status, Status::Fail);
        assert!(matches!(&findings[0].subject,
            Subject::Listener { address, .. } if address == "/run/x.sock"));
    }

    #[test]
    fn listeners_from_proc_are_undecided() {
        let from_proc = TcpListener {
            backlog: None,
            drops: None,
            source: SocketSource::ProcNet,
            ..listener("0.0.0.0", 80)
        };
        assert_eq!(worst(&CHECK, &with(vec![from_proc])), Status::Unknown);
    }

    #[test]
    fn listeners_that_could_not_be_read_are_undecided() {
        let mut host = namespace(1, "host", Vec::new());
        host.listeners = Fact::Missing(Gap::new("dump", Why::TimedOut { after_ms: 1 }));
        assert_eq!(worst(&CHECK, &machine(vec![host])), Status::Unknown);
    }

    #[test]
    fn a_dump_that_lost_a_part_is_undecided_for_the_rest() {
        let mut host = namespace(1, "host", Vec::new());
        host.listeners = Fact::Partial {
            value: vec![queued(80, 0, 128)],
            gaps: vec![Gap::new("dump, AF_INET6", Why::TimedOut { after_ms: 1 })],
        };
        assert_eq!(worst(&CHECK, &machine(vec![host])), Status::Unknown);
    }

    #[test]
    fn ten_thousand_full_queues_make_a_short_report() {
        let many = (0..10_000).map(|port| queued(port, 3, 2)).collect();
        let findings = findings(&CHECK, &with(many));
        let failed = findings.iter().filter(|f| f.status == Status::Fail);
        assert_eq!(failed.count(), NAMED + 1);
        assert!(findings.iter().any(|f| f.summary.contains("9984 more")));
    }
}
