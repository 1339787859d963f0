//! No accept queue has overflowed.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Namespace, Topic};
use crate::finding::{Finding, Remedy, Status};
use crate::namespaces::counter::{Counter, column};
use crate::namespaces::dropping;
use crate::namespaces::listening;

/// No accept queue has overflowed.
pub static CHECK: Check = Check {
    id: "listen-overflows",
    title: "No accept queue has overflowed",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("listen_overflows.md"),
    needs: &[Topic::Counters, Topic::Listeners],
    masked_by: &[],
    judges: Judges::Machines,
    judge,
};

/// Each step is a packet, not a connection: a client sends its SYN again, and the kernel its
/// SYN/ACK, which brings the client's ACK again.
static COUNTER: Counter = Counter {
    name: "ListenOverflows",
    total: |counters| column("ListenOverflows", counters.listen_overflows),
    event: "a SYN or ACK met a full accept queue",
    never: "no SYN or ACK has met a full accept queue",
    moved: "SYNs or ACKs have met a full accept queue",
    growing: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    dropping::judge(view, &COUNTER, remedy)
}

fn remedy(namespace: &Namespace) -> Remedy {
    match namespace.sample {
        Some(_) => listening::empty_it(Remedy::default()),
        // History: whose queue it was may long be gone.
        None => Remedy::by_hand(
            "see whether it still grows: sockdoctor --sample 10s (clients wait a second or more before they try again)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Counters, Fact, Sample, TcpListener};
    use crate::fixture::{healthy, listener, namespace, quiet};
    use crate::namespaces::testing::{findings, machine, statuses, worst};

    fn counted(overflows: u64) -> Fact<Counters> {
        Fact::Known(Counters {
            listen_overflows: Some(overflows),
            listen_drops: Some(overflows),
            ..quiet()
        })
    }

    fn dropping(drops: u32) -> Vec<TcpListener> {
        vec![TcpListener {
            drops: Some(drops),
            ..listener("0.0.0.0", 80)
        }]
    }

    fn host(before: u64, after: Option<u64>) -> Namespace {
        Namespace {
            counters: counted(before),
            sample: after.map(|after| Sample {
                interval_ms: 2_000,
                counters: counted(after),
                listeners: Fact::Known(dropping(15)),
            }),
            ..namespace(1, "host", dropping(12))
        }
    }

    #[test]
    fn counters_at_zero_pass() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn a_total_warns_and_says_who_dropped() {
        let findings = findings(&CHECK, &machine(vec![host(12, None)]));
        assert_eq!(findings[0].status, Status::Warn);
        let says: Vec<&str> = findings[0].evidence.iter().map(|e| &*e.says).collect();
        assert!(says.contains(&"0.0.0.0:80, nginx (812): 12 packets discarded"));
    }

    #[test]
    fn growth_during_the_sample_fails() {
        let findings = findings(&CHECK, &machine(vec![host(12, Some(15))]));
        assert_eq!(findings[0].status, Status::Fail);
        let says: Vec<&str> = findings[0].evidence.iter().map(|e| &*e.says).collect();
        assert!(says.contains(&"0.0.0.0:80, nginx (812): 3 packets discarded"));
        assert_eq!(says[..2], ["3", "15"], "growth, and the total at its end");
    }

    #[test]
    fn history_that_does_not_grow_passes() {
        assert_eq!(
            worst(&CHECK, &machine(vec![host(12, Some(12))])),
            Status::Pass
        );
    }

    #[test]
    fn it_never_speaks_of_lost_connections() {
        let findings = findings(&CHECK, &machine(vec![host(12, Some(15))]));
        assert!(!findings[0].summary.contains("connection"));
    }

    #[test]
    fn a_kernel_without_the_counter_is_undecided() {
        let mut host = host(0, None);
        host.counters = Fact::Known(Counters::default());
        assert_eq!(worst(&CHECK, &machine(vec![host])), Status::Unknown);
    }
}
