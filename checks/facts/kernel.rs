//! The kernel and what it does about modules.

use super::{Fact, Gap};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The running kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// `uname -r`.
    pub release: Fact<String>,
    /// The options it was built with, as far as a check asks for them.
    pub config: Fact<KernelConfig>,
    /// kernel.modprobe: the helper that the kernel runs to load a module.
    pub modprobe: Fact<ModprobeHelper>,
    /// kernel.modules_disabled is 1.
    pub modules_disabled: Fact<bool>,
    /// The active mode of /sys/kernel/security/lockdown: `none`, `integrity`, `confidentiality`.
    pub lockdown: Fact<String>,
    /// /sys/module/module/parameters/sig_enforce is Y.
    pub signatures_enforced: Fact<bool>,
}

impl Kernel {
    /// A kernel of which nothing could be read, because of `gap`.
    pub fn missing(gap: &Gap) -> Self {
        Kernel {
            release: Fact::Missing(gap.clone()),
            config: Fact::Missing(gap.clone()),
            modprobe: Fact::Missing(gap.clone()),
            modules_disabled: Fact::Missing(gap.clone()),
            lockdown: Fact::Missing(gap.clone()),
            signatures_enforced: Fact::Missing(gap.clone()),
        }
    }

    /// Major and minor version, from the release.
    pub fn version(&self) -> Option<(u32, u32)> {
        version_of(self.release.value()?)
    }
}

/// Major and minor version of a kernel with this release.
pub fn version_of(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

/// The build configuration and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelConfig {
    /// The file: /proc/config.gz, /boot/config-RELEASE or /lib/modules/RELEASE/config.
    pub source: String,
    /// Option to value (`y`, `m`, a number). An option that is not set is not here.
    pub options: BTreeMap<String, String>,
}

impl KernelConfig {
    /// The program that the kernel was built to run in the place of every helper, whatever
    /// kernel.modprobe names: that becomes its `argv[0]`. Empty: none is ever run
    /// (call_usermodehelper_setup and call_usermodehelper_exec, kernel/umh.c, since Linux 4.11).
    pub fn static_helper(&self) -> Option<&str> {
        let is_set = self.get("CONFIG_STATIC_USERMODEHELPER") == Some("y");
        self.get("CONFIG_STATIC_USERMODEHELPER_PATH")
            .filter(|_| is_set)
    }

    /// The value of `CONFIG_…`, `None` when it is not set.
    pub fn get(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }
}

/// The program of kernel.modprobe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModprobeHelper {
    /// The value of /proc/sys/kernel/modprobe, without the newline.
    pub path: String,
    /// Whether the kernel could run it, as seen from the observer's file system.
    pub runnable: Runnable,
}

/// Whether a program can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runnable {
    /// A file with an executable bit.
    Yes,
    /// The sysctl is empty: the kernel does not even try (call_modprobe, kernel/module/kmod.c).
    Empty,
    /// No such file.
    Missing,
    /// There, but not executable.
    NotExecutable,
    /// The observer sees another file system than the kernel's helper would.
    OtherRoot,
}
