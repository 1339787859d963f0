//! /proc/modules.

use crate::probes::read_trimmed;
use sockdoctor_checks::facts::{DiagModule, Gap};
use std::collections::BTreeSet;
use std::path::Path;

/// The modules that are loaded and live.
#[derive(Debug)]
pub(super) struct Loaded(BTreeSet<String>);

/// Reads /proc/modules. Kernels without CONFIG_MODULES have no such file.
///
/// # Errors
/// The gap, named after the file.
pub(super) fn read(proc: &Path) -> Result<Loaded, Gap> {
    let text = read_trimmed(proc.join("modules"))?;
    Ok(Loaded(
        text.lines().filter_map(live).map(str::to_owned).collect(),
    ))
}

/// The name of a line `name size references holders state address`, when it is live. A module
/// that is still loading does not answer yet.
fn live(line: &str) -> Option<&str> {
    let mut fields = line.split_ascii_whitespace();
    let name = fields.next()?;
    (fields.nth(3)? == "Live").then_some(name)
}

impl Loaded {
    /// What an image that does not run has loaded.
    pub(super) const fn nothing() -> Self {
        Loaded(BTreeSet::new())
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    pub(super) fn diag_modules(&self) -> Vec<DiagModule> {
        let here = |module: &DiagModule| self.contains(module.name());
        DiagModule::ALL.into_iter().filter(here).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::Why;

    #[test]
    fn only_live_modules_count() {
        let proc = tempfile::tempdir().expect("a directory");
        let text = "tcp_diag 16384 0 - Live 0x0000000000000000\n\
                    inet_diag 24576 1 tcp_diag, Live 0x0000000000000000 (OE)\n\
                    udp_diag 16384 0 - Loading 0x0000000000000000\nodd\n";
        std::fs::write(proc.path().join("modules"), text).expect("a file");
        let loaded = read(proc.path()).expect("modules").diag_modules();
        assert_eq!(loaded, [DiagModule::InetDiag, DiagModule::TcpDiag]);
    }

    #[test]
    fn a_kernel_without_modules_has_no_such_file() {
        let proc = tempfile::tempdir().expect("a directory");
        let gap = read(proc.path()).expect_err("no file");
        assert_eq!(gap.why, Why::Absent);
    }
}
