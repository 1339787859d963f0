//! The machine is as its image promised.

use super::handler::{self, Handler};
use super::promises::values;
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{
    Expectation, ExpectedHandler, ExpectedKernel, ExpectedSetting, Facts, Gap, Namespace, Topic,
    Why,
};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};

/// The machine is as its image promised.
pub static CHECK: Check = Check {
    id: "image-drift",
    title: "The machine is as its image promised",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("image_drift.md"),
    needs: &[
        Topic::Modules,
        Topic::RoundTrips,
        Topic::SsInstalled,
        Topic::Somaxconn,
        Topic::TcpSysctls,
    ],
    masked_by: &[],
    judges: Judges::Promises,
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let facts = view.facts;
    let Some(expected) = &facts.expected else {
        return Vec::new();
    };
    let unread = "which kernel runs is not known, so nothing can be held against the image";
    let release = match facts.kernel.release.known() {
        Ok(release) => release,
        Err(gap) => return vec![Finding::unknown(Subject::Host, unread, gap)],
    };
    let mut kernels = expected.kernels.iter();
    match kernels.find(|kernel| kernel.release == *release) {
        Some(kernel) => drift(facts, expected, kernel),
        None => vec![another_kernel(expected, release)],
    }
}

fn another_kernel(expected: &Expectation, release: &str) -> Finding {
    let summary = format!("Linux {release} runs, which is not in {}", expected.image);
    Finding::host(Status::Fail, summary).evidence(promised(expected, &kernels_of(expected)))
}

fn drift(facts: &Facts, expected: &Expectation, kernel: &ExpectedKernel) -> Vec<Finding> {
    let mut findings: Vec<Finding> = kernel
        .handlers
        .iter()
        .filter_map(|promise| drift_of_handler(facts, expected, promise))
        .collect();
    findings.extend(drift_of_settings(facts, expected, kernel));
    findings.extend(drift_of_ss(facts, expected));
    if findings.is_empty() {
        let promises = kernel.handlers.len() + kernel.settings.len();
        let summary = format!(
            "all {promises} promises of {} for Linux {} hold",
            expected.image, kernel.release
        );
        findings.push(Finding::host(Status::Pass, summary));
    }
    findings
}

fn kernels_of(expected: &Expectation) -> String {
    let releases: Vec<&str> = expected
        .kernels
        .iter()
        .map(|kernel| kernel.release.as_str())
        .collect();
    match releases.as_slice() {
        [] => "no kernel".to_owned(),
        releases => format!("Linux {}", releases.join(", ")),
    }
}

fn drift_of_handler(
    facts: &Facts,
    expected: &Expectation,
    promise: &ExpectedHandler,
) -> Option<Finding> {
    let module = promise.module;
    let handler = Handler::ALL
        .into_iter()
        .find(|handler| handler.module() == module)?;
    let foretold = promise.answers?;
    let (status, summary) = match (foretold, handler::is_there(facts, handler)) {
        (true, Some(false)) => (Status::Fail, format!("{module} was to answer and does not")),
        (false, Some(true)) => (Status::Warn, format!("{module} answers, and was not to")),
        (_, None) => (
            Status::Unknown,
            format!("whether {module} is as promised is not known"),
        ),
        _ => return None,
    };
    Some(Finding::host(status, summary).evidence(promised(expected, &promise.why)))
}

fn drift_of_settings(
    facts: &Facts,
    expected: &Expectation,
    kernel: &ExpectedKernel,
) -> Vec<Finding> {
    let host = facts.namespaces.value().into_iter().flatten();
    let host = host.into_iter().find(|one| one.host == Some(true));
    let drift = |promise: &ExpectedSetting| match host {
        Some(host) => drift_of_setting(host, expected, promise),
        None => Some(no_host(promise)),
    };
    kernel.settings.iter().filter_map(drift).collect()
}

fn drift_of_setting(
    host: &Namespace,
    expected: &Expectation,
    promise: &ExpectedSetting,
) -> Option<Finding> {
    let ExpectedSetting { key, value, from } = promise;
    let now = values(&host.sysctls)
        .into_iter()
        .find(|(name, _)| name == key)
        .and_then(|(_, value)| value);
    if now == Some(*value) {
        return None;
    }
    let says = format!("{key} = {value}, {from}");
    let Some(now) = now else {
        let summary = format!("whether {key} is as promised is not known");
        let finding = Finding::host(Status::Unknown, summary);
        return Some(finding.evidence(promised(expected, &says)));
    };
    let summary = format!("{key} is {now}, and was to be {value}");
    let finding = Finding::host(Status::Warn, summary)
        .evidence(Evidence::sysctl(key, Some(&host.label()), now))
        .evidence(promised(expected, &says));
    Some(finding.remedy(Remedy::by_hand(format!(
        "find out who set it after boot, or set it in the image: {key} = {now}"
    ))))
}

fn no_host(promise: &ExpectedSetting) -> Finding {
    let gap = Gap::new("network namespace of the host", Why::Absent);
    let summary = format!("whether {} is as promised is not known", promise.key);
    Finding::unknown(Subject::Host, summary, &gap)
}

fn drift_of_ss(facts: &Facts, expected: &Expectation) -> Option<Finding> {
    let promise = expected.ss.as_ref()?;
    let installed = facts.ss.installed.value()?;
    let now = match installed {
        Some(ss) => ss.version.value()?.as_str(),
        None => "not installed",
    };
    (now != promise).then(|| {
        let summary = format!("ss is {now}, and was to be {promise}");
        Finding::host(Status::Warn, summary).evidence(promised(expected, promise))
    })
}

fn promised(expected: &Expectation, says: &str) -> Evidence {
    Evidence::command(format!("sockdoctor image {}", expected.image), says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Presence};
    use crate::fixture;
    use crate::path::broken::{self, edit, judge};
    use crate::path::promises::promises;

    /// The healthy machine, and what its image promised.
    fn booted() -> Facts {
        let mut facts = fixture::healthy();
        facts.expected = promises(&[&fixture::image()]);
        if let Fact::Known(namespaces) = &mut facts.namespaces {
            namespaces.truncate(1);
        }
        facts
    }

    fn one(facts: &Facts) -> Finding {
        let mut findings = judge(&CHECK, facts);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }

    #[test]
    fn a_machine_as_promised_passes() {
        assert_eq!(one(&booted()).status, Status::Pass);
    }

    #[test]
    fn a_handler_that_was_promised_and_does_not_answer_fails() {
        let mut facts = broken::without_tcp_diag();
        facts.expected = booted().expected;
        let finding = one(&facts);
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.summary, "tcp_diag was to answer and does not");
    }

    #[test]
    fn a_handler_that_answers_although_it_was_not_to_warns() {
        let mut image = fixture::image();
        edit(&mut image.modules, |modules| {
            for entry in &mut modules.entries {
                if entry.module == crate::facts::DiagModule::UnixDiag {
                    entry.presence = Fact::Known(Presence::NotShipped);
                }
            }
        });
        let mut facts = booted();
        facts.expected = promises(&[&image]);
        assert_eq!(one(&facts).status, Status::Warn);
    }

    #[test]
    fn a_setting_that_was_changed_after_boot_warns() {
        let mut facts = booted();
        edit(&mut facts.namespaces, |namespaces| {
            namespaces[0].sysctls.somaxconn = Fact::Known(128);
        });
        let finding = one(&facts);
        assert_eq!(finding.status, Status::Warn);
        let expected = "net.core.somaxconn is 128, and was to be 4096";
        assert_eq!(finding.summary, expected);
    }

    #[test]
    fn another_kernel_than_those_of_the_image_fails() {
        let mut facts = booted();
        facts.kernel.release = Fact::Known("6.12.1".to_owned());
        assert_eq!(one(&facts).status, Status::Fail);
    }
}
