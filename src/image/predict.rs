//! What a machine would be that boots an image: one set of facts for each kernel in it.

use super::at_boot::AtBoot;
use super::{packages, settings};
use crate::probes::kernel::{other_helper, wanted_options};
use crate::probes::{io_gap, modules};
use crate::root::Root;
use sockdoctor_checks::facts::{
    Boot, Collection, FACTS_VERSION, Fact, Facts, Gap, Image, InstalledKernel, Kernel,
    KernelConfig, Machine, ModprobeHelper, Modules, Namespace, NetnsId, Origin, Presence, Runnable,
    SeenImage, Ss, Why,
};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The facts with each kernel of the image `name`, or without one where it has none. Never
/// empty. Kernels that could not be looked for are a gap in what it says of its one "kernel".
pub fn predict(name: &str, root: &dyn Root) -> Vec<Facts> {
    let root = &AtBoot(root);
    let image = super::collect(root);
    let kernels = image.kernels.value().into_iter().flatten();
    let mut all: Vec<Facts> = kernels
        .map(|installed| with_kernel(name, root, &image, installed))
        .collect();
    if all.is_empty() || !image.kernels.gaps().is_empty() {
        all.push(without_kernel(name, &image));
    }
    let files: Vec<PathBuf> = all.iter().flat_map(blamed).collect();
    let packages = packages::owners(root, &files);
    for facts in &mut all {
        if let Origin::Image(seen) = &mut facts.origin {
            seen.packages = packages.clone();
        }
    }
    all
}

fn with_kernel(name: &str, root: &dyn Root, image: &Image, installed: &InstalledKernel) -> Facts {
    let kernel = kernel(root, &image.boot, installed);
    let modules = match &installed.tree {
        Some(tree) => modules::collect_image(root, &kernel, Path::new(tree)),
        // A tree that could not be looked for may be there.
        None => match image.kernels.gaps().first() {
            Some(gap) => Fact::Missing(gap.clone()),
            None => Fact::Known(modules::of_no_tree()),
        },
    };
    facts(name, image, kernel, modules, true)
}

/// An image without a kernel, or one whose kernels could not all be looked for.
fn without_kernel(name: &str, image: &Image) -> Facts {
    let gap = match image.kernels.gaps().first() {
        Some(gap) => gap.clone(),
        None => Gap::new("a kernel in the image", Why::Absent),
    };
    let modules = Fact::Missing(gap.clone());
    let has_kernel = !image.has_no_kernel();
    facts(name, image, Kernel::missing(&gap), modules, has_kernel)
}

fn facts(
    name: &str,
    image: &Image,
    kernel: Kernel,
    modules: Fact<Modules>,
    has_kernel: bool,
) -> Facts {
    let sysctls = settings::after_boot(&image.boot, &kernel);
    Facts {
        facts_version: FACTS_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        origin: Origin::Image(SeenImage {
            name: name.to_owned(),
            distribution: distribution(image),
            has_kernel,
            packages: unbooted("packages"),
        }),
        expected: None,
        collection: collection(),
        machine: Machine::missing(0, &unbooted_gap("the machine")),
        kernel,
        modules,
        loaded_before: unbooted("loaded modules"),
        loaded_after: unbooted("loaded modules"),
        round_trips: unbooted("round trip"),
        kernel_log: unbooted("kernel log"),
        ss: Ss {
            environment: unbooted("environment"),
            installed: image.ss.clone(),
            ..Ss::missing(&unbooted_gap("a run of ss"))
        },
        boot: image.boot.clone(),
        namespaces: Fact::Known(vec![first_namespace(sysctls)]),
        owners: unbooted("owners"),
    }
}

fn collection() -> Collection {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Collection {
        started_unix_seconds: now.map_or(0, |since| since.as_secs()),
        duration_micros: 0,
        passive: true,
        sample_ms: None,
    }
}

/// The network namespace that every process starts in.
fn first_namespace(sysctls: sockdoctor_checks::facts::NetSysctls) -> Namespace {
    Namespace {
        id: NetnsId {
            device: 0,
            inode: 0,
        },
        names: Vec::new(),
        own: true,
        host: Some(true),
        sysctls,
        counters: unbooted("counters"),
        listeners: unbooted("listeners"),
        unix_listeners: unbooted("unix listeners"),
        syn_recv: unbooted("SYN_RECV sockets"),
        unix_streams: unbooted("unix streams"),
        sample: None,
    }
}

fn distribution(image: &Image) -> Fact<String> {
    match image.distribution.clone() {
        Fact::Known(Some(found))
        | Fact::Partial {
            value: Some(found), ..
        } => Fact::Known(found.pretty_name.unwrap_or(found.id)),
        Fact::Missing(gap) => Fact::Missing(gap),
        _ => Fact::Missing(Gap::new("os-release", Why::Absent)),
    }
}

fn kernel(root: &dyn Root, boot: &Boot, installed: &InstalledKernel) -> Kernel {
    let config = config(root, installed);
    Kernel {
        release: Fact::Known(installed.release.clone()),
        signatures_enforced: signatures_enforced(&config),
        modprobe: modprobe(root, boot, config.as_ref().ok()).into(),
        config: config.into(),
        modules_disabled: settings::modules_disabled(boot).into(),
        lockdown: unbooted("lockdown"),
    }
}

/// A kernel that was built to enforce them does so whatever its command line says (sig_enforce,
/// kernel/module/signing.c).
fn signatures_enforced(config: &Result<KernelConfig, Gap>) -> Fact<bool> {
    let forces = |config: &KernelConfig| config.get("CONFIG_MODULE_SIG_FORCE") == Some("y");
    match config.as_ref().is_ok_and(forces) {
        true => Fact::Known(true),
        false => unbooted("sig_enforce"),
    }
}

fn config(root: &dyn Root, installed: &InstalledKernel) -> Result<KernelConfig, Gap> {
    let Some(source) = &installed.config else {
        let what = format!("configuration of Linux {}", installed.release);
        return Err(Gap::new(what, Why::Absent));
    };
    let bytes = root
        .read(Path::new(source))
        .map_err(|error| io_gap(source, &error))?;
    Ok(KernelConfig {
        source: source.clone(),
        options: wanted_options(&bytes),
    })
}

fn modprobe(
    root: &dyn Root,
    boot: &Boot,
    config: Option<&KernelConfig>,
) -> Result<ModprobeHelper, Gap> {
    let path = settings::modprobe(boot)?.to_owned();
    if let Some(gap) = other_helper(config).filter(|_| !path.is_empty()) {
        return Err(gap);
    }
    let runnable = match root.is_executable(Path::new(&path)) {
        _ if path.is_empty() => Runnable::Empty,
        Ok(true) if is_modprobe(root, &path) => Runnable::Yes,
        Ok(true) => {
            let why = format!("it names {path}, and only running that would tell what it does");
            return Err(Gap::new("kernel.modprobe", Why::Unsupported(why)));
        }
        Ok(false) => Runnable::NotExecutable,
        Err(error) if error.kind() == ErrorKind::NotFound => Runnable::Missing,
        Err(error) => return Err(io_gap(path, &error)),
    };
    Ok(ModprobeHelper { path, runnable })
}

/// Whether a path leads to the modprobe of the image, under a name by which it knows what it is:
/// that of kmod goes by the name that it is called by.
fn is_modprobe(root: &dyn Root, path: &str) -> bool {
    let real = |path: &str| root.real_path(Path::new(path)).ok();
    path.ends_with("/modprobe") && real(path) == real(settings::MODPROBE)
}

/// The files that a report may blame: whose they are is worth knowing.
fn blamed(facts: &Facts) -> Vec<PathBuf> {
    let entries = facts.modules.value().into_iter();
    let entries = entries.flat_map(|modules| &modules.entries);
    let rules = entries.clone().flat_map(|entry| entry.rules.value());
    let rules = rules.flatten().filter_map(|rule| rule.place.as_ref());
    let files = entries.filter_map(|entry| match entry.presence.value()? {
        Presence::Shipped { file }
        | Presence::NotIndexed { file, .. }
        | Presence::Unloadable { file, .. } => Some(file),
        _ => None,
    });
    let lines = facts.boot.sysctls.value().into_iter().flatten();
    let places = rules.chain(lines.map(|line| &line.place));
    let installed = facts.ss.installed.value().and_then(Option::as_ref);
    let mut blamed: Vec<PathBuf> = places
        .map(|place| &place.path)
        .chain(files)
        .chain(installed.map(|ss| &ss.path))
        .map(PathBuf::from)
        .collect();
    blamed.sort();
    blamed.dedup();
    blamed
}

fn unbooted<T>(what: &str) -> Fact<T> {
    Fact::Missing(unbooted_gap(what))
}

fn unbooted_gap(what: &str) -> Gap {
    Gap::not_collected(what, "an image does not run")
}
