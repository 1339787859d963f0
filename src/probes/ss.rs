//! The installed `ss`: its version, its environment, and what it really prints.

use crate::runner::Deadline;
use sockdoctor_checks::facts::{Fact, Gap, SsInstalled, SsRun, SsVariable};

/// Those of the environment variables that ss looks at which are set here.
pub fn environment() -> Vec<SsVariable> {
    Vec::new()
}

/// What running `ss` showed.
#[derive(Debug)]
pub struct Observed {
    /// The program.
    pub installed: Fact<Option<SsInstalled>>,
    /// What it printed for a TCP listener of ours.
    pub tcp: Fact<SsRun>,
    /// What it printed for a unix stream of ours.
    pub unix: Fact<SsRun>,
}

/// Finds `ss` and runs it for two sockets of our own. It can load modules, so `--passive` does
/// not call this.
pub fn collect(deadline: Deadline) -> Observed {
    let _ = deadline;
    let not_yet = || Gap::not_collected("ss", "not written");
    Observed {
        installed: Fact::Missing(not_yet()),
        tcp: Fact::Missing(not_yet()),
        unix: Fact::Missing(not_yet()),
    }
}
