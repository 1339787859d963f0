//! What is set now is what the next boot sets.

use super::seen::{gap_evidence, seen};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{BootSysctl, Fact, Gap, Kernel, Namespace, Sandbox, Topic, Why};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};
use crate::limits;
use crate::sysctl;

/// What is set now is what the next boot sets.
pub static CHECK: Check = Check {
    id: "sysctl-drift",
    title: "What is set now is what the next boot sets",
    group: Group::Queues,
    scope: Scope::Host,
    explain: include_str!("sysctl_drift.md"),
    needs: &[Topic::Boot, Topic::Somaxconn, Topic::TcpSysctls],
    masked_by: &[],
    judges: Judges::Machines,
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    if let Some(instead) = not_here(view) {
        return vec![instead];
    }
    match host(view) {
        Some(host) => judge_host(view, host),
        None => vec![without_host(view)],
    }
}

/// What is to be said where nothing can be judged.
fn not_here(view: &View<'_>) -> Option<Finding> {
    match (&view.facts.machine.sandbox, &view.facts.namespaces) {
        (Fact::Missing(gap), _) => {
            let summary = "it is not known whether this is a container";
            Some(Finding::unknown(Subject::Host, summary, gap))
        }
        (sandbox, _) if is_container(sandbox.value()) => {
            let summary = "a container does not boot: sysctl.d is the host's affair";
            Some(Finding::host(Status::Skipped, summary))
        }
        (_, Fact::Missing(gap)) => {
            let summary = "no network namespace could be looked at";
            Some(Finding::unknown(Subject::Host, summary, gap))
        }
        _ => None,
    }
}

fn is_container(sandbox: Option<&Sandbox>) -> bool {
    matches!(
        sandbox,
        Some(Sandbox::Container { .. } | Sandbox::Gvisor { .. })
    )
}

/// The namespace that sysctl.d is about: the one of process 1.
fn host<'a>(view: &View<'a>) -> Option<&'a Namespace> {
    seen(view).iter().find(|one| one.host == Some(true))
}

fn without_host(view: &View<'_>) -> Finding {
    if seen(view).iter().any(|one| one.host.is_none()) {
        let gap = Gap::new("network namespace of process 1", Why::Absent);
        let summary = "which network namespace is the host's could not be told";
        return Finding::unknown(Subject::Host, summary, &gap);
    }
    let summary = "sysctl.d is about the host's namespace, which was not looked at";
    Finding::host(Status::Skipped, summary)
}

fn judge_host(view: &View<'_>, host: &Namespace) -> Vec<Finding> {
    let boot = &view.facts.boot.sysctls;
    let mut findings: Vec<Finding> = Vec::new();
    for setting in boot.value().into_iter().flatten() {
        findings.extend(compare(
            setting,
            current(&view.facts.kernel, host, &setting.key),
        ));
    }
    let gaps: Vec<&Gap> = boot.gaps().iter().collect();
    if gaps.is_empty() {
        findings.extend(in_no_file(view, host));
    } else {
        let summary = "not all of what the next boot sets could be read";
        let finding = Finding::host(Status::Unknown, summary);
        findings.push(finding.evidences(gap_evidence(&gaps)));
    }
    if findings.is_empty() {
        let summary = "what is set now is what the next boot sets";
        findings.push(Finding::host(Status::Pass, summary));
    }
    findings
}

/// The value now, for the settings that checks look at.
fn current(kernel: &Kernel, host: &Namespace, key: &str) -> Option<Fact<String>> {
    let sysctls = &host.sysctls;
    let number = match key {
        sysctl::SOMAXCONN => &sysctls.somaxconn,
        sysctl::SYNCOOKIES => &sysctls.tcp_syncookies,
        sysctl::MAX_SYN_BACKLOG => &sysctls.tcp_max_syn_backlog,
        sysctl::ABORT_ON_OVERFLOW => &sysctls.tcp_abort_on_overflow,
        sysctl::SYNACK_RETRIES => &sysctls.tcp_synack_retries,
        "kernel.modules_disabled" => {
            let disabled = kernel.modules_disabled.clone();
            return Some(disabled.map(|disabled| u32::from(disabled).to_string()));
        }
        "kernel.modprobe" => return Some(kernel.modprobe.clone().map(|helper| helper.path)),
        _ => return None,
    };
    Some(number.clone().map(|number| number.to_string()))
}

/// A finding, unless the value now is the one at the next boot.
fn compare(setting: &BootSysctl, current: Option<Fact<String>>) -> Option<Finding> {
    let current = current?;
    let BootSysctl { key, value, place } = setting;
    let now = match current.known() {
        Ok(now) => now,
        Err(gap) => {
            let summary = format!("{key} could not be read, so it cannot be held against {place}");
            return Some(Finding::unknown(Subject::Host, summary, gap));
        }
    };
    let value = value.trim();
    let change = match (now.parse::<u64>(), value.parse::<u64>()) {
        (Ok(now), Ok(next)) if now == next => return None,
        (Ok(now), Ok(next)) if next < now => "lowers it to",
        (Ok(_), Ok(_)) => "raises it to",
        _ if now == value => return None,
        _ => "sets it to",
    };
    let summary = format!("{key} is {now} now, and the next boot {change} {value}");
    Some(
        Finding::host(Status::Warn, summary)
            .evidence(Evidence::sysctl(key, None, now))
            .evidence(Evidence::at(place.clone(), format!("{key} = {value}")))
            .remedy(decide(setting, now)),
    )
}

fn decide(setting: &BootSysctl, now: &str) -> Remedy {
    let BootSysctl { key, value, place } = setting;
    Remedy::by_hand(format!(
        "if the file is right: sysctl -w {key}='{}'",
        value.trim()
    ))
    .keep_do(format!(
        "if the value now is right: write {key} = {now} at {place}"
    ))
}

/// somaxconn was changed by hand and stands in no file. For the other settings the kernel's
/// default is not one number: tcp_max_syn_backlog's depends on memory.
fn in_no_file(view: &View<'_>, host: &Namespace) -> Option<Finding> {
    let key = sysctl::SOMAXCONN;
    let boot = view.facts.boot.sysctls.value()?;
    if boot.iter().any(|setting| setting.key == key) {
        return None;
    }
    let now = match host.sysctls.somaxconn.known() {
        Ok(&now) => now,
        Err(gap) => {
            let summary = format!("{key} could not be read");
            return Some(Finding::unknown(Subject::Host, summary, gap));
        }
    };
    let Some(default) = limits::default_somaxconn(&view.facts.kernel) else {
        let summary = format!("{key} stands in no file, and the kernel's default is not known");
        let gaps = view.facts.kernel.release.gaps().iter().map(Evidence::gap);
        return Some(Finding::host(Status::Unknown, summary).evidences(gaps));
    };
    (now != default).then(|| lost(key, now, default))
}

fn lost(key: &str, now: u32, default: u32) -> Finding {
    let summary = format!("{key} is {now} now, but no file sets it: the next boot has {default}");
    Finding::host(Status::Warn, summary)
        .evidence(Evidence::sysctl(key, None, now))
        .remedy(Remedy::default().keep_run(sysctl::at_boot(key, now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, Place};
    use crate::fixture::{healthy, namespace};
    use crate::queues::testing::{findings, machine, statuses, worst};

    fn with_file(key: &str, value: &str) -> Facts {
        let mut facts = healthy();
        facts.boot.sysctls = Fact::Known(vec![BootSysctl {
            key: key.to_owned(),
            value: value.to_owned(),
            place: Place {
                path: "/etc/sysctl.d/50-web.conf".to_owned(),
                line: Some(3),
            },
        }]);
        facts
    }

    fn with_somaxconn(value: u32) -> Facts {
        let mut facts = healthy();
        facts.namespaces = facts.namespaces.map(|mut namespaces| {
            namespaces[0].sysctls.somaxconn = Fact::Known(value);
            namespaces
        });
        facts
    }

    #[test]
    fn a_namespace_of_its_own_is_not_held_against_sysctl_d() {
        let mut facts = machine(vec![namespace(2, "web", Vec::new())]);
        if let Fact::Known(namespaces) = &mut facts.namespaces {
            namespaces[0].own = true;
            namespaces[0].sysctls.somaxconn = Fact::Known(128);
        }
        assert_eq!(statuses(&CHECK, &facts), [Status::Skipped]);
        if let Fact::Known(namespaces) = &mut facts.namespaces {
            namespaces[0].host = None;
        }
        assert_eq!(statuses(&CHECK, &facts), [Status::Unknown]);
    }

    #[test]
    fn defaults_and_no_files_pass() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn a_file_that_agrees_passes() {
        let facts = with_file("net.core.somaxconn", " 4096 ");
        assert_eq!(statuses(&CHECK, &facts), [Status::Pass]);
    }

    #[test]
    fn a_file_that_differs_warns_with_line_and_direction() {
        let findings = findings(&CHECK, &with_file("net.core.somaxconn", "128"));
        assert_eq!(
            findings[0].summary,
            "net.core.somaxconn is 4096 now, and the next boot lowers it to 128"
        );
        let keep = &findings[0].remedy.as_ref().expect("a remedy").keep[0];
        assert!(keep.text().ends_with("/etc/sysctl.d/50-web.conf:3"));
    }

    #[test]
    fn a_file_that_disables_modules_at_the_next_boot_warns() {
        let facts = with_file("kernel.modules_disabled", "1");
        assert_eq!(worst(&CHECK, &facts), Status::Warn);
    }

    #[test]
    fn a_file_that_empties_modprobe_warns() {
        assert_eq!(
            worst(&CHECK, &with_file("kernel.modprobe", "")),
            Status::Warn
        );
    }

    #[test]
    fn a_setting_of_no_check_is_not_judged() {
        assert_eq!(
            worst(&CHECK, &with_file("vm.swappiness", "1")),
            Status::Pass
        );
    }

    #[test]
    fn somaxconn_raised_by_hand_is_lost_at_the_next_boot() {
        let findings = findings(&CHECK, &with_somaxconn(65_535));
        assert_eq!(findings[0].status, Status::Warn);
        assert!(findings[0].summary.contains("no file"));
    }

    #[test]
    fn the_value_of_a_container_is_not_held_against_the_files() {
        let mut facts = healthy();
        facts.namespaces = facts.namespaces.map(|mut namespaces| {
            namespaces[1].sysctls.somaxconn = Fact::Known(128);
            namespaces
        });
        assert_eq!(worst(&CHECK, &facts), Status::Pass);
    }

    #[test]
    fn a_container_is_skipped() {
        let mut facts = with_somaxconn(65_535);
        facts.machine.sandbox = Fact::Known(Sandbox::Container {
            runtime: "docker".to_owned(),
            evidence: "/.dockerenv".to_owned(),
        });
        assert_eq!(worst(&CHECK, &facts), Status::Skipped);
    }

    #[test]
    fn without_the_hosts_namespace_it_is_skipped() {
        let mut facts = healthy();
        facts.namespaces = facts.namespaces.map(|mut namespaces| {
            namespaces.remove(0);
            namespaces
        });
        assert_eq!(worst(&CHECK, &facts), Status::Skipped);
    }

    #[test]
    fn files_that_could_not_be_read_are_undecided() {
        let mut facts = with_somaxconn(65_535);
        facts.boot.sysctls =
            Fact::Missing(Gap::new("/etc/sysctl.d", Why::TimedOut { after_ms: 1 }));
        assert_eq!(statuses(&CHECK, &facts), [Status::Unknown]);
    }

    #[test]
    fn a_value_that_could_not_be_read_is_undecided() {
        let mut facts = with_file("net.ipv4.tcp_syncookies", "1");
        facts.namespaces = facts.namespaces.map(|mut namespaces| {
            namespaces[0].sysctls.tcp_syncookies = Fact::Missing(Gap::new("x", Why::Absent));
            namespaces
        });
        assert_eq!(worst(&CHECK, &facts), Status::Unknown);
    }
}
