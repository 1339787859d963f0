//! No SYN queue is full.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Counters, Facts, Gap, Namespace, Topic};
use crate::finding::{Evidence, Finding, Remedy, Status};
use crate::namespaces::counter::{self, Counter, Judged, column};
use crate::namespaces::seen::{seen, subject, unreadable, unseen};
use crate::sysctl::{self, SYNCOOKIES};

/// No SYN queue is full.
pub static CHECK: Check = Check {
    id: "syn-queue",
    title: "No SYN queue is full",
    group: Group::Syn,
    scope: Scope::Netns,
    explain: include_str!("syn_queue.md"),
    needs: &[Topic::Counters, Topic::TcpSysctls],
    masked_by: &[],
    judges: Judges::Machines,
    judge,
};

static DROPPED: Counter = Counter {
    name: "TCPReqQFullDrop",
    total: |counters| column("TCPReqQFullDrop", counters.req_q_full_drop),
    event: "a full SYN queue dropped a SYN",
    never: "no SYN was dropped at a full SYN queue",
    moved: "full SYN queues have dropped SYNs",
    growing: Status::Fail,
};

/// Cookies keep the service up, so growth is a warning. It counts the SYN, and not its answer: one
/// that meets a full accept queue as well is dropped (tcp_conn_request, net/ipv4/tcp_input.c), and
/// that is accept-queue's to judge.
static COOKIED: Counter = Counter {
    name: "TCPReqQFullDoCookies",
    total: |counters| column("TCPReqQFullDoCookies", counters.req_q_full_do_cookies),
    event: "a SYN met a full SYN queue (cookies are on)",
    never: "no SYN met a full SYN queue (cookies are on)",
    moved: "SYNs have met full SYN queues (cookies are on)",
    growing: Status::Warn,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let drops = seen(view).iter().map(|namespace| {
        counter::judge(view.facts, namespace, &DROPPED, |namespace| {
            stop_dropping(view.facts, namespace)
        })
    });
    let mut findings = counter::spell_out_worst(drops.collect(), &DROPPED, |_| Vec::new());
    let cookies = seen(view).iter().map(|namespace| cookied(view, namespace));
    findings.extend(counter::spell_out_worst(
        cookies.collect(),
        &COOKIED,
        returned,
    ));
    findings.extend(unseen(view));
    findings
}

fn cookied<'a>(view: &View<'_>, namespace: &'a Namespace) -> Judged<'a> {
    let mut judged = counter::judge(view.facts, namespace, &COOKIED, tell_apart);
    if judged.finding.status >= Status::Warn {
        match namespace.sysctls.tcp_syncookies.known() {
            Err(gap) => judged.finding = unreadable(namespace, SYNCOOKIES, gap),
            Ok(2) => judged.finding = always(namespace),
            Ok(_) => {}
        }
    }
    judged
}

fn stop_dropping(facts: &Facts, namespace: &Namespace) -> Remedy {
    match namespace.sysctls.tcp_syncookies.known() {
        Ok(0) => sysctl::set(facts, namespace, SYNCOOKIES, 1),
        Ok(_) => Remedy::by_hand("none: SYN cookies are on now, so these drops are from before"),
        Err(_) => {
            Remedy::by_hand("give the listener a larger backlog: that is its SYN queue's limit")
        }
    }
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

fn tell_apart(namespace: &Namespace) -> Remedy {
    if let Some(unanswered) = unanswered(namespace) {
        return Remedy::by_hand(format!(
            "read accept-queue and listen-overflows first: {unanswered} more SYNs met a full SYN \
             queue than cookies were sent, and the accept queue was full too"
        ));
    }
    Remedy::by_hand("compare SyncookiesRecv with SyncookiesSent: cookies of real clients come back")
        .then_do(
            "where they do: give the listener a larger backlog, which is its SYN queue's limit",
        )
        .then_do("where they do not, it is a flood: filter it in front of this machine")
}

/// SYNs that met a full SYN queue and got no cookie, where overflows say why.
fn unanswered(namespace: &Namespace) -> Option<u64> {
    let sample = namespace.sample.as_ref();
    let latest = sample.and_then(|sample| sample.counters.value());
    let counters = latest.or_else(|| namespace.counters.value())?;
    let met = counters.req_q_full_do_cookies?;
    let unanswered = met.checked_sub(counters.syncookies_sent?)?;
    let overflows = counters.listen_overflows?;
    (unanswered > 0 && overflows > 0).then_some(unanswered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Sample, Why};
    use crate::fixture::{healthy, namespace, quiet};
    use crate::namespaces::testing::{findings, machine, statuses, worst};

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
    fn drops_advise_cookies_only_where_there_are_none() {
        let advice = |syncookies| {
            let mut host = host(counted(25, 0), None);
            host.sysctls.tcp_syncookies = Fact::Known(syncookies);
            let finding = findings(&CHECK, &machine(vec![host])).remove(0);
            finding
                .remedy
                .expect("a remedy")
                .now
                .remove(0)
                .text()
                .to_owned()
        };
        assert_eq!(advice(0), "sysctl -w net.ipv4.tcp_syncookies=1");
        assert!(advice(1).starts_with("none"));
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

    /// Both queues are full at a server that stands still, and then no cookie goes out.
    #[test]
    fn syns_that_got_no_cookie_lead_to_the_accept_queue() {
        let advice = |overflows, sent| {
            let counters = Counters {
                listen_overflows: Some(overflows),
                syncookies_sent: Some(sent),
                ..counted(0, 35)
            };
            let mut host = host(counters, None);
            host.sysctls.tcp_syncookies = Fact::Known(1);
            let finding = findings(&CHECK, &machine(vec![host])).remove(0);
            finding.remedy.expect("a remedy").now[0].text().to_owned()
        };
        assert!(advice(30, 5).starts_with("read accept-queue"));
        assert!(advice(30, 5).contains("30 more SYNs"));
        assert!(advice(30, 35).starts_with("compare"));
        assert!(advice(0, 5).starts_with("compare"));
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
