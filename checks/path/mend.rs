//! What to do about each cause. Steps of several causes add up, each step once.

use super::cause::{self, Cause, Reach};
use super::ground::Ground;
use crate::facts::{
    DiagModule, Facts, ModprobeHelper, Origin, Place, Presence, Rule, RuleKind, Runnable,
};
use crate::finding::{Remedy, Step};

/// The remedy for all of `causes`, fit for the place where it is read. Without a cause: what
/// shows more.
pub(super) fn remedy(facts: &Facts, module: DiagModule, causes: &[Cause<'_>]) -> Remedy {
    let ground = Ground::of(facts);
    let hidden = cause::only_root_reads(facts, module);
    ground.fit(match causes {
        [] if hidden.is_some() => {
            Remedy::by_hand("run sockdoctor again as root, to see the reason")
        }
        [] => Remedy::run(format!("modprobe {module}")).then_run("dmesg | grep diag"),
        [Cause::Module(presence), ..] if presence.was_not_built() => {
            let option = module.config_option();
            Remedy::by_hand(format!("run a kernel that was built with {option}"))
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
        add(&mut sum.now, vec![Step::Run(format!("modprobe {module}"))]);
    }
    if causes.iter().any(load_at_boot_helps) {
        add(&mut sum.keep, vec![load_at_boot(module)]);
    }
    sum
}

fn load_at_boot(module: DiagModule) -> Step {
    Step::Write(format!(
        "echo {module} >> /etc/modules-load.d/sock_diag.conf"
    ))
}

fn add(steps: &mut Vec<Step>, more: Vec<Step>) {
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
        Cause::Disabled | Cause::NoHelper { .. } | Cause::Helper(_) => true,
        Cause::Rule(rule) => matches!(rule.kind, RuleKind::Install | RuleKind::Alias),
        Cause::NoTree { .. } | Cause::Module(_) | Cause::Refused { .. } => false,
    }
}

fn steps(facts: &Facts, cause: &Cause<'_>) -> Remedy {
    let setting = match cause {
        Cause::Disabled => facts.boot.line("kernel.modules_disabled"),
        Cause::Helper(_) => facts.boot.line("kernel.modprobe"),
        _ => None,
    };
    // What the next boot sets again has to go, too; in an image that is all there is to do.
    let line = setting.map(|line| Step::Do(delete(&line.key, &line.place, 0)));
    let at_runtime = match facts.origin {
        Origin::Image(_) if line.is_some() => Remedy::default(),
        _ => of_cause(facts, cause),
    };
    both(
        at_runtime,
        Remedy {
            now: Vec::new(),
            keep: line.into_iter().collect(),
        },
    )
}

fn of_cause(facts: &Facts, cause: &Cause<'_>) -> Remedy {
    match cause {
        Cause::Disabled => Remedy::by_hand(
            "do what `keep` says, then reboot: kernel.modules_disabled cannot be set back to 0 while the kernel runs",
        ),
        // No setting changes that: what is loaded at boot need not be asked for.
        Cause::NoHelper { .. } => Remedy::default(),
        Cause::Helper(helper) => mend_helper(helper),
        Cause::NoTree { .. } => Remedy::by_hand(install_modules(facts))
            .then_do("or reboot into a kernel whose modules are installed"),
        Cause::Module(Presence::NotIndexed { .. }) => Remedy::write(depmod(facts)),
        Cause::Module(Presence::Unloadable { file, .. }) => Remedy::by_hand(reinstall(file)),
        Cause::Refused { file, .. } => Remedy::by_hand(reinstall(file)),
        Cause::Module(_) => Remedy::by_hand(install_modules(facts)),
        Cause::Rule(rule) => mend_rule(rule, cause.reach()),
    }
}

/// It asks the kernel that runs for its release, and that is not the one of an image.
fn depmod(facts: &Facts) -> String {
    match (&facts.origin, facts.kernel.release.value()) {
        (Origin::Image(_), Some(release)) => format!("depmod -a {release}"),
        _ => "depmod -a".to_owned(),
    }
}

fn mend_helper(helper: &ModprobeHelper) -> Remedy {
    let path = helper.path.as_str();
    let usual = ["/sbin/modprobe", "/usr/sbin/modprobe"].contains(&path);
    let reset = Remedy::run("sysctl -w kernel.modprobe=/sbin/modprobe");
    match helper.runnable {
        Runnable::NotExecutable if usual => Remedy::write(format!("chmod +x {path}")),
        Runnable::Missing if usual => Remedy::by_hand(format!("install kmod, which brings {path}")),
        Runnable::Empty => reset,
        // The kernel would run whatever lies there, as root. Nobody names such a path by chance.
        _ => reset.then_do(format!(
            "find out what set kernel.modprobe to {path}, and why"
        )),
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
            Reach::Everything => Remedy::by_hand(format!("{take_off} and reboot")),
            Reach::Autoload => Remedy::default().keep_do(take_off),
        };
    }
    let (mut now, mut keep) = (Vec::new(), Vec::new());
    match reach {
        Reach::Everything => now.extend(take_away_all(rule)),
        Reach::Autoload => keep.extend(take_away_all(rule)),
    }
    Remedy { now, keep }
}

/// What takes a rule away, and those that are not listed after it.
fn take_away_all(rule: &Rule) -> Vec<Step> {
    let mut steps = take_away(rule);
    if rule.unlisted > 0 {
        let more = rule.unlisted;
        steps.push(Step::Do(format!(
            "and so with {more} more lines of this kind in modprobe.d"
        )));
    }
    steps
}

/// What takes a rule of modprobe.d away, all of it where it goes over several lines.
fn take_away(rule: &Rule) -> Vec<Step> {
    let text = format!("`{}`", rule.text);
    let Some(place) = &rule.place else {
        let delete = format!("delete {text}, which modprobe --showconfig prints, from modprobe.d");
        return vec![Step::Do(delete)];
    };
    let Some((copy, own)) = of_the_distribution(place) else {
        return vec![Step::Do(delete(&text, place, rule.more_lines))];
    };
    vec![copy, Step::Do(delete(&text, &own, rule.more_lines))]
}

/// By what the line says: once one is deleted, those below it have other numbers.
fn delete(what: &str, place: &Place, more_lines: u32) -> String {
    let path = &place.path;
    let Some(first) = place.line else {
        return format!("delete {what} from {path}");
    };
    let lines = match more_lines {
        0 => format!("line {first}"),
        more => format!("lines {first} to {}", first.saturating_add(more)),
    };
    format!("delete {what} from {path} ({lines})")
}

/// A file that a package brings, and would bring again, is hidden by one of the same name in /etc
/// (modprobe.d(5)): the step that copies it there, and the same place in the copy. A copy that is
/// there already is another's work, and stays.
fn of_the_distribution(place: &Place) -> Option<(Step, Place)> {
    let (folder, name) = place.path.rsplit_once('/')?;
    let needs_no_quotes = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_theirs = ["/usr/lib/modprobe.d", "/lib/modprobe.d"].contains(&folder);
    if !is_theirs || !name.chars().all(needs_no_quotes) {
        return None;
    }
    let copy = Step::Write(format!("cp -n {} /etc/modprobe.d/", place.path));
    let path = format!("/etc/modprobe.d/{name}");
    let own = Place {
        path,
        ..place.clone()
    };
    Some((copy, own))
}
