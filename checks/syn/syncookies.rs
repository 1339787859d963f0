//! SYN cookies are a net under the SYN queue.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Gap, Namespace, Topic, Why};
use crate::finding::{Evidence, Finding, Status};
use crate::namespaces::seen::{each_namespace, subject, unreadable};
use crate::sysctl::{self, SYNCOOKIES};

/// SYN cookies are a net under the SYN queue.
pub static CHECK: Check = Check {
    id: "syncookies",
    title: "SYN cookies are a net under the SYN queue",
    group: Group::Syn,
    scope: Scope::Netns,
    explain: include_str!("syncookies.md"),
    needs: &[Topic::TcpSysctls, Topic::KernelConfig],
    masked_by: &[],
    judges: Judges::MachinesAndSetting(SYNCOOKIES),
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    each_namespace(view, |namespace| {
        vec![match namespace.sysctls.tcp_syncookies.known() {
            Ok(&value) => judge_value(view.facts, namespace, value),
            Err(gap) => match not_built(view, gap) {
                Some(evidence) => without_cookies(namespace, gap, evidence),
                None => unreadable(namespace, SYNCOOKIES, gap),
            },
        }]
    })
}

/// The kernel's configuration as evidence, where it says that this is why the setting is not there.
pub(super) fn not_built(view: &View<'_>, gap: &Gap) -> Option<Evidence> {
    let config = view.facts.kernel.config.value()?;
    let is_built = config.get("CONFIG_SYN_COOKIES").is_some();
    let says = "CONFIG_SYN_COOKIES is not set";
    (gap.why == Why::Absent && !is_built).then(|| Evidence::file(&config.source, None, says))
}

/// Any value but 0 and 2 acts as 1 (tcp_syn_flood_action, net/ipv4/tcp_input.c).
fn judge_value(facts: &Facts, namespace: &Namespace, value: u32) -> Finding {
    let (status, says) = match value {
        0 => (Status::Warn, "is 0: a full SYN queue drops new connections"),
        2 => (
            Status::Warn,
            "is 2: every connection pays for a cookie; it is meant for tests",
        ),
        _ => (Status::Pass, "is on: a full SYN queue answers with cookies"),
    };
    let finding = Finding::about(subject(namespace), status, format!("{SYNCOOKIES} {says}"));
    if status == Status::Pass {
        return finding;
    }
    finding
        .evidence(Evidence::sysctl(
            SYNCOOKIES,
            Some(&namespace.label()),
            value,
        ))
        .remedy(sysctl::set(facts, namespace, SYNCOOKIES, 1))
}

fn without_cookies(namespace: &Namespace, gap: &Gap, not_built: Evidence) -> Finding {
    let summary = "this kernel is built without SYN cookies: a full SYN queue drops connections";
    Finding::about(subject(namespace), Status::Warn, summary)
        .evidence(not_built)
        .evidence(Evidence::gap(gap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::fixture::{healthy, namespace};
    use crate::namespaces::testing::{findings, machine, statuses, worst};

    fn with(value: Fact<u32>) -> Facts {
        let mut host = namespace(1, "host", Vec::new());
        host.sysctls.tcp_syncookies = value;
        machine(vec![host])
    }

    fn absent() -> Fact<u32> {
        Fact::Missing(Gap::new("/proc/sys/net/ipv4/tcp_syncookies", Why::Absent))
    }

    #[test]
    fn cookies_when_needed_pass() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn no_cookies_warn() {
        assert_eq!(worst(&CHECK, &with(Fact::Known(0))), Status::Warn);
    }

    #[test]
    fn cookies_for_everybody_warn() {
        let findings = findings(&CHECK, &with(Fact::Known(2)));
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.contains("tests"));
    }

    #[test]
    fn a_kernel_without_cookies_warns() {
        let mut facts = with(absent());
        facts.kernel.config = facts.kernel.config.map(|mut config| {
            config.options.remove("CONFIG_SYN_COOKIES");
            config
        });
        let findings = findings(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.contains("built without"));
    }

    #[test]
    fn a_setting_that_could_not_be_read_is_undecided() {
        assert_eq!(worst(&CHECK, &with(absent())), Status::Unknown);
    }
}
