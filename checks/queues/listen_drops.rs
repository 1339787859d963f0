//! No connection request was dropped for other reasons.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Counters, Gap, Namespace, Topic, Why};
use crate::finding::{Finding, Remedy, Status};
use crate::namespaces::counter::{Counter, column};
use crate::namespaces::dropping;

/// No connection request was dropped for other reasons.
pub static CHECK: Check = Check {
    id: "listen-drops",
    title: "No connection request was dropped for other reasons",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("listen_drops.md"),
    needs: &[Topic::Counters, Topic::Listeners, Topic::TcpSysctls],
    // Overflows are taken out before anything is judged, so they explain nothing here.
    masked_by: &[],
    judges: Judges::Machines,
    judge,
};

static COUNTER: Counter = Counter {
    name: "ListenDrops - TcpExt.ListenOverflows",
    total: beyond_overflows,
    event: "a listener dropped a packet for another reason than a full accept queue",
    never: "every drop of a listener was an overflow of its accept queue, or there was none",
    moved: "listeners dropped packets for other reasons than a full accept queue",
    growing: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    dropping::judge(view, &COUNTER, remedy)
}

/// ListenDrops contains ListenOverflows, but for those that a BPF program meets when it asks for a
/// SYN cookie (tcp_get_syncookie_mss, net/ipv4/tcp_input.c). Where it is the smaller, there is such
/// a program, or one of them has wrapped: they are unsigned long, 32 bits on a 32-bit kernel.
fn beyond_overflows(counters: &Counters) -> Result<u64, Gap> {
    let drops = column("ListenDrops", counters.listen_drops)?;
    let overflows = column("ListenOverflows", counters.listen_overflows)?;
    drops.checked_sub(overflows).ok_or_else(|| {
        let why = format!("ListenDrops {drops} is less than ListenOverflows {overflows}");
        Gap::new("TcpExt", Why::Inconsistent(why))
    })
}

fn remedy(namespace: &Namespace) -> Remedy {
    const OTHERS: &str = "requests that an ICMP error ended (their sources cannot be reached, or \
                          are forged), memory (dmesg), routes back to the clients, security modules, SMC";
    if was_never_full(namespace) {
        return Remedy::by_hand(format!("no SYN queue was full; look for {OTHERS}"));
    }
    Remedy::by_hand("read syn-queue and max-syn-backlog: a full SYN queue is the usual reason")
        .then_do(format!("look for others: {OTHERS}"))
}

/// Whether neither a SYN queue nor the last quarter of tcp_max_syn_backlog can be the reason: the
/// first is counted, and the second needs SYN cookies to be off (tcp_conn_request,
/// net/ipv4/tcp_input.c).
fn was_never_full(namespace: &Namespace) -> bool {
    let counters = namespace.counters.value();
    let dropped = counters.and_then(|counters| counters.req_q_full_drop);
    let cookies = namespace.sysctls.tcp_syncookies.value();
    dropped == Some(0) && cookies.is_some_and(|&value| value != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Sample};
    use crate::fixture::{healthy, namespace, quiet};
    use crate::namespaces::testing::{findings, machine, statuses, worst};

    fn counted(drops: u64, overflows: u64) -> Fact<Counters> {
        Fact::Known(Counters {
            listen_drops: Some(drops),
            listen_overflows: Some(overflows),
            ..quiet()
        })
    }

    fn advice(cookies: u32, full: u64) -> String {
        let mut host = host((12, 0), None);
        host.sysctls.tcp_syncookies = Fact::Known(cookies);
        if let Fact::Known(counters) = &mut host.counters {
            counters.req_q_full_drop = Some(full);
        }
        let finding = findings(&CHECK, &machine(vec![host])).remove(0);
        finding.remedy.expect("a remedy").now[0].text().to_owned()
    }

    #[test]
    fn a_full_syn_queue_is_blamed_only_where_one_can_have_been_full() {
        assert!(advice(1, 3).contains("read syn-queue"));
        assert!(advice(0, 0).contains("read syn-queue"));
        assert!(advice(1, 0).contains("no SYN queue was full"));
    }

    fn host(before: (u64, u64), after: Option<(u64, u64)>) -> Namespace {
        Namespace {
            counters: counted(before.0, before.1),
            sample: after.map(|(drops, overflows)| Sample {
                interval_ms: 2_000,
                counters: counted(drops, overflows),
                listeners: Fact::Known(Vec::new()),
            }),
            ..namespace(1, "host", Vec::new())
        }
    }

    #[test]
    fn no_drops_pass() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn overflows_are_not_told_twice() {
        let facts = machine(vec![host((15, 15), Some((40, 40)))]);
        assert_eq!(worst(&CHECK, &facts), Status::Pass);
    }

    #[test]
    fn drops_beyond_overflows_warn_as_history() {
        let findings = findings(&CHECK, &machine(vec![host((25, 15), None)]));
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.starts_with("10 times"));
    }

    #[test]
    fn drops_beyond_overflows_that_grow_fail() {
        let facts = machine(vec![host((25, 15), Some((30, 16)))]);
        let findings = findings(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Fail);
        assert!(findings[0].summary.starts_with("4 times"));
    }

    #[test]
    fn fewer_drops_than_overflows_are_not_believed() {
        assert_eq!(
            worst(&CHECK, &machine(vec![host((3, 15), None)])),
            Status::Unknown
        );
    }

    #[test]
    fn counters_that_could_not_be_read_are_undecided() {
        let mut host = host((0, 0), None);
        host.counters = Fact::Missing(Gap::new("/proc/net/netstat", Why::Absent));
        assert_eq!(worst(&CHECK, &machine(vec![host])), Status::Unknown);
    }
}
