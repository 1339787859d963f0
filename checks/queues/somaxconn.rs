//! somaxconn lets listeners have the backlog they ask for.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Gap, Namespace, Origin, Topic, Why};
use crate::finding::{Evidence, Finding, Remedy, Status};
use crate::limits::{self, Limits, NEW_SOMAXCONN, OLD_SOMAXCONN};
use crate::namespaces::seen::{each_namespace, subject, undecided};
use crate::sysctl::{self, SOMAXCONN};

/// somaxconn lets listeners have the backlog they ask for.
pub static CHECK: Check = Check {
    id: "somaxconn",
    title: "somaxconn lets listeners have the backlog they ask for",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("somaxconn.md"),
    needs: &[Topic::Somaxconn],
    masked_by: &[],
    judges: Judges::MachinesAndSetting(SOMAXCONN),
    judge,
};

/// What the value of a namespace is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Yardstick {
    /// The kernel's default of its era, when the release is known.
    pub(crate) default: Option<u32>,
    /// The host's value, when the host's namespace was seen.
    pub(crate) host: Option<u32>,
}

impl Yardstick {
    pub(crate) fn of(facts: &Facts) -> Self {
        let namespaces = facts.namespaces.value().into_iter().flatten();
        let mut hosts = namespaces.filter(|namespace| namespace.host == Some(true));
        Yardstick {
            default: limits::default_somaxconn(&facts.kernel),
            host: hosts
                .next()
                .and_then(|host| host.sysctls.somaxconn.value().copied()),
        }
    }

    /// The highest of `value`, the default and the host's value.
    pub(crate) fn highest(&self, value: u32) -> u32 {
        let others = [self.default, self.host].into_iter().flatten();
        others.fold(value, u32::max)
    }

    /// Why `value` is low, when it is: the host has more, or the kernel starts with more.
    pub(crate) fn why_low(&self, value: u32) -> Option<String> {
        match (self.host, self.default) {
            (Some(host), Some(default)) if value < host && value == default => Some(format!(
                "still the kernel's default, while the host was raised to {host}"
            )),
            (Some(host), _) if value < host => Some(format!("lower than the host's {host}")),
            (_, Some(default)) if value < default => {
                Some(format!("lower than the kernel's default of {default}"))
            }
            _ => None,
        }
    }
}

fn judge(view: &View<'_>) -> Vec<Finding> {
    let yardstick = Yardstick::of(view.facts);
    each_namespace(view, |namespace| {
        vec![match namespace.sysctls.somaxconn.known() {
            Ok(&value) => judge_value(view, namespace, value, &yardstick),
            Err(gap) => hidden(namespace, gap, &yardstick),
        }]
    })
}

fn judge_value(view: &View<'_>, namespace: &Namespace, value: u32, than: &Yardstick) -> Finding {
    let (status, summary) = verdict(view.limits, value, than);
    let finding = Finding::about(subject(namespace), status, summary);
    match status {
        Status::Pass => finding,
        Status::Unknown => {
            finding.evidences(view.facts.kernel.release.gaps().iter().map(Evidence::gap))
        }
        _ => finding
            .evidences(evidence(namespace, value, than))
            .remedy(raise(
                view.facts,
                namespace,
                wanted(view.limits, than, value),
            )),
    }
}

fn verdict(limits: &Limits, value: u32, than: &Yardstick) -> (Status, String) {
    if let Some(min) = limits.somaxconn_min.filter(|&min| value < min) {
        let summary =
            format!("{SOMAXCONN} is {value}, lower than the {min} that the policy asks for");
        return (Status::Fail, summary);
    }
    // A limit of one's own stands in the place of the kernel's default.
    let own_limit = limits.somaxconn_min.is_some();
    let default = than.default.filter(|_| !own_limit);
    if let Some(why) = (Yardstick { default, ..*than }).why_low(value) {
        return (Status::Warn, format!("{SOMAXCONN} is {value}: {why}"));
    }
    if default.is_some() || own_limit {
        return (Status::Pass, format!("{SOMAXCONN} is {value}"));
    }
    with_any_kernel(value)
}

/// Where the kernel is not known, as in a container image: less than every kernel starts with is
/// too little for all of them.
fn with_any_kernel(value: u32) -> (Status, String) {
    if value < OLD_SOMAXCONN {
        let summary = format!(
            "{SOMAXCONN} is {value}: lower than the default of every kernel, {OLD_SOMAXCONN}, \
             and {NEW_SOMAXCONN} since Linux 5.4"
        );
        return (Status::Warn, summary);
    }
    let summary = format!("{SOMAXCONN} is {value}; the kernel's default is not known");
    (Status::Unknown, summary)
}

/// Before Linux 6.3 (commit 6b754d7bd007) the file does not exist in a namespace that belongs
/// to another user namespace; the value is there all the same, and starts as the default.
fn hidden(namespace: &Namespace, gap: &Gap, than: &Yardstick) -> Finding {
    let summary = match (&gap.why, than.default) {
        (Why::Absent, Some(default)) => {
            format!("{SOMAXCONN} cannot be seen here; it is the default, {default}, unless changed")
        }
        _ => format!("{SOMAXCONN} is not known"),
    };
    undecided(namespace, summary, gap)
}

fn evidence(namespace: &Namespace, value: u32, than: &Yardstick) -> Vec<Evidence> {
    let own = Evidence::sysctl(SOMAXCONN, Some(&namespace.label()), value);
    let host = than.host.filter(|_| namespace.host != Some(true));
    let host = host.map(|value| Evidence::sysctl(SOMAXCONN, Some("host"), value));
    [own].into_iter().chain(host).collect()
}

fn wanted(limits: &Limits, than: &Yardstick, value: u32) -> u32 {
    let unknown = than.default.is_none() && limits.somaxconn_min.is_none();
    let least = limits.somaxconn_min.into_iter();
    let least = least.chain(unknown.then_some(NEW_SOMAXCONN));
    least.fold(than.highest(value), u32::max)
}

/// How to raise it.
pub(crate) fn raise(facts: &Facts, namespace: &Namespace, value: u32) -> Remedy {
    let raise = sysctl::set(facts, namespace, SOMAXCONN, value);
    match facts.origin {
        Origin::Machine => {
            raise.then_do("restart the listeners: a backlog is fixed when listen() is called")
        }
        // No listener runs before it boots.
        Origin::Image(_) => raise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Facts};
    use crate::fixture::{healthy, namespace};
    use crate::namespaces::testing::{findings, findings_within, machine, statuses, worst};

    fn with(inode: u64, name: &str, somaxconn: u32) -> Namespace {
        let mut namespace = namespace(inode, name, Vec::new());
        namespace.sysctls.somaxconn = Fact::Known(somaxconn);
        namespace
    }

    fn without_release() -> Facts {
        let mut facts = healthy();
        facts.kernel.release = Fact::Missing(Gap::new("uname", Why::Absent));
        facts
    }

    #[test]
    fn the_kernels_default_passes() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn less_than_the_kernels_default_warns() {
        assert_eq!(
            worst(&CHECK, &machine(vec![with(1, "host", 128)])),
            Status::Warn
        );
    }

    #[test]
    fn the_hosts_value_is_not_held_against_itself() {
        let findings = findings(&CHECK, &machine(vec![with(1, "host", 128)]));
        assert_eq!(findings[0].evidence.len(), 1);
    }

    #[test]
    fn the_default_of_an_old_kernel_passes_there() {
        let mut facts = machine(vec![with(1, "host", 128)]);
        facts.kernel.release = Fact::Known("4.18.0-553.el8".to_owned());
        assert_eq!(worst(&CHECK, &facts), Status::Pass);
    }

    #[test]
    fn a_container_left_behind_names_both_values() {
        let facts = machine(vec![with(1, "host", 65_535), with(2, "web", 4096)]);
        let findings = findings(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Warn);
        assert_eq!(
            findings[0].summary,
            "net.core.somaxconn is 4096: still the kernel's default, \
             while the host was raised to 65535"
        );
        assert_eq!(findings[0].evidence.len(), 2);
    }

    #[test]
    fn containers_that_are_alike_are_one_finding() {
        let web = (2..500).map(|inode| with(inode, &format!("web{inode}"), 4096));
        let all = std::iter::once(with(1, "host", 65_535)).chain(web);
        assert_eq!(findings(&CHECK, &machine(all.collect())).len(), 2);
    }

    #[test]
    fn a_container_with_more_than_the_host_passes() {
        let facts = machine(vec![with(1, "host", 4096), with(2, "web", 65_535)]);
        assert_eq!(worst(&CHECK, &facts), Status::Pass);
    }

    #[test]
    fn a_limit_that_is_undercut_fails() {
        let limits = Limits {
            somaxconn_min: Some(8192),
            ..Limits::default()
        };
        assert_eq!(
            findings_within(&CHECK, &healthy(), &limits)[0].status,
            Status::Fail
        );
    }

    #[test]
    fn a_limit_stands_in_the_place_of_the_default() {
        let limits = Limits {
            somaxconn_min: Some(512),
            ..Limits::default()
        };
        let facts = machine(vec![with(1, "host", 1024)]);
        assert_eq!(
            findings_within(&CHECK, &facts, &limits)[0].status,
            Status::Pass
        );
    }

    #[test]
    fn advice_in_a_container_is_not_a_file_on_the_host() {
        let facts = machine(vec![with(1, "host", 65_535), with(2, "web", 4096)]);
        let remedy = findings(&CHECK, &facts).remove(0).remedy.expect("a remedy");
        assert!(!remedy.keep[0].text().contains("/etc/sysctl.d"));
    }

    #[test]
    fn a_value_that_cannot_be_seen_is_undecided() {
        let mut web = namespace(2, "web", Vec::new());
        web.sysctls.somaxconn = Fact::Missing(Gap::new("somaxconn", Why::Absent));
        let findings = findings(&CHECK, &machine(vec![web]));
        assert_eq!(findings[0].status, Status::Unknown);
        assert!(findings[0].summary.contains("4096"));
    }

    #[test]
    fn less_than_every_kernel_starts_with_is_low_without_the_release_too() {
        let mut facts = without_release();
        facts.namespaces = Fact::Known(vec![with(1, "host", 64)]);
        let finding = findings(&CHECK, &facts).remove(0);
        assert_eq!(finding.status, Status::Warn);
        assert!(
            finding.remedy.expect("a remedy").now[0]
                .text()
                .ends_with("=4096")
        );
    }

    #[test]
    fn without_the_release_there_is_nothing_to_compare_with() {
        assert_eq!(worst(&CHECK, &without_release()), Status::Unknown);
    }
}
