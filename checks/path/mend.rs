//! What to do about each cause. Steps of several causes add up, each step once.

use super::cause::{self, Cause, Reach};
use super::ground::Ground;
use crate::facts::{DiagModule, Facts, ModprobeHelper, Presence, Rule, RuleKind, Runnable};
use crate::finding::Remedy;

/// The remedy for all of `causes`, fit for the place where it is read. Without a cause: what
/// shows more.
pub(super) fn remedy(facts: &Facts, module: DiagModule, causes: &[Cause<'_>]) -> Remedy {
    let ground = Ground::of(facts);
    let hidden = cause::only_root_reads(facts, module);
    ground.fit(match causes {
        [] if hidden.is_some() => Remedy::now("run sockdoctor again as root, to see the reason"),
        [] => Remedy::now(format!("modprobe {module}")).then("dmesg | grep diag"),
        [Cause::Module(presence), ..] if presence.was_not_built() => {
            let option = module.config_option();
            Remedy::now(format!("run a kernel that was built with {option}"))
        }
        causes => sum(facts, module, causes),
    })
}

/// What keeps a loaded module loadable. It is there, so nothing is to be done now.
pub(super) fn lasting(facts: &Facts, causes: &[Cause<'_>]) -> Remedy {
    let sum = causes
        .iter()
        .map(|cause| steps(facts, cause))
        .fold(Remedy::default(), both);
    let mut keep = sum.now;
    add(&mut keep, sum.keep);
    Ground::of(facts).fit(Remedy {
        now: Vec::new(),
        keep,
    })
}

/// What keeps `modules`, which are there now, coming back although nothing else can be loaded.
pub(super) fn preload(facts: &Facts, causes: &[Cause<'_>], modules: &[DiagModule]) -> Remedy {
    let now = causes.iter().filter(|cause| **cause != Cause::Disabled);
    let mut sum = now
        .map(|cause| steps(facts, cause))
        .fold(Remedy::default(), both);
    if causes.iter().any(load_at_boot_helps) {
        add(
            &mut sum.keep,
            modules.iter().copied().map(load_at_boot).collect(),
        );
    }
    Ground::of(facts).fit(sum)
}

/// The steps of `first`, then those of `second` that are not among them.
pub(super) fn both(mut first: Remedy, second: Remedy) -> Remedy {
    add(&mut first.now, second.now);
    add(&mut first.keep, second.keep);
    first
}

fn sum(facts: &Facts, module: DiagModule, causes: &[Cause<'_>]) -> Remedy {
    let mut sum = causes
        .iter()
        .map(|cause| steps(facts, cause))
        .fold(Remedy::default(), both);
    if !causes.iter().any(needs_a_reboot) {
        add(&mut sum.now, vec![format!("modprobe {module}")]);
    }
    if causes.iter().any(load_at_boot_helps) {
        add(&mut sum.keep, vec![load_at_boot(module)]);
    }
    sum
}

fn load_at_boot(module: DiagModule) -> String {
    format!("echo {module} >> /etc/modules-load.d/sock_diag.conf")
}

fn add(steps: &mut Vec<String>, more: Vec<String>) {
    for step in more {
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
}

fn needs_a_reboot(cause: &Cause<'_>) -> bool {
    match cause {
        Cause::Disabled => true,
        Cause::Rule(rule) => rule.kind == RuleKind::KernelBlacklist,
        _ => false,
    }
}

/// systemd-modules-load applies blacklists even to modules named outright
/// (KMOD_PROBE_APPLY_BLACKLIST, systemd's shared/module-util.c), so
/// for those only taking the rule away helps. It runs before systemd-sysctl can set
/// kernel.modules_disabled.
fn load_at_boot_helps(cause: &Cause<'_>) -> bool {
    match cause {
        Cause::Disabled | Cause::Helper(_) => true,
        Cause::Rule(rule) => matches!(rule.kind, RuleKind::Install | RuleKind::Alias),
        Cause::NoTree { .. } | Cause::Module(_) | Cause::Refused { .. } => false,
    }
}

fn steps(facts: &Facts, cause: &Cause<'_>) -> Remedy {
    match cause {
        Cause::Disabled => Remedy::now(
            "reboot: kernel.modules_disabled cannot be set back to 0 while the kernel runs",
        ),
        Cause::Helper(helper) => Remedy::now(mend_helper(helper)),
        Cause::NoTree { .. } => Remedy::now(install_modules(facts))
            .then("or reboot into a kernel whose modules are installed"),
        Cause::Module(Presence::NotIndexed { .. }) => Remedy::now("depmod -a"),
        Cause::Module(Presence::Unloadable { file, .. }) => Remedy::now(reinstall(file)),
        Cause::Refused { file, .. } => Remedy::now(reinstall(file)),
        Cause::Module(_) => Remedy::now(install_modules(facts)),
        Cause::Rule(rule) => mend_rule(rule, cause.reach()),
    }
}

fn mend_helper(helper: &ModprobeHelper) -> String {
    let path = helper.path.as_str();
    let usual = ["/sbin/modprobe", "/usr/sbin/modprobe"].contains(&path);
    match helper.runnable {
        Runnable::NotExecutable => format!("chmod +x {path}"),
        Runnable::Missing if usual => format!("install kmod, which brings {path}"),
        _ => "sysctl -w kernel.modprobe=/sbin/modprobe".to_owned(),
    }
}

fn install_modules(facts: &Facts) -> String {
    let release = facts
        .kernel
        .release
        .value()
        .map_or("$(uname -r)", String::as_str);
    format!(
        "install the package with all modules of this kernel: linux-modules-extra-{release} \
         (Ubuntu), linux-image-{release} (Debian), kernel-modules-{release} and \
         kernel-modules-extra-{release} (RHEL, Fedora)"
    )
}

/// The file is there and not as its package brought it, or its package is not this kernel's.
fn reinstall(file: &str) -> String {
    let path = std::path::Path::new(file);
    let name = path
        .file_name()
        .map_or(file.into(), std::ffi::OsStr::to_string_lossy);
    format!(
        "reinstall the package that {file} is from: `dpkg -S '*/{name}'` or `rpm -qf {file}` \
         names it; a module that was built here must be built and signed again for this kernel"
    )
}

fn mend_rule(rule: &Rule, reach: Reach) -> Remedy {
    if matches!(
        rule.kind,
        RuleKind::KernelBlacklist | RuleKind::CommandLineBlacklist
    ) {
        let take_off = format!("take `{}` off the kernel command line", rule.text);
        return match reach {
            Reach::Everything => Remedy::now(format!("{take_off} and reboot")),
            Reach::Autoload => Remedy::default().keep(take_off),
        };
    }
    let delete = delete_line(rule);
    match reach {
        Reach::Everything => Remedy::now(delete),
        Reach::Autoload => Remedy::default().keep(delete),
    }
}

fn delete_line(rule: &Rule) -> String {
    let Some(place) = &rule.place else {
        return format!(
            "delete `{}`, which modprobe --showconfig prints, from modprobe.d",
            rule.text
        );
    };
    match place.line {
        Some(line) => format!("delete line {line} of {}", place.path),
        None => format!("delete `{}` from {}", rule.text, place.path),
    }
}
