//! What `ss` would do here.

use super::{Fact, Gap};
use serde::{Deserialize, Serialize};

/// The installed `ss`, its environment, and what it printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ss {
    /// Those of its environment variables that are set for the observer.
    pub environment: Fact<Vec<SsVariable>>,
    /// The program, `None` when none was found in PATH and the sbin directories.
    pub installed: Fact<Option<SsInstalled>>,
    /// What it printed for the TCP canary.
    pub tcp: Fact<SsRun>,
    /// What it printed for the unix canary.
    pub unix: Fact<SsRun>,
}

impl Ss {
    /// An ss of which nothing could be learned, because of `gap`.
    pub fn missing(gap: &Gap) -> Self {
        Ss {
            environment: Fact::Missing(gap.clone()),
            installed: Fact::Missing(gap.clone()),
            tcp: Fact::Missing(gap.clone()),
            unix: Fact::Missing(gap.clone()),
        }
    }
}

/// An environment variable that ss looks at. Presence alone counts, even when it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsInstalled {
    /// Where it was found.
    pub path: String,
    /// What `ss -V` printed, without the name: `iproute2-6.1.0`.
    pub version: Fact<String>,
}

/// One run of ss for one canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsRun {
    /// The command, as one would type it.
    pub command: String,
    /// The queues that are true, known because this program made the socket.
    pub truth: super::Queues,
    /// The rows that it printed. Empty: it printed nothing about the socket.
    pub rows: Vec<SsRow>,
    /// What it printed on stderr, cut to a few lines.
    pub stderr: String,
    /// Its exit code, `None` when a signal ended it.
    pub exit_code: Option<i32>,
}

/// A row of ss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsRow {
    /// The Recv-Q column.
    pub recv_q: u64,
    /// The Send-Q column.
    pub send_q: u64,
    /// The local address as printed.
    pub local: String,
}
