//! The machine, and the place of this program in it.

use super::{Fact, Gap};
use serde::{Deserialize, Serialize};

/// Who looked, and from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// `uname -n`.
    pub hostname: Fact<String>,
    /// Seconds since boot, /proc/uptime.
    pub uptime_seconds: Fact<u64>,
    /// Effective user id of the observer.
    pub effective_uid: u32,
    /// Effective capabilities of the observer, named as in capabilities(7).
    pub capabilities: Fact<Vec<String>>,
    /// Whether the observer stands in a container, gVisor or WSL.
    pub sandbox: Fact<Sandbox>,
    /// Whether the observer stands in the initial user namespace.
    pub user_namespace: Fact<UserNamespace>,
    /// The `hidepid=` option of /proc, "0" when it is not set.
    pub hidepid: Fact<String>,
}

impl Machine {
    /// A machine of which nothing could be read, because of `gap`.
    pub fn missing(effective_uid: u32, gap: &Gap) -> Self {
        Machine {
            hostname: Fact::Missing(gap.clone()),
            uptime_seconds: Fact::Missing(gap.clone()),
            effective_uid,
            capabilities: Fact::Missing(gap.clone()),
            sandbox: Fact::Missing(gap.clone()),
            user_namespace: Fact::Missing(gap.clone()),
            hidepid: Fact::Missing(gap.clone()),
        }
    }
}

/// What stands between the observer and the kernel of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Sandbox {
    /// Nothing that could be found.
    None,
    /// A container: it shares the kernel, and so the modules, of its host.
    Container {
        /// `docker`, `podman`, `lxc`, `systemd-nspawn`, … or `unknown`.
        runtime: String,
        /// What gave it away.
        evidence: String,
    },
    /// gVisor: its own network stack, without sock_diag.
    Gvisor {
        /// What gave it away.
        evidence: String,
    },
    /// Windows Subsystem for Linux, version 1 (no Linux kernel) or 2 (one).
    Wsl {
        /// 1 or 2.
        version: u8,
        /// What gave it away.
        evidence: String,
    },
}

/// Which user namespace the observer stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserNamespace {
    /// The one that the kernel booted with.
    Initial,
    /// Any other.
    Nested,
}
