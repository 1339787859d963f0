//! tcp_max_syn_backlog does not cut the SYN queue.

use super::syncookies;
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Namespace, TcpListener, Topic};
use crate::finding::{Evidence, Finding, Status};
use crate::namespaces::incomplete;
use crate::namespaces::listening::{tcp_listeners, tcp_source};
use crate::namespaces::seen::{each_namespace, subject, unreadable};
use crate::sysctl::{self, MAX_SYN_BACKLOG, SYNCOOKIES};

/// tcp_max_syn_backlog does not cut the SYN queue.
pub static CHECK: Check = Check {
    id: "max-syn-backlog",
    title: "tcp_max_syn_backlog does not cut the SYN queue",
    group: Group::Syn,
    scope: Scope::Netns,
    explain: include_str!("max_syn_backlog.md"),
    needs: &[Topic::TcpSysctls, Topic::Listeners, Topic::KernelConfig],
    masked_by: &[],
    judges: Judges::MachinesAndSetting(MAX_SYN_BACKLOG),
    judge,
};

/// Before Linux 4.4 it sized the SYN queue of each listener, whatever tcp_syncookies was.
const FIRST: (u32, u32) = (4, 4);

fn judge(view: &View<'_>) -> Vec<Finding> {
    match view.facts.kernel.version() {
        None => {
            let gaps = view.facts.kernel.release.gaps().iter().map(Evidence::gap);
            let summary =
                format!("what {MAX_SYN_BACKLOG} does depends on a release not known here");
            vec![Finding::host(Status::Unknown, summary).evidences(gaps)]
        }
        Some(version) if version < FIRST => {
            let summary = format!("{MAX_SYN_BACKLOG} is judged for Linux 4.4 and newer");
            vec![Finding::host(Status::Skipped, summary)]
        }
        Some(_) => each_namespace(view, |namespace| vec![judge_namespace(view, namespace)]),
    }
}

fn judge_namespace(view: &View<'_>, namespace: &Namespace) -> Finding {
    match namespace.sysctls.tcp_syncookies.known() {
        Err(gap) => {
            return match syncookies::not_built(view, gap) {
                Some(evidence) => not_built(namespace, evidence),
                None => unreadable(namespace, SYNCOOKIES, gap),
            };
        }
        Ok(0) => {}
        Ok(_) => {
            let summary = format!("{MAX_SYN_BACKLOG} limits nothing while SYN cookies are on");
            return Finding::about(subject(namespace), Status::Skipped, summary);
        }
    }
    match namespace.sysctls.tcp_max_syn_backlog.known() {
        Err(gap) => unreadable(namespace, MAX_SYN_BACKLOG, gap),
        Ok(&value) if view.facts.origin.image().is_some() => promised(view.facts, namespace, value),
        Ok(&value) => without_cookies(view.facts, namespace, value),
    }
}

/// What would make the setting count is on without CONFIG_SYN_COOKIES too, and nobody can turn it
/// off: sysctl_tcp_syncookies = 1 in tcp_sk_init, net/ipv4/tcp_ipv4.c; before Linux 4.6 in
/// net/ipv4/tcp_minisocks.c.
fn not_built(namespace: &Namespace, evidence: Evidence) -> Finding {
    let summary = format!("{MAX_SYN_BACKLOG} limits nothing in a kernel built without SYN cookies");
    Finding::about(subject(namespace), Status::Skipped, summary).evidence(evidence)
}

/// Without cookies a SYN of a client that is not known to be alive is dropped when less than a
/// quarter of tcp_max_syn_backlog is left (tcp_conn_request, net/ipv4/tcp_input.c). The SYN
/// queue itself ends at the listener's backlog.
fn without_cookies(facts: &Facts, namespace: &Namespace, value: u32) -> Finding {
    let limit = value - value / 4;
    let largest = tcp_listeners(namespace)
        .filter_map(|listener| Some((listener.backlog?, listener)))
        .max_by_key(|&(backlog, _)| backlog)
        .filter(|&(backlog, _)| backlog > limit);
    if let Some((backlog, listener)) = largest {
        return cuts(facts, namespace, value, backlog, listener);
    }
    incomplete::tcp(namespace).unwrap_or_else(|| {
        let summary = format!("{MAX_SYN_BACKLOG} leaves each listener its whole backlog");
        Finding::about(subject(namespace), Status::Pass, summary)
    })
}

/// An image has no listeners yet. The largest backlog that they can have is somaxconn.
fn promised(facts: &Facts, namespace: &Namespace, value: u32) -> Finding {
    let somaxconn = match namespace.sysctls.somaxconn.known() {
        Ok(&somaxconn) => somaxconn,
        Err(gap) => return unreadable(namespace, sysctl::SOMAXCONN, gap),
    };
    if value - value / 4 >= somaxconn {
        let summary = format!("{MAX_SYN_BACKLOG} leaves each listener its whole backlog");
        return Finding::about(subject(namespace), Status::Pass, summary);
    }
    let summary = format!(
        "{MAX_SYN_BACKLOG} is {value} and SYN cookies are off: clients that are new get three \
         quarters of it, less than the {somaxconn} that listeners may ask for"
    );
    let label = namespace.label();
    Finding::about(subject(namespace), Status::Warn, summary)
        .evidence(Evidence::sysctl(MAX_SYN_BACKLOG, Some(&label), value))
        .evidence(Evidence::sysctl(SYNCOOKIES, Some(&label), 0))
        .remedy(sysctl::set(facts, namespace, SYNCOOKIES, 1))
}

fn cuts(
    facts: &Facts,
    namespace: &Namespace,
    value: u32,
    backlog: u32,
    listener: &TcpListener,
) -> Finding {
    let label = namespace.label();
    let summary = format!(
        "{MAX_SYN_BACKLOG} is {value} and SYN cookies are off: clients that are new here get \
         three quarters of it, less than listeners ask for"
    );
    let wanted = backlog.saturating_add(backlog.div_ceil(3));
    Finding::about(subject(namespace), Status::Warn, summary)
        .evidence(Evidence::sysctl(MAX_SYN_BACKLOG, Some(&label), value))
        .evidence(Evidence::sysctl(SYNCOOKIES, Some(&label), 0))
        .evidence(tcp_source(listener).evidence(format!("{}: Send-Q {backlog}", listener.label())))
        .remedy(
            sysctl::set(facts, namespace, SYNCOOKIES, 1)
                .then_do(format!("or, without cookies: {MAX_SYN_BACKLOG}={wanted}")),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Gap, Why};
    use crate::fixture::{healthy, listener, namespace};
    use crate::namespaces::testing::{findings, machine, statuses, worst};

    fn host(max_syn_backlog: u32, syncookies: u32, backlog: Option<u32>) -> Facts {
        let asking = TcpListener {
            backlog,
            ..listener("0.0.0.0", 80)
        };
        let mut host = namespace(1, "host", vec![asking]);
        host.sysctls.tcp_max_syn_backlog = Fact::Known(max_syn_backlog);
        host.sysctls.tcp_syncookies = Fact::Known(syncookies);
        machine(vec![host])
    }

    #[test]
    fn with_cookies_it_is_not_judged() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Skipped]);
        assert_eq!(worst(&CHECK, &host(16, 2, Some(1000))), Status::Skipped);
    }

    #[test]
    fn a_kernel_built_without_cookies_is_not_judged() {
        let mut facts = host(16, 0, Some(1000));
        let gap = Gap::new("/proc/sys/net/ipv4/tcp_syncookies", Why::Absent);
        let Fact::Known(namespaces) = &mut facts.namespaces else {
            panic!("the machine has namespaces");
        };
        namespaces[0].sysctls.tcp_syncookies = Fact::Missing(gap);
        assert_eq!(worst(&CHECK, &facts), Status::Unknown);
        facts.kernel.config = facts.kernel.config.map(|mut config| {
            config.options.remove("CONFIG_SYN_COOKIES");
            config
        });
        assert_eq!(statuses(&CHECK, &facts), [Status::Skipped]);
    }

    #[test]
    fn three_quarters_for_the_largest_backlog_pass() {
        assert_eq!(worst(&CHECK, &host(1000, 0, Some(750))), Status::Pass);
    }

    #[test]
    fn less_than_three_quarters_for_the_largest_backlog_warns() {
        assert_eq!(worst(&CHECK, &host(1000, 0, Some(751))), Status::Warn);
    }

    #[test]
    fn the_value_that_it_proposes_would_do() {
        let findings = findings(&CHECK, &host(16, 0, Some(1000)));
        let remedy = findings[0].remedy.as_ref().expect("a remedy");
        let step = remedy.now.last().expect("a step").text();
        let proposed = step
            .rsplit('=')
            .next()
            .expect("a value")
            .parse()
            .expect("a number");
        assert_eq!(worst(&CHECK, &host(proposed, 0, Some(1000))), Status::Pass);
    }

    #[test]
    fn without_backlogs_nothing_is_decided() {
        assert_eq!(worst(&CHECK, &host(16, 0, None)), Status::Unknown);
    }

    #[test]
    fn without_the_release_nothing_is_decided() {
        let mut facts = healthy();
        facts.kernel.release = Fact::Missing(Gap::new("uname", Why::Absent));
        assert_eq!(worst(&CHECK, &facts), Status::Unknown);
    }

    #[test]
    fn an_older_kernel_is_not_judged() {
        let mut facts = host(16, 0, Some(1000));
        facts.kernel.release = Fact::Known("3.10.0-1160.el7".to_owned());
        assert_eq!(worst(&CHECK, &facts), Status::Skipped);
    }
}
