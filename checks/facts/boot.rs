//! What the next boot would set.

use super::{Fact, Gap, Place};
use serde::{Deserialize, Serialize};

/// The winners of sysctl.d(5) and modules-load.d(5), in systemd's order of precedence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The settings that the checks ask for, as the next boot would leave them.
    pub sysctls: Fact<Vec<BootSysctl>>,
    /// Lines that may set one of them, and nobody here can tell whether they do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<BootDoubt>,
    /// The diag modules that the next boot would load by name.
    pub modules: Fact<Vec<BootModule>>,
}

impl Boot {
    /// A configuration of which nothing could be read, because of `gap`.
    pub fn missing(gap: &Gap) -> Self {
        Boot {
            sysctls: Fact::Missing(gap.clone()),
            doubts: Vec::new(),
            modules: Fact::Missing(gap.clone()),
        }
    }

    /// The line that sets `key` at the next boot, when one is known to.
    pub fn line(&self, key: &str) -> Option<&BootSysctl> {
        let sysctls = self.sysctls.value()?;
        sysctls.iter().find(|line| line.key == key)
    }

    /// The lines that may set `key`.
    pub fn doubts(&self, key: &str) -> impl Iterator<Item = &BootDoubt> {
        self.doubts
            .iter()
            .filter(move |doubt| doubt.line.key == key)
    }
}

/// A line that may set a sysctl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootDoubt {
    /// The line.
    #[serde(flatten)]
    pub line: BootSysctl,
    /// Why it is not known whether it does.
    pub because: Doubt,
}

/// Why it is not known whether a line sets anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Doubt {
    /// Neither systemd-sysctl is there nor anything else that is known to read the file.
    NobodyApplies,
    /// Another program than systemd-sysctl reads the file, and has an order of its own.
    AppliedBy {
        /// Its path.
        script: String,
    },
    /// /etc/sysctl.conf, which `sysctl --system` of procps reads and systemd-sysctl does not.
    OnlyProcpsReads,
    /// A kernel command line. It counts where it is booted and no file sets the key again
    /// (do_sysctl_args, fs/proc/proc_sysctl.c, since Linux 5.8).
    CommandLine,
}

/// A sysctl and the line that wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootSysctl {
    /// With dots: `net.core.somaxconn`.
    pub key: String,
    /// As written.
    pub value: String,
    /// The line.
    pub place: Place,
}

/// A module and the line that loads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootModule {
    /// As written, dashes turned to underscores.
    pub module: String,
    /// The line.
    pub place: Place,
}
