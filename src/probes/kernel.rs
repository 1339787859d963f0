//! The running kernel: release, configuration, and what it does about modules.

use super::host_root::{self, Root};
use super::{architecture, io_gap, read_trimmed};
use crate::gap::unselected;
use crate::root::has_execute;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{
    DiagModule, Fact, Gap, Kernel, KernelConfig, ModprobeHelper, Runnable, Why,
};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The options that checks ask for, besides [`DiagModule::config_option`] and those of
/// [`architecture`].
const OPTIONS: [&str; 7] = [
    "CONFIG_INET",
    "CONFIG_MODULES",
    "CONFIG_MODULE_SIG_FORCE",
    "CONFIG_STATIC_USERMODEHELPER",
    "CONFIG_STATIC_USERMODEHELPER_PATH",
    "CONFIG_SYN_COOKIES",
    "CONFIG_UNIX",
];

/// Observes the kernel. Its configuration only where it is wanted: inflating it is a third of
/// what a run of few checks takes.
pub(crate) fn collect(wants_config: bool) -> Kernel {
    let root = Path::new("/");
    let release = release();
    let config = if wants_config {
        config(root, &release)
    } else {
        Fact::Missing(unselected("configuration of the kernel"))
    };
    collect_under(root, release, config)
}

/// `uname -r`.
pub(crate) fn release() -> String {
    text(rustix::system::uname().release().to_bytes())
}

fn collect_under(root: &Path, release: String, config: Fact<KernelConfig>) -> Kernel {
    Kernel {
        modprobe: modprobe(root, config.value()),
        config,
        release: Fact::Known(release),
        modules_disabled: flag(&root.join("proc/sys/kernel/modules_disabled")).into(),
        lockdown: lockdown(&root.join("sys/kernel/security/lockdown")).into(),
        signatures_enforced: flag(&root.join("sys/module/module/parameters/sig_enforce")).into(),
    }
}

/// The first configuration that is there. The kernel's own copy cannot belong to another kernel,
/// so it comes first; the others are named after the release.
fn config(root: &Path, release: &str) -> Fact<KernelConfig> {
    let mut gaps = Vec::new();
    for source in config_sources(root, release) {
        match read_config(&source) {
            Ok(config) => return Fact::with_gaps(config, gaps),
            Err(gap) if gap.why == Why::Absent => {}
            Err(gap) => gaps.push(gap),
        }
    }
    let nowhere = "configuration of the kernel in /proc/config.gz, /boot and /lib/modules";
    Fact::Missing(gaps.pop().unwrap_or(Gap::new(nowhere, Why::Absent)))
}

fn config_sources(root: &Path, release: &str) -> [PathBuf; 4] {
    [
        root.join("proc/config.gz"),
        root.join(format!("boot/config-{release}")),
        root.join(format!("lib/modules/{release}/config")),
        root.join(format!("usr/lib/modules/{release}/config")),
    ]
}

fn read_config(source: &Path) -> Result<KernelConfig, Gap> {
    let gap = |error| io_gap(shown(source), &error);
    let mut bytes = std::fs::read(source).map_err(gap)?;
    if source
        .extension()
        .is_some_and(|extension| extension == "gz")
    {
        let compressed = std::mem::take(&mut bytes);
        let mut inflated = flate2::read::GzDecoder::new(compressed.as_slice());
        inflated.read_to_end(&mut bytes).map_err(gap)?;
    }
    Ok(KernelConfig {
        source: shown(source),
        options: wanted_options(&bytes),
    })
}

pub(crate) fn wanted_options(config: &[u8]) -> BTreeMap<String, String> {
    let diag = DiagModule::ALL.map(DiagModule::config_option);
    let option = |line: &[u8]| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once('=')?;
        let wanted =
            OPTIONS.contains(&name) || architecture::is_option(name) || diag.contains(&name);
        wanted.then(|| (name.to_owned(), value.trim_matches('"').to_owned()))
    };
    config
        .split(|&byte| byte == b'\n')
        .filter(|line| line.starts_with(b"CONFIG_"))
        .filter_map(option)
        .collect()
}

/// The helper, and whether it can be run. `Partial` when the observer's root could not be held
/// against that of process 1: then `runnable` is what the observer sees.
fn modprobe(root: &Path, config: Option<&KernelConfig>) -> Fact<ModprobeHelper> {
    let path = match read_trimmed(root.join("proc/sys/kernel/modprobe")) {
        Ok(path) => path,
        Err(gap) => return Fact::Missing(gap),
    };
    if path.is_empty() {
        let runnable = Runnable::Empty;
        return Fact::Known(ModprobeHelper { path, runnable });
    }
    if let Some(gap) = other_helper(config) {
        return Fact::Missing(gap);
    }
    let (other, gaps) = match host_root::compare(&root.join("proc"), &[&path]) {
        Root::Host => (false, Vec::new()),
        Root::Other => (true, Vec::new()),
        Root::Unknown(gap) => (false, vec![gap]),
    };
    let runnable = if other {
        Ok(Runnable::OtherRoot)
    } else {
        runnable(root, &path)
    };
    match runnable {
        Ok(runnable) => Fact::with_gaps(ModprobeHelper { path, runnable }, gaps),
        Err(gap) => Fact::Missing(gap),
    }
}

/// Why kernel.modprobe says nothing: the kernel was built to run another program.
pub(crate) fn other_helper(config: Option<&KernelConfig>) -> Option<Gap> {
    let program = config?.static_helper().filter(|path| !path.is_empty())?;
    let why = format!(
        "the kernel was built to run {program} in its place, and only running that would tell \
         what it does"
    );
    Some(Gap::new("kernel.modprobe", Why::Unsupported(why)))
}

fn runnable(root: &Path, program: &str) -> Result<Runnable, Gap> {
    let file = root.join(program.trim_start_matches('/'));
    match std::fs::metadata(&file) {
        Ok(file) if file.is_file() && has_execute(file.permissions().mode()) => Ok(Runnable::Yes),
        Ok(_) => Ok(Runnable::NotExecutable),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Runnable::Missing),
        Err(error) => Err(io_gap(shown(&file), &error)),
    }
}

/// 1 and Y are yes, 0 and N are no.
fn flag(path: &Path) -> Result<bool, Gap> {
    match read_trimmed(path)?.as_str() {
        "1" | "Y" => Ok(true),
        "0" | "N" => Ok(false),
        other => Err(Gap::malformed(shown(path), other)),
    }
}

/// The mode in brackets: `none [integrity] confidentiality`.
fn lockdown(path: &Path) -> Result<String, Gap> {
    let modes = read_trimmed(path)?;
    let active = modes
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    match active {
        Some((mode, _)) => Ok(mode.to_owned()),
        None => Err(Gap::malformed(shown(path), modes)),
    }
}

#[cfg(test)]
mod tests;
