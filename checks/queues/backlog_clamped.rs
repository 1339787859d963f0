//! No backlog was cut by a low somaxconn.

pub(crate) mod clamped;

use super::somaxconn::{self, Yardstick};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Namespace, NetnsId, TcpListener, Topic};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};
use crate::label::{listener_subject, owner};
use crate::namespaces::incomplete;
use crate::namespaces::listening::{tcp_listeners, tcp_source};
use crate::namespaces::seen::{each_namespace, seen, subject, unreadable};
use crate::sysctl::SOMAXCONN;
use clamped::{Case, FEW, Group as Clamped, groups, spelled_out};
use std::collections::{BTreeMap, BTreeSet};

/// No backlog was cut by a low somaxconn.
pub static CHECK: Check = Check {
    id: "backlog-clamped",
    title: "No backlog was cut by a low somaxconn",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("backlog_clamped.md"),
    needs: &[Topic::Listeners, Topic::Somaxconn],
    masked_by: &["sock-diag-round-trip", "inet-diag", "tcp-diag"],
    judges: Judges::Machines,
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let than = Yardstick::of(view.facts);
    let groups = groups(seen(view), &than);
    let (named, crowds) = spelled_out(&groups);
    let named = named
        .iter()
        .flat_map(|group| each(view.facts, group, &than));
    let mut findings: Vec<Finding> = named.collect();
    findings.extend(
        alike(crowds)
            .iter()
            .map(|crowd| all(view.facts, crowd, &than)),
    );
    let clamped: BTreeSet<NetnsId> = groups.iter().map(|group| group.namespace.id).collect();
    findings.extend(each_namespace(view, |namespace| {
        let is_clamped = clamped.contains(&namespace.id);
        the_others(view.facts, namespace, &than, is_clamped)
            .into_iter()
            .collect()
    }));
    findings
}

/// One finding for each listener of a small group.
fn each(facts: &Facts, group: &Clamped<'_>, than: &Yardstick) -> Vec<Finding> {
    let about = |row: &(&TcpListener, u32)| {
        let subject = listener_subject(facts, group.namespace, row.0);
        let summary = format!("its backlog of {} is {}", row.1, group.meaning());
        Finding::about(subject, Status::Warn, summary)
            .evidences(evidence(facts, group, std::slice::from_ref(row)))
            .remedy(remedy(facts, group, than))
    };
    group.listeners.iter().map(about).collect()
}

/// The groups of many namespaces that are in the same case under the same somaxconn.
fn alike<'g, 'a>(crowds: Vec<&'g Clamped<'a>>) -> Vec<Vec<&'g Clamped<'a>>> {
    let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for group in crowds {
        let key = (&group.case, group.somaxconn);
        alike.entry(key).or_default().push(group);
    }
    alike.into_values().collect()
}

/// One finding for all listeners of groups that are alike; the first few stand for them.
fn all(facts: &Facts, crowd: &[&Clamped<'_>], than: &Yardstick) -> Finding {
    let first = crowd[0];
    let shown = &first.listeners[..first.listeners.len().min(FEW)];
    let listeners: usize = crowd.iter().map(|group| group.listeners.len()).sum();
    let labels = crowd.iter().map(|group| group.namespace.label()).collect();
    let more = listeners - shown.len();
    let source = tcp_source(first.listeners[0].0);
    let more = (more > 0).then(|| source.evidence(format!("{more} more listeners")));
    let summary = format!("backlogs are {}", first.meaning());
    Finding::about(Subject::Namespaces(labels), Status::Warn, summary)
        .evidences(evidence(facts, first, shown))
        .evidences(more)
        .remedy(remedy(facts, first, than))
}

fn evidence(facts: &Facts, group: &Clamped<'_>, shown: &[(&TcpListener, u32)]) -> Vec<Evidence> {
    let label = group.namespace.label();
    let rows = shown.iter().map(|(listener, backlog)| {
        let owner = owner(facts, listener.inode);
        let owner = owner.map_or_else(String::new, |owner| format!(", {owner}"));
        let says = format!("{}{owner}: Send-Q {backlog}", listener.label());
        tcp_source(listener).evidence(says)
    });
    let limit = Evidence::sysctl(SOMAXCONN, Some(&label), group.somaxconn);
    rows.chain([limit]).collect()
}

fn remedy(facts: &Facts, group: &Clamped<'_>, than: &Yardstick) -> Remedy {
    let highest = than.highest(group.somaxconn);
    match &group.case {
        Case::Above => Remedy::by_hand(format!(
            "raise {SOMAXCONN} again before the next restart, if the longer queue is wanted"
        )),
        Case::Cut { .. } => somaxconn::raise(facts, group.namespace, highest),
        Case::AtDefault => {
            Remedy::by_hand("restart it if its configuration asks for a larger backlog")
        }
    }
}

/// What is to be said of the listeners of a namespace that were not cut.
fn the_others(
    facts: &Facts,
    namespace: &Namespace,
    than: &Yardstick,
    is_clamped: bool,
) -> Option<Finding> {
    let incomplete = incomplete::tcp(namespace);
    if incomplete.is_some() || is_clamped {
        return incomplete;
    }
    let empty = tcp_listeners(namespace).next().is_none();
    match (namespace.sysctls.somaxconn.known(), than.default) {
        (Err(gap), _) if !empty => Some(unreadable(namespace, SOMAXCONN, gap)),
        (Ok(_), None) if !empty => {
            let summary = "the kernel's default of somaxconn is not known";
            let gaps = facts.kernel.release.gaps().iter().map(Evidence::gap);
            Some(Finding::about(subject(namespace), Status::Unknown, summary).evidences(gaps))
        }
        (somaxconn, _) => {
            let summary = well(namespace, somaxconn.ok().copied());
            Some(Finding::about(subject(namespace), Status::Pass, summary))
        }
    }
}

/// A backlog of all that somaxconn allows is no sign of a fault, and no proof that there is none.
fn well(namespace: &Namespace, somaxconn: Option<u32>) -> String {
    let backlogs = tcp_listeners(namespace).filter_map(|listener| listener.backlog);
    let all = backlogs.filter(|&backlog| Some(backlog) == somaxconn);
    match (all.count(), somaxconn) {
        (0, Some(somaxconn)) => format!("no backlog is as large as somaxconn, {somaxconn}"),
        (1, Some(somaxconn)) => format!(
            "1 listener has all that somaxconn, {somaxconn}, allows, which is not low; it may \
             have asked for more"
        ),
        (many, Some(somaxconn)) => format!(
            "{many} listeners have all that somaxconn, {somaxconn}, allows, which is not low; \
             they may have asked for more"
        ),
        (_, None) => "no listener whose backlog could have been cut".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Gap, Sample, Why};
    use crate::fixture::{healthy, listener, namespace};
    use crate::namespaces::listening::NAMED;
    use crate::namespaces::testing::{findings, machine, statuses, worst};

    fn asking(port: u16, backlog: u32) -> TcpListener {
        TcpListener {
            backlog: Some(backlog),
            ..listener("0.0.0.0", port)
        }
    }

    fn with(inode: u64, name: &str, somaxconn: u32, listeners: Vec<TcpListener>) -> Namespace {
        let mut namespace = namespace(inode, name, listeners);
        namespace.sysctls.somaxconn = Fact::Known(somaxconn);
        namespace
    }

    fn host(somaxconn: u32, backlog: u32) -> Facts {
        machine(vec![with(1, "host", somaxconn, vec![asking(80, backlog)])])
    }

    #[test]
    fn a_backlog_below_somaxconn_passes() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn all_that_a_sound_somaxconn_allows_passes() {
        assert_eq!(worst(&CHECK, &host(4096, 4096)), Status::Pass);
        assert_eq!(worst(&CHECK, &host(65_535, 65_535)), Status::Pass);
        let finding = findings(&CHECK, &host(4096, 4096)).remove(0);
        assert!(finding.summary.contains("it may have asked for more"));
    }

    #[test]
    fn a_backlog_cut_by_a_low_somaxconn_warns_with_its_process() {
        let findings = findings(&CHECK, &host(128, 128));
        assert_eq!(findings[0].status, Status::Warn);
        assert!(matches!(&findings[0].subject,
            Subject::Listener { owner: Some(owner), .. } if owner == "nginx (812)"));
    }

    #[test]
    fn a_container_left_behind_cuts_at_the_kernels_default() {
        let facts = machine(vec![
            with(1, "host", 65_535, Vec::new()),
            with(2, "web", 4096, vec![asking(80, 4096)]),
        ]);
        let findings = findings(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.contains("65535"));
    }

    #[test]
    fn a_listener_that_came_during_the_sample_is_judged_as_well() {
        let mut namespace = with(1, "host", 128, Vec::new());
        namespace.sample = Some(Sample {
            interval_ms: 1_000,
            counters: namespace.counters.clone(),
            listeners: Fact::Known(vec![asking(80, 128)]),
        });
        assert_eq!(worst(&CHECK, &machine(vec![namespace])), Status::Warn);
    }

    #[test]
    fn a_backlog_above_somaxconn_would_be_cut_by_a_restart() {
        let findings = findings(&CHECK, &host(4096, 8192));
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.contains("restart"));
    }

    #[test]
    fn a_backlog_at_the_default_may_wait_for_a_restart() {
        let findings = findings(&CHECK, &host(65_535, 4096));
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.contains("or it listened before"));
    }

    #[test]
    fn a_backlog_that_a_program_chose_passes() {
        assert_eq!(worst(&CHECK, &host(65_535, 511)), Status::Pass);
        assert_eq!(worst(&CHECK, &host(65_535, 128)), Status::Pass);
    }

    #[test]
    fn many_listeners_are_one_finding_of_their_namespace() {
        let many = (0..10_000).map(|port| asking(port, 128)).collect();
        let findings = findings(&CHECK, &machine(vec![with(1, "host", 128, many)]));
        assert_eq!(findings.len(), 1);
        let says = &findings[0].evidence.last().expect("evidence").says;
        assert_eq!(says, "9997 more listeners");
    }

    #[test]
    fn many_namespaces_that_are_alike_are_one_finding() {
        let cut = |inode| with(inode, &format!("n{inode}"), 128, vec![asking(80, 128)]);
        let findings = findings(&CHECK, &machine((0..1_000).map(cut).collect()));
        assert_eq!(findings.len(), NAMED + 1);
        assert!(matches!(&findings[NAMED].subject,
            Subject::Namespaces(labels) if labels.len() == 1_000 - NAMED));
    }

    #[test]
    fn without_somaxconn_nothing_is_decided() {
        let mut web = with(2, "web", 0, vec![asking(80, 128)]);
        web.sysctls.somaxconn = Fact::Missing(Gap::new("somaxconn", Why::Absent));
        assert_eq!(worst(&CHECK, &machine(vec![web])), Status::Unknown);
    }

    #[test]
    fn without_the_kernels_default_nothing_is_decided() {
        let mut facts = host(4096, 4096);
        facts.kernel.release = Fact::Missing(Gap::new("uname", Why::Absent));
        assert_eq!(worst(&CHECK, &facts), Status::Unknown);
    }

    #[test]
    fn without_backlogs_nothing_is_decided() {
        let from_proc = TcpListener {
            backlog: None,
            ..listener("0.0.0.0", 80)
        };
        let facts = machine(vec![with(1, "host", 4096, vec![from_proc])]);
        assert_eq!(worst(&CHECK, &facts), Status::Unknown);
    }
}
