//! What keeps a diag module from being loaded, in the order in which it must be mended.

use super::ground::Ground;
use super::{presence, refusal};
use crate::facts::{
    DiagModule, Fact, Facts, Gap, LogLine, ModprobeHelper, ModuleFacts, Presence, Rule, RuleKind,
    Runnable, Why,
};
use crate::finding::Evidence;

/// One thing that stops a module. It alone is enough to stop it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cause<'a> {
    /// kernel.modules_disabled is 1: init_module gives EPERM (may_init_module,
    /// kernel/module/main.c).
    Disabled,
    /// The kernel was built to run no helper.
    NoHelper {
        /// The configuration that says so.
        config: &'a str,
    },
    /// The kernel cannot run its helper.
    Helper(&'a ModprobeHelper),
    /// The module tree of this kernel is not there at all.
    NoTree {
        /// `uname -r`.
        release: &'a str,
    },
    /// The module is not where it would be loaded from.
    Module(&'a Presence),
    /// The kernel was given the file and did not take it, as its log says.
    Refused {
        /// The module file.
        file: &'a str,
        /// What the log says.
        line: &'a LogLine,
    },
    /// A line of modprobe.d or of the kernel command line.
    Rule(&'a Rule),
}

/// What a cause stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Only the kernel's own request; `modprobe NAME` still works.
    Autoload,
    /// Every way of loading it.
    Everything,
}

impl Cause<'_> {
    /// What stops `module`, as the second half of a sentence.
    pub(super) fn what(&self, module: DiagModule) -> String {
        match self {
            Cause::Disabled => {
                "kernel.modules_disabled is 1, so nothing can be loaded until the next boot"
                    .to_owned()
            }
            Cause::NoHelper { .. } => {
                "the kernel was built to run no helper, and so never runs modprobe".to_owned()
            }
            Cause::Helper(helper) => helper_words(helper),
            Cause::NoTree { release } => {
                format!("there are no modules of this kernel, /lib/modules/{release}")
            }
            Cause::Module(presence) => presence::words(presence, module),
            Cause::Refused { file, line } => {
                format!("the kernel refused {file}: `{}`", line.text)
            }
            Cause::Rule(rule) => rule_words(rule),
        }
    }

    /// Where that was seen.
    pub(super) fn evidence(&self, module: DiagModule) -> Evidence {
        match self {
            Cause::Disabled => Evidence::sysctl("kernel.modules_disabled", None, 1),
            Cause::NoHelper { config } => {
                Evidence::file(*config, None, "CONFIG_STATIC_USERMODEHELPER_PATH is empty")
            }
            Cause::Helper(helper) => {
                let value = match helper.path.as_str() {
                    "" => "(empty)",
                    path => path,
                };
                Evidence::sysctl("kernel.modprobe", None, value)
            }
            Cause::NoTree { release } => {
                Evidence::file(format!("/lib/modules/{release}"), None, "not there")
            }
            Cause::Module(presence) => presence::evidence(presence, module),
            Cause::Refused { line, .. } => refusal::evidence(line),
            Cause::Rule(rule) => match &rule.place {
                Some(place) => Evidence::at(place.clone(), rule_and_more(rule)),
                None => Evidence::command("modprobe --showconfig", rule_and_more(rule)),
            },
        }
    }

    /// What it stops.
    pub(super) fn reach(&self) -> Reach {
        match self {
            Cause::NoHelper { .. } | Cause::Helper(_) => Reach::Autoload,
            Cause::Rule(rule) => match rule.kind {
                // modprobe applies a blacklist only to aliases: KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY
                // in kmod's tools/modprobe.c.
                RuleKind::Blacklist | RuleKind::CommandLineBlacklist | RuleKind::Alias => {
                    Reach::Autoload
                }
                RuleKind::Install | RuleKind::KernelBlacklist => Reach::Everything,
            },
            Cause::Disabled | Cause::NoTree { .. } | Cause::Module(_) | Cause::Refused { .. } => {
                Reach::Everything
            }
        }
    }

    /// Whether it is a fact of the machine that no module escapes, and so module-autoload's.
    pub(super) fn stops_every_module(&self) -> bool {
        matches!(
            self,
            Cause::Disabled | Cause::NoHelper { .. } | Cause::Helper(_) | Cause::NoTree { .. }
        )
    }

    /// Whether it is a line about the alias alone, which does not matter to who names the module.
    pub(super) fn is_alias(&self) -> bool {
        matches!(self, Cause::Rule(rule) if rule.kind == RuleKind::Alias)
    }

    /// Whether it is certain from where the observer stands.
    fn is_certain(&self, ground: Ground) -> bool {
        let from_files = match self {
            Cause::Disabled | Cause::NoHelper { .. } => false,
            Cause::Helper(helper) => helper.runnable != Runnable::Empty,
            Cause::NoTree { .. } | Cause::Refused { .. } => true,
            Cause::Module(presence) => !presence.was_not_built(),
            Cause::Rule(rule) => !matches!(
                rule.kind,
                RuleKind::CommandLineBlacklist | RuleKind::KernelBlacklist
            ),
        };
        !from_files || ground.sees_module_files()
    }
}

/// Everything that certainly stops `module`, that which must be mended first in front.
pub(super) fn causes(facts: &Facts, module: DiagModule) -> Vec<Cause<'_>> {
    let ground = Ground::of(facts);
    let mut found = for_the_kernel(facts, module);
    found.extend(for_every_module(facts));
    if let Some(entry) = entry(facts, module) {
        found.extend(for_this_module(entry));
    }
    found.retain(|cause| cause.is_certain(ground));
    if !found.iter().any(|cause| cause.reach() == Reach::Everything) {
        found.extend(refused(facts, module));
    }
    found.sort_by_key(urgency);
    found.dedup();
    found
}

/// What is known of `module`.
pub(super) fn entry(facts: &Facts, module: DiagModule) -> Option<&ModuleFacts> {
    facts.modules.value()?.get(module)
}

/// What the log says of a file that is there and that nothing else is known to stop.
fn refused(facts: &Facts, module: DiagModule) -> Option<Cause<'_>> {
    let Presence::Shipped { file } = entry(facts, module)?.presence.value()? else {
        return None;
    };
    let line = *refusal::lines(facts, module).first()?;
    Some(Cause::Refused { file, line })
}

/// The readings that are missing from a search for causes.
pub(super) fn unread(facts: &Facts, module: DiagModule) -> Vec<&Gap> {
    let mut gaps: Vec<&Gap> = facts.modules.gaps().iter().collect();
    if let Some(entry) = entry(facts, module) {
        gaps.extend(entry.presence.gaps());
        gaps.extend(entry.rules.gaps());
    }
    gaps.extend(facts.kernel.modprobe.gaps());
    gaps.extend(facts.kernel.modules_disabled.gaps());
    let log = facts.kernel_log.gaps().iter();
    gaps.extend(log.filter(|gap| !gap.is_unasked()));
    gaps.sort();
    gaps.dedup();
    gaps
}

/// The files that root could read and the observer could not.
pub(super) fn only_root_reads(facts: &Facts, module: DiagModule) -> Option<String> {
    let gaps = unread(facts, module).into_iter();
    let files: Vec<&str> = gaps
        .filter(|gap| matches!(&gap.why, Why::Denied { needs } if needs == "root"))
        .map(|gap| gap.what.as_str())
        .collect();
    (!files.is_empty()).then(|| files.join(" and "))
}

/// What may stop a module without being proof: locked-down kernels refuse unsigned files.
pub(super) fn suspects(facts: &Facts) -> Vec<Evidence> {
    let mut suspects = Vec::new();
    if let Some(mode) = facts.kernel.lockdown.value().filter(|mode| *mode != "none") {
        suspects.push(Evidence::file(
            "/sys/kernel/security/lockdown",
            None,
            format!("{mode}: an unsigned module is refused"),
        ));
    }
    if facts.kernel.signatures_enforced.value() == Some(&true) {
        suspects.push(Evidence::file(
            "/sys/module/module/parameters/sig_enforce",
            None,
            "Y: an unsigned module is refused",
        ));
    }
    suspects
}

fn for_the_kernel(facts: &Facts, module: DiagModule) -> Vec<Cause<'_>> {
    let presence = entry(facts, module).and_then(|entry| entry.presence.value());
    presence
        .filter(|presence| presence.was_not_built())
        .map(Cause::Module)
        .into_iter()
        .collect()
}

/// What certainly keeps the kernel from loading any module at all.
pub(super) fn obstacles(facts: &Facts) -> Vec<Cause<'_>> {
    let ground = Ground::of(facts);
    let mut found = for_every_module(facts);
    found.retain(|cause| cause.is_certain(ground));
    found
}

fn loads_on_demand(facts: &Facts) -> bool {
    let loaded = facts.loaded_by_this_run();
    loaded.is_some_and(|loaded| !loaded.is_empty())
}

fn for_every_module(facts: &Facts) -> Vec<Cause<'_>> {
    let mut found = Vec::new();
    if facts.kernel.modules_disabled.value() == Some(&true) {
        found.push(Cause::Disabled);
    }
    // What this run loaded was loaded by the helper, from a tree.
    if loads_on_demand(facts) {
        return found;
    }
    // Known in full: where it is not known whose root this is, or what is in it, there may be a tree.
    if let (Fact::Known(modules), Some(release)) = (&facts.modules, facts.kernel.release.value())
        && modules.tree.is_none()
        && !modules
            .entries
            .iter()
            .any(|entry| entry.presence.value() == Some(&Presence::NoModuleSupport))
    {
        found.push(Cause::NoTree { release });
    }
    if let Some(config) = facts.kernel.config.value()
        && config.static_helper() == Some("")
    {
        let config = &config.source;
        found.push(Cause::NoHelper { config });
    } else if let Some(helper) = facts.kernel.modprobe.value()
        && !matches!(helper.runnable, Runnable::Yes | Runnable::OtherRoot)
    {
        found.push(Cause::Helper(helper));
    }
    found
}

fn for_this_module(entry: &ModuleFacts) -> Vec<Cause<'_>> {
    let presence = entry.presence.value().filter(|presence| {
        !matches!(
            presence,
            Presence::BuiltIn { .. } | Presence::Loaded { .. } | Presence::Shipped { .. }
        )
    });
    let rules = entry.rules.value().map_or(&[][..], Vec::as_slice);
    presence
        .map(Cause::Module)
        .into_iter()
        .chain(rules.iter().map(Cause::Rule))
        .collect()
}

/// What helps nothing until something else is mended comes later.
fn urgency(cause: &Cause<'_>) -> u8 {
    match cause {
        Cause::Module(presence) if presence.was_not_built() => 0,
        Cause::Disabled => 1,
        Cause::NoTree { .. } => 2,
        Cause::NoHelper { .. } | Cause::Helper(_) => 3,
        Cause::Rule(rule) if rule.kind == RuleKind::KernelBlacklist => 4,
        Cause::Module(_) | Cause::Refused { .. } => 5,
        Cause::Rule(rule) => match rule.kind {
            RuleKind::Install => 6,
            RuleKind::Alias => 7,
            _ => 8,
        },
    }
}

fn helper_words(helper: &ModprobeHelper) -> String {
    let path = &helper.path;
    match helper.runnable {
        Runnable::Empty => "kernel.modprobe is empty, so the kernel does not even try".to_owned(),
        Runnable::NotExecutable => {
            format!("kernel.modprobe names {path}, which is not executable")
        }
        Runnable::Missing => format!("kernel.modprobe names {path}, which is not there"),
        Runnable::Yes | Runnable::OtherRoot => format!("kernel.modprobe names {path}"),
    }
}

fn rule_words(rule: &Rule) -> String {
    match (&rule.place, rule.kind) {
        (_, RuleKind::CommandLineBlacklist | RuleKind::KernelBlacklist) => {
            format!("`{}` on the kernel command line", rule.text)
        }
        (Some(place), _) => format!("`{}` at {place}", rule.text),
        (None, _) => format!("`{}` in modprobe's configuration", rule.text),
    }
}

fn rule_and_more(rule: &Rule) -> String {
    match rule.unlisted {
        0 => rule.text.clone(),
        more => format!("{}, and {more} more lines of this kind", rule.text),
    }
}
