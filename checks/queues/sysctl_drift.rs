//! What is set now is what the next boot sets.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{
    BootDoubt, BootSysctl, Fact, Facts, Gap, Kernel, Namespace, Sandbox, Topic, Why,
};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};
use crate::limits;
use crate::namespaces::seen::{gap_evidence, seen};
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
        let why = match view.facts.machine.effective_uid {
            0 => Why::Unsupported("it cannot be told from here".to_owned()),
            _ => Why::Denied {
                needs: "root".to_owned(),
            },
        };
        let gap = Gap::new("network namespace of process 1", why);
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
        if view.facts.boot.doubts(&setting.key).next().is_none() {
            let now = current(&view.facts.kernel, host, &setting.key);
            findings.extend(compare(setting, now));
        }
    }
    findings.extend(doubted(view, host));
    let gaps: Vec<&Gap> = boot.gaps().iter().collect();
    if gaps.is_empty() {
        findings.extend(in_no_file(view, host));
    } else {
        let summary = "not all of what the next boot sets could be read";
        let finding = Finding::host(Status::Unknown, summary);
        findings.push(finding.evidences(gap_evidence(&gaps)));
    }
    if findings.is_empty() {
        let summary = "no file sets at boot another value than is set now";
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
    let summary = match (now.parse::<u32>(), setting.number()) {
        _ if is_same(now, setting) => return None,
        (Ok(number), Some(next)) => {
            let change = if next < number { "lowers" } else { "raises" };
            format!("{key} is {now} now, and the next boot {change} it to {next}")
        }
        (Ok(_), None) => {
            format!("{key} is {now} now, and the kernel does not take `{value}` at the next boot")
        }
        (Err(_), _) => format!("{key} is {now} now, and the next boot sets it to {value}"),
    };
    Some(
        Finding::host(Status::Warn, summary)
            .evidence(Evidence::sysctl(key, None, now))
            .evidence(as_evidence(setting))
            .remedy(decide(setting, now)),
    )
}

/// Keys of which it is not known which line sets them, as far as that makes a difference.
fn doubted(view: &View<'_>, host: &Namespace) -> Vec<Finding> {
    let boot = &view.facts.boot;
    let mut keys: Vec<&str> = boot.doubts.iter().map(|doubt| &*doubt.line.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let finding = |key| {
        let current = current(&view.facts.kernel, host, key)?;
        let lines = boot.line(key).into_iter();
        let mut lines = lines.chain(boot.doubts(key).map(|doubt| &doubt.line));
        let now = match current.known() {
            Ok(now) if lines.all(|line| is_same(now, line)) => return None,
            Ok(now) => format!("it is {now} now"),
            Err(_) => "what it is now could not be read".to_owned(),
        };
        let summary = format!("what the next boot makes of {key} is not known; {now}");
        let certain = boot.line(key).map(as_evidence);
        let gaps: Vec<Gap> = boot.doubts(key).map(BootDoubt::gap).collect();
        let gaps: Vec<&Gap> = current.gaps().iter().chain(&gaps).collect();
        let finding = Finding::host(Status::Unknown, summary);
        Some(finding.evidences(certain.into_iter().chain(gap_evidence(&gaps))))
    };
    keys.into_iter().filter_map(finding).collect()
}

fn as_evidence(setting: &BootSysctl) -> Evidence {
    let BootSysctl { key, value, place } = setting;
    Evidence::at(place.clone(), format!("{key} = {value}"))
}

fn is_same(now: &str, next: &BootSysctl) -> bool {
    let is_number = |now| next.number() == Some(now);
    now == next.value.trim() || now.parse().is_ok_and(is_number)
}

fn decide(setting: &BootSysctl, now: &str) -> Remedy {
    let BootSysctl { key, value, place } = setting;
    let keep = format!("if the value now is right: write {key} = {now} at {place}");
    let is_refused = now.parse::<u32>().is_ok() && setting.number().is_none();
    let remedy = if is_refused {
        Remedy::default()
    } else {
        Remedy::by_hand(format!(
            "if the file is right: sysctl -w {key}='{}'",
            value.trim()
        ))
    };
    remedy.keep_do(keep)
}

/// somaxconn was changed by hand and stands in no file. For the other settings the kernel's
/// default is not one number: tcp_max_syn_backlog's depends on memory.
fn in_no_file(view: &View<'_>, host: &Namespace) -> Option<Finding> {
    let key = sysctl::SOMAXCONN;
    let boot = view.facts.boot.sysctls.value()?;
    let may_stand = view.facts.boot.doubts(key).next().is_some();
    if may_stand || boot.iter().any(|setting| setting.key == key) {
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
    (now != default).then(|| lost(view.facts, key, now, default))
}

fn lost(facts: &Facts, key: &str, now: u32, default: u32) -> Finding {
    let summary = format!("{key} is {now} now, but no file sets it: the next boot has {default}");
    Finding::host(Status::Warn, summary)
        .evidence(Evidence::sysctl(key, None, now))
        .remedy(Remedy::default().keep(sysctl::at_boot(facts, key, now)))
}

#[cfg(test)]
mod tests;
