//! The diag modules of the other tables.

use super::cause::{self, Cause};
use super::handler;
use super::list::list;
use super::mend;
use crate::check::{Check, Group, Scope, View};
use crate::facts::{DiagModule, Facts, Presence, Topic};
use crate::finding::{Evidence, Finding, Status};

/// The diag modules of the other tables.
pub static CHECK: Check = Check {
    id: "other-diag",
    title: "The diag modules of the other tables",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("other_diag.md"),
    needs: &[Topic::Modules],
    masked_by: &["sock-diag-round-trip", "module-autoload"],
    judge,
};

/// The modules that no canary asks, and what ss does without them (misc/ss.c of iproute2).
const WITHOUT: [(DiagModule, &str); 4] = [
    (
        DiagModule::RawDiag,
        "ss -w reads /proc/net/raw, whose queues are right",
    ),
    (DiagModule::MptcpDiag, "ss -M prints no MPTCP socket at all"),
    (
        DiagModule::NetlinkDiag,
        "ss -f netlink reads /proc/net/netlink",
    ),
    (DiagModule::AfPacketDiag, "ss -0 reads /proc/net/packet"),
];

/// How such a module stands.
enum Standing<'a> {
    Usable,
    NotBuilt(&'a Presence),
    Stopped(Vec<Cause<'a>>),
    Unclear,
}

fn judge(view: &View<'_>) -> Vec<Finding> {
    let facts = view.facts;
    let mut findings = Vec::new();
    let mut usable = Vec::new();
    for (module, without) in WITHOUT {
        match standing(facts, module) {
            Standing::Usable => usable.push(module.name()),
            Standing::NotBuilt(presence) => {
                findings.push(not_built(module, without, presence));
            }
            Standing::Stopped(causes) => findings.push(stopped(facts, module, without, &causes)),
            Standing::Unclear => findings.push(unclear(facts, module)),
        }
    }
    if !usable.is_empty() {
        let summary = format!("there or loadable: {}", list(&usable));
        findings.push(Finding::host(Status::Pass, summary));
    }
    findings
}

fn standing(facts: &Facts, module: DiagModule) -> Standing<'_> {
    if handler::is_in_kernel(facts, module) == Some(true) {
        return Standing::Usable;
    }
    let Some(presence) = handler::presence(facts, module) else {
        return Standing::Unclear;
    };
    if matches!(
        presence,
        Presence::NotConfigured { .. } | Presence::NoModuleSupport
    ) {
        return Standing::NotBuilt(presence);
    }
    let causes = cause::causes(facts, module);
    let rules_are_read =
        cause::entry(facts, module).is_some_and(|entry| entry.rules.gaps().is_empty());
    match presence {
        _ if !causes.is_empty() => Standing::Stopped(causes),
        Presence::Shipped { .. } if rules_are_read => Standing::Usable,
        _ => Standing::Unclear,
    }
}

fn not_built(module: DiagModule, without: &str, presence: &Presence) -> Finding {
    Finding::host(
        Status::Skipped,
        format!("{module} was not built for this kernel, so {without}"),
    )
    .evidence(Cause::Module(presence).evidence(module))
}

fn stopped(facts: &Facts, module: DiagModule, without: &str, causes: &[Cause<'_>]) -> Finding {
    Finding::host(
        Status::Warn,
        format!(
            "{module} cannot be loaded ({}), so {without}",
            causes[0].what(module)
        ),
    )
    .evidences(causes.iter().map(|cause| cause.evidence(module)))
    .remedy(mend::remedy(facts, module, causes))
}

fn unclear(facts: &Facts, module: DiagModule) -> Finding {
    let gaps = cause::unread(facts, module);
    let finding = Finding::host(
        Status::Unknown,
        format!("whether {module} can be loaded is not known"),
    );
    if gaps.is_empty() {
        return finding.evidence(Evidence::file(
            "/lib/modules",
            None,
            "the module files of the host cannot be seen from inside this container",
        ));
    }
    finding.evidences(gaps.into_iter().map(Evidence::gap))
}
