//! What the next boot would set.

use super::{Fact, Gap, Place};
use serde::{Deserialize, Serialize};

/// The winners of sysctl.d(5) and modules-load.d(5), in systemd's order of precedence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The settings that the checks ask for, as the next boot would leave them.
    pub sysctls: Fact<Vec<BootSysctl>>,
    /// The diag modules that the next boot would load by name.
    pub modules: Fact<Vec<BootModule>>,
}

impl Boot {
    /// A configuration of which nothing could be read, because of `gap`.
    pub fn missing(gap: &Gap) -> Self {
        Boot {
            sysctls: Fact::Missing(gap.clone()),
            modules: Fact::Missing(gap.clone()),
        }
    }
}

impl Boot {
    /// The line that sets `key` at the next boot, when one is known to.
    pub fn line(&self, key: &str) -> Option<&BootSysctl> {
        let sysctls = self.sysctls.value()?;
        sysctls.iter().find(|line| line.key == key)
    }
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
