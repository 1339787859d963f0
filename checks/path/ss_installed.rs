//! The ss of an image, and what it does where a module is missing.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{SsInstalled, Topic};
use crate::finding::{Evidence, Finding, Status, Subject};

/// The ss of an image, and what it does where a module is missing.
pub static CHECK: Check = Check {
    id: "ss-installed",
    title: "The image has an ss that falls back where a module is missing",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("ss_installed.md"),
    needs: &[Topic::SsInstalled],
    masked_by: &[],
    judges: Judges::Images,
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![match view.facts.ss.installed.known() {
        Ok(Some(ss)) => judge_ss(ss),
        Ok(None) => Finding::host(
            Status::Skipped,
            "the image has no ss (its package is iproute2, or iproute)",
        ),
        Err(gap) => Finding::unknown(
            Subject::Host,
            "whether the image has an ss is not known",
            gap,
        ),
    }]
}

fn judge_ss(ss: &SsInstalled) -> Finding {
    let name = name(ss);
    let evidence = match ss.version.known() {
        Ok(version) => Evidence::file(&ss.path, None, version),
        Err(gap) => Evidence::gap(gap),
    };
    let (status, does) = match stops_at_refusal(ss) {
        Some(false) => (
            Status::Pass,
            "where a module is missing it reads /proc and says nothing",
        ),
        Some(true) => (
            Status::Warn,
            "it is older than 4.10, so where tcp_diag is missing it prints no sockets at all",
        ),
        None => (
            Status::Unknown,
            "what it does where a module is missing depends on a version that is not known",
        ),
    };
    Finding::host(status, format!("{name}: {does}")).evidence(evidence)
}

/// The program and its version.
pub(super) fn name(ss: &SsInstalled) -> String {
    match ss.version.value() {
        Some(version) => format!("{version} at {}", ss.path),
        None => ss.path.clone(),
    }
}

/// Whether it is older than 4.10, which stops where the kernel refuses instead of reading /proc
/// (iproute2 commit 9f66764e). Snapshots before 5.7 are named by date. `None`: not known.
pub(super) fn stops_at_refusal(ss: &SsInstalled) -> Option<bool> {
    let version = ss.version.value()?.strip_prefix("iproute2-")?;
    match version.strip_prefix("ss") {
        Some(date) => Some(date.parse::<u32>().ok()? < 170_221),
        // With a number since 5.7.
        None => version
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;

    fn stops(version: &str) -> Option<bool> {
        stops_at_refusal(&SsInstalled {
            path: "/bin/ss".to_owned(),
            version: Fact::Known(version.to_owned()),
        })
    }

    #[test]
    fn an_ss_before_4_10_stops() {
        assert_eq!(stops("iproute2-ss161212"), Some(true));
        assert_eq!(stops("iproute2-ss170221"), Some(false));
        assert_eq!(stops("iproute2-6.1.0"), Some(false));
        assert_eq!(stops("busybox"), None);
    }
}
