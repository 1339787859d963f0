//! Collects the facts: first what can be seen without asking, then what asking shows, then
//! what the asking changed.

use crate::netns::{Found, Selector};
use crate::probes::namespaces::Visit;
use crate::probes::{self, MayAsk};
use crate::runner::{self, Deadline, Pending};
use sockdoctor_checks::facts::{
    Boot, Collection, DiagModule, FACTS_VERSION, Fact, Facts, Gap, Kernel, Machine, Modules,
    Namespace, Owner, Presence, RoundTrips, Ss, Topic,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long one probe may take. The whole run has its own limit, `--timeout`.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// What to collect.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The facts that the selected checks need.
    pub topics: BTreeSet<Topic>,
    /// Which namespaces.
    pub namespaces: Vec<Selector>,
    /// Send nothing that could load a module.
    pub passive: bool,
    /// Take a second reading after this time.
    pub sample: Option<Duration>,
    /// For the whole run.
    pub timeout: Duration,
}
