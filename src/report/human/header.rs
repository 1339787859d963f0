//! Where was looked, and what stood in the way.

use super::words;
use crate::report::Report;
use crate::report::json::observed_at;
use crate::report::page::{Lead, Page};
use crate::report::style::Tone;
use sockdoctor_checks::facts::{Fact, Facts, Namespace, Sandbox, SeenImage, UserNamespace};
use sockdoctor_checks::list::{counted, list};
use std::time::Duration;

pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let facts = report.facts;
    let when = if report.recorded {
        format!("recorded {}", observed_at(facts))
    } else {
        words::duration(Duration::from_micros(facts.collection.duration_micros))
    };
    let name = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    let mut pieces = match facts.origin.image() {
        Some(image) => of_image(report, image),
        None => of_machine(facts),
    };
    pieces.push(when);
    let lead = page.lead(&[(name, Some(Tone::Strong)), (" · ", None)]);
    page.row(&lead, "  ", &pieces);
    let seen_from = facts.origin.is_machine().then(|| notes(facts));
    let notes: Vec<String> = policy(report)
        .into_iter()
        .chain(seen_from.into_iter().flatten())
        .collect();
    if !notes.is_empty() {
        page.row(&Lead::default(), "  ", &notes);
    }
}

fn of_machine(facts: &Facts) -> Vec<String> {
    let text = |fact: &Fact<String>| fact.value().cloned();
    let host = text(&facts.machine.hostname).unwrap_or_else(|| "host name unknown".to_owned());
    let kernel = text(&facts.kernel.release).map_or_else(
        || "kernel unknown".to_owned(),
        |release| format!("Linux {release}"),
    );
    let namespaces = namespaces(&facts.namespaces);
    [host, kernel].into_iter().chain(namespaces).collect()
}

fn of_image(report: &Report<'_>, image: &SeenImage) -> Vec<String> {
    let all = std::iter::once(report.facts).chain(report.others);
    let releases = all.filter_map(|facts| facts.kernel.release.value());
    let releases: Vec<&str> = releases.map(String::as_str).collect();
    let kernels = match releases.as_slice() {
        [] if image.has_kernel => "kernels unknown".to_owned(),
        [] => "no kernel".to_owned(),
        releases => format!("Linux {}", list(releases)),
    };
    let distribution = image.distribution.value().cloned();
    [format!("image {}", image.name)]
        .into_iter()
        .chain(distribution)
        .chain([kernels])
        .collect()
}

/// Which policy was applied, so that one that lay about by chance does not go unseen.
pub(super) fn policy(report: &Report<'_>) -> Option<String> {
    let applied = report.applied?;
    Some(format!("policy {}", applied.path))
}

fn namespaces(fact: &Fact<Vec<Namespace>>) -> Option<String> {
    let number = |namespaces: &[Namespace]| counted(namespaces.len(), "network namespace");
    match fact {
        Fact::Known(namespaces) => Some(number(namespaces)),
        Fact::Partial { value, .. } => Some(format!("{}, not all seen", number(value))),
        Fact::Missing(gap) if gap.is_unasked() => None,
        Fact::Missing(_) => Some("network namespaces unknown".to_owned()),
    }
}

/// What makes this place unlike a root shell on the host.
fn notes(facts: &Facts) -> Vec<String> {
    let machine = &facts.machine;
    let sandbox = machine.sandbox.value().and_then(sandbox);
    let nested = machine.user_namespace.value() == Some(&UserNamespace::Nested);
    let uid = machine.effective_uid;
    [
        sandbox,
        nested.then(|| "in a user namespace".to_owned()),
        (uid != 0).then(|| format!("as uid {uid}")),
        facts
            .collection
            .passive
            .then(|| "passive: nothing was asked that could load a module".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sandbox(sandbox: &Sandbox) -> Option<String> {
    match sandbox {
        Sandbox::None => None,
        Sandbox::Container { runtime, .. } if runtime == "unknown" => {
            Some("in a container".to_owned())
        }
        Sandbox::Container { runtime, .. } => Some(format!("in a {runtime} container")),
        Sandbox::Gvisor { .. } => Some("in gVisor".to_owned()),
        Sandbox::Wsl { version, .. } => Some(format!("in WSL {version}")),
    }
}
