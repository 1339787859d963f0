//! The diag modules of the other tables.

use super::cause::{self, Cause};
use super::handler;
use super::{mend, telling};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{DiagModule, Facts, Gap, Presence, Topic};
use crate::finding::{Evidence, Finding, Status};
use crate::list::list;
use std::collections::BTreeSet;

/// The diag modules of the other tables.
pub static CHECK: Check = Check {
    id: "other-diag",
    title: "The diag modules of the other tables",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("other_diag.md"),
    needs: &[Topic::Modules],
    masked_by: &["sock-diag-round-trip", "module-autoload"],
    judges: Judges::MachinesAndKernels,
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
    let mut unclear = Vec::new();
    for (module, without) in WITHOUT {
        match standing(facts, module) {
            Standing::Usable => usable.push(module.name()),
            Standing::NotBuilt(presence) => {
                findings.push(not_built(view, module, without, presence));
            }
            Standing::Stopped(causes) => findings.push(stopped(view, module, without, &causes)),
            Standing::Unclear => unclear.push(module),
        }
    }
    if !unclear.is_empty() {
        findings.push(not_known(facts, &unclear));
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
    match presence {
        Presence::NoModuleSupport => return Standing::Unclear,
        Presence::NotConfigured { .. } => return Standing::NotBuilt(presence),
        _ => {}
    }
    let causes = cause::causes(facts, module);
    match presence {
        _ if !causes.is_empty() => Standing::Stopped(causes),
        Presence::Shipped { .. } if cause::unread(facts, module).is_empty() => Standing::Usable,
        _ => Standing::Unclear,
    }
}

fn not_built(view: &View<'_>, module: DiagModule, without: &str, presence: &Presence) -> Finding {
    let summary = format!("{module} was not built for this kernel, so {without}");
    lost(view, module, Status::Skipped, summary).evidence(Cause::Module(presence).evidence(module))
}

fn stopped(view: &View<'_>, module: DiagModule, without: &str, causes: &[Cause<'_>]) -> Finding {
    let what = causes[0].what(module);
    let summary = format!("{module} cannot be loaded ({what}), so {without}");
    lost(view, module, Status::Warn, summary)
        .evidences(causes.iter().map(|cause| cause.evidence(module)))
        .remedy(mend::remedy(view.facts, module, causes))
}

/// The finding of a module that is not to be had: as bad as `loss`, unless the policy requires it.
fn lost(view: &View<'_>, module: DiagModule, loss: Status, summary: String) -> Finding {
    if view.limits.required_modules.contains(&module) {
        telling::required_but(module, &summary)
    } else {
        Finding::host(loss, summary)
    }
}

fn not_known(facts: &Facts, modules: &[DiagModule]) -> Finding {
    let names: Vec<&str> = modules.iter().map(|module| module.name()).collect();
    let finding = Finding::host(
        Status::Unknown,
        format!("whether {} can be loaded is not known", list(&names)),
    );
    let gaps: BTreeSet<&Gap> = modules
        .iter()
        .flat_map(|module| cause::unread(facts, *module))
        .collect();
    if gaps.is_empty() {
        return finding.evidence(Evidence::file(
            "/lib/modules",
            None,
            "the module files of the host cannot be seen from inside this container",
        ));
    }
    finding.evidences(gaps.into_iter().map(Evidence::gap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::diagnose;
    use crate::facts::{Fact, LogLine, RuleKind, Runnable, Why};
    use crate::fixture;
    use crate::path::broken::{self, edit, judge};
    use crate::policy::Policy;

    const MPTCP: DiagModule = DiagModule::MptcpDiag;

    /// The healthy machine, where mptcp_diag is not loaded but as `presence` says.
    fn mptcp(presence: Presence) -> Facts {
        let mut facts = fixture::healthy();
        broken::set_presence(&mut facts, MPTCP, presence);
        edit(&mut facts.loaded_after, |after| {
            after.retain(|module| *module != MPTCP);
        });
        facts
    }

    fn worst(facts: &Facts) -> Finding {
        let findings = judge(&CHECK, facts);
        let worst = findings.into_iter().max_by_key(|finding| finding.status);
        worst.expect("a finding")
    }

    #[test]
    fn all_that_is_there_passes_in_one_line() {
        let findings = judge(&CHECK, &fixture::healthy());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].status, Status::Pass);
        assert_eq!(
            findings[0].summary,
            "there or loadable: raw_diag, mptcp_diag, netlink_diag and af_packet_diag"
        );
    }

    #[test]
    fn what_can_be_loaded_passes_too() {
        let worst = worst(&mptcp(broken::shipped(MPTCP)));
        assert_eq!(worst.status, Status::Pass);
    }

    /// Nobody asks for these modules, so a line that names none is about another.
    #[test]
    fn a_refusal_that_names_no_module_is_not_theirs() {
        let mut facts = mptcp(broken::shipped(MPTCP));
        facts.kernel_log = Fact::Known(vec![LogLine {
            micros_since_boot: 5_140_900,
            text: "Loading of unsigned module is rejected".to_owned(),
        }]);
        assert_eq!(worst(&facts).status, Status::Pass);
    }

    #[test]
    fn a_rule_warns_and_says_what_is_lost() {
        let mut facts = mptcp(broken::shipped(MPTCP));
        let text = "blacklist mptcp_diag";
        broken::add_rule(&mut facts, MPTCP, RuleKind::Blacklist, text);
        let worst = worst(&facts);
        assert_eq!(worst.status, Status::Warn);
        assert!(worst.summary.contains(text), "{}", worst.summary);
        assert!(worst.summary.contains("ss -M prints no MPTCP socket"));
    }

    #[test]
    fn what_stops_every_module_is_told_once() {
        let mut facts = mptcp(broken::shipped(MPTCP));
        broken::helper(&mut facts, "/nowhere", Runnable::Missing);
        let diagnosis = diagnose(&facts, &Policy::default(), |_| true);
        let result = |id| diagnosis.results.iter().find(|it| it.check.id == id);
        let stands = |id| result(id).map(|it| (it.status, it.masked_by));
        assert_eq!(stands("module-autoload"), Some((Status::Warn, None)));
        let folded = Some((Status::Warn, Some("module-autoload")));
        assert_eq!(stands(CHECK.id), folded);
    }

    #[test]
    fn what_was_not_built_does_not_apply() {
        let worst = worst(&mptcp(Presence::NotConfigured {
            evidence: "/proc/config.gz".to_owned(),
        }));
        assert_eq!(worst.status, Status::Skipped);
    }

    #[test]
    fn what_the_policy_requires_fails_where_it_is_not_to_be_had() {
        let mut blocked = mptcp(broken::shipped(MPTCP));
        let text = "blacklist mptcp_diag";
        broken::add_rule(&mut blocked, MPTCP, RuleKind::Blacklist, text);
        let not_built = mptcp(Presence::NotConfigured {
            evidence: "/proc/config.gz".to_owned(),
        });
        for facts in [blocked, not_built] {
            let findings = broken::judge_requiring(&CHECK, &facts, MPTCP);
            assert_eq!(findings[0].status, Status::Fail, "{findings:#?}");
            let other = broken::judge_requiring(&CHECK, &facts, DiagModule::RawDiag);
            assert!(other[0].status < Status::Fail, "{other:#?}");
        }
    }

    #[test]
    fn what_could_not_be_read_is_undecided() {
        let mut facts = mptcp(broken::shipped(MPTCP));
        broken::of_module(&mut facts, MPTCP, |entry| {
            let why = Why::Unsupported("not the modprobe of kmod".to_owned());
            entry.rules = Fact::Missing(Gap::new("/sbin/modprobe", why));
        });
        let worst = worst(&facts);
        assert_eq!(worst.status, Status::Unknown);
        assert!(worst.evidence[0].says.contains("of kmod"));
    }

    #[test]
    fn what_was_not_read_of_the_kernel_may_stop_it() {
        let mut facts = mptcp(broken::shipped(MPTCP));
        let needs = "root".to_owned();
        let gap = Gap::new("kernel.modules_disabled", Why::Denied { needs });
        facts.kernel.modules_disabled = Fact::Missing(gap);
        assert_eq!(worst(&facts).status, Status::Unknown);
    }

    #[test]
    fn a_kernel_without_modules_and_configuration_tells_nothing() {
        let facts = mptcp(Presence::NoModuleSupport);
        assert_eq!(worst(&facts).status, Status::Unknown);
    }

    #[test]
    fn a_container_cannot_see_what_its_host_ships() {
        let mut facts = mptcp(Presence::NotShipped);
        broken::in_container(&mut facts);
        assert_eq!(worst(&facts).status, Status::Unknown);
    }
}
