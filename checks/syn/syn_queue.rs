//! No SYN queue is full.

use super::sysctl::{self, SYNCOOKIES};
use crate::check::{Check, Group, Scope, View};
use crate::facts::{Counters, Gap, Namespace, Topic};
use crate::finding::{Evidence, Finding, Remedy, Status};
use crate::queues::counter::{self, Words, column, read};
use crate::queues::seen::{seen, subject, undecided, unreadable, unseen};

/// No SYN queue is full.
pub static CHECK: Check = Check {
    id: "syn-queue",
    title: "No SYN queue is full",
    group: Group::Syn,
    scope: Scope::Netns,
    explain: include_str!("syn_queue.md"),
    needs: &[Topic::Counters, Topic::TcpSysctls],
    masked_by: &[],
    judge,
};

const DROP: &str = "TCPReqQFullDrop";
const COOKIES: &str = "TCPReqQFullDoCookies";

static DROPPED: Words = Words {
    event: "times a full SYN queue dropped a SYN",
    never: "no SYN was dropped at a full SYN queue",
    moved: "full SYN queues have dropped SYNs",
    growing: Status::Fail,
};

/// Cookies keep the service up, so growth is a warning.
static COOKIED: Words = Words {
    event: "times a full SYN queue answered with a cookie",
    never: "no SYN queue was so full that it took a cookie",
    moved: "full SYN queues have answered with cookies",
    growing: Status::Warn,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let drops = seen(view).iter().map(|namespace| dropped(view, namespace));
    let mut findings = counter::spell_out_worst(drops.collect(), &DROPPED);
    let cookies = seen(view).iter().map(|namespace| cookied(view, namespace));
    findings.extend(counter::spell_out_worst(cookies.collect(), &COOKIED));
    findings.extend(unseen(view));
    findings
}

fn dropped(view: &View<'_>, namespace: &Namespace) -> (u64, Finding) {
    let reading = match read(namespace, |counters| column(DROP, counters.req_q_full_drop)) {
        Ok(reading) => reading,
        Err(gap) => {
            return (
                0,
                undecided(namespace, format!("{DROP} is not known"), &gap),
            );
        }
    };
    let mut finding = reading.finding(view.facts, namespace, DROP, &DROPPED);
    if finding.status >= Status::Warn {
        finding.remedy = Some(sysctl::set(namespace, SYNCOOKIES, 1));
    }
    (reading.weight(), finding)
}

fn cookied(view: &View<'_>, namespace: &Namespace) -> (u64, Finding) {
    let reading = match read(namespace, |counters| {
        column(COOKIES, counters.req_q_full_do_cookies)
    }) {
        Ok(reading) => reading,
        Err(gap) => {
            return (
                0,
                undecided(namespace, format!("{COOKIES} is not known"), &gap),
            );
        }
    };
    let mut finding = reading.finding(view.facts, namespace, COOKIES, &COOKIED);
    if finding.status >= Status::Warn {
        finding = match namespace.sysctls.tcp_syncookies.known() {
            Err(gap) => unreadable(namespace, SYNCOOKIES, gap),
            Ok(2) => always(namespace),
            Ok(_) => finding.evidences(returned(namespace)).remedy(tell_apart()),
        };
    }
    (reading.weight(), finding)
}

/// With 2 each SYN takes the way of a full queue (tcp_conn_request, net/ipv4/tcp_input.c).
fn always(namespace: &Namespace) -> Finding {
    let summary = format!(
        "{SYNCOOKIES} is 2: every SYN is answered with a cookie, \
         so the cookie counters say nothing about the SYN queue"
    );
    Finding::about(subject(namespace), Status::Skipped, summary)
}

/// Cookies that were sent and that came back: real clients send theirs back, a flood does not.
fn returned(namespace: &Namespace) -> Vec<Evidence> {
    type Of = fn(&Counters) -> Option<u64>;
    let columns: [(&str, Of); 3] = [
        ("SyncookiesSent", |counters| counters.syncookies_sent),
        ("SyncookiesRecv", |counters| counters.syncookies_recv),
        ("SyncookiesFailed", |counters| counters.syncookies_failed),
    ];
    let label = namespace.label();
    let counters: Result<&Counters, &Gap> = namespace.counters.known();
    let known = columns.iter().filter_map(|(name, of)| {
        let value = of(counters.ok()?)?;
        Some(Evidence::counter(name, &label, None, value))
    });
    known.collect()
}

fn tell_apart() -> Remedy {
    Remedy::now("compare SyncookiesRecv with SyncookiesSent: cookies of real clients come back")
        .then("where they do: give the listener a larger backlog, which is its SYN queue's limit")
        .then("where they do not, it is a flood: filter it in front of this machine")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Facts, Sample, Why};
    use crate::fixture::{healthy, namespace, quiet};
    use crate::queues::testing::{findings, machine, statuses, worst};

    fn counted(drops: u64, cookies: u64) -> Counters {
        Counters {
            req_q_full_drop: Some(drops),
            req_q_full_do_cookies: Some(cookies),
            ..quiet()
        }
    }

    fn host(before: Counters, after: Option<Counters>) -> Namespace {
        Namespace {
            counters: Fact::Known(before),
            sample: after.map(|counters| Sample {
                interval_ms: 2_000,
                counters: Fact::Known(counters),
                listeners: Fact::Known(Vec::new()),
            }),
            ..namespace(1, "host", Vec::new())
        }
    }

    fn with_cookies_at(value: Fact<u32>) -> Facts {
        let mut host = host(counted(0, 25), Some(counted(0, 50)));
        host.sysctls.tcp_syncookies = value;
        machine(vec![host])
    }

    #[test]
    fn counters_at_zero_pass() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn drops_warn_as_history() {
        assert_eq!(
            worst(&CHECK, &machine(vec![host(counted(25, 0), None)])),
            Status::Warn
        );
    }

    #[test]
    fn drops_that_grow_fail() {
        let facts = machine(vec![host(counted(25, 0), Some(counted(26, 0)))]);
        assert_eq!(worst(&CHECK, &facts), Status::Fail);
    }

    #[test]
    fn cookies_that_grow_warn_and_say_how_many_came_back() {
        let findings = findings(&CHECK, &with_cookies_at(Fact::Known(1)));
        assert_eq!(findings[0].status, Status::Warn);
        assert_eq!(findings[0].evidence.len(), 5);
    }

    #[test]
    fn cookies_for_everybody_are_no_evidence() {
        let facts = with_cookies_at(Fact::Known(2));
        assert_eq!(worst(&CHECK, &facts), Status::Skipped);
    }

    #[test]
    fn cookies_without_their_setting_are_undecided() {
        let gap = Gap::new("tcp_syncookies", Why::Absent);
        let facts = with_cookies_at(Fact::Missing(gap));
        assert_eq!(worst(&CHECK, &facts), Status::Unknown);
    }

    #[test]
    fn a_kernel_without_the_counters_is_undecided() {
        let facts = machine(vec![host(Counters::default(), None)]);
        assert_eq!(statuses(&CHECK, &facts), [Status::Unknown]);
    }
}
