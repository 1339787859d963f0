//! Where, when and as whom was looked.

use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::facts::{self, DiagModule, Fact, Facts, UserNamespace};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

/// Where, when and as whom was looked. What could not be read is null and stands in `gaps`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Environment<'a> {
    /// `uname -n`.
    hostname: Option<&'a str>,
    /// `uname -r`.
    kernel: Option<&'a str>,
    /// Seconds since boot.
    uptime_seconds: Option<u64>,
    /// Effective user id.
    uid: u32,
    /// Effective capabilities, named as in capabilities(7).
    capabilities: Option<&'a [String]>,
    /// What stands between the program and the kernel of the host.
    sandbox: Option<Sandbox<'a>>,
    /// `initial` or `nested`.
    user_namespace: Option<&'static str>,
    /// The hidepid option of /proc.
    hidepid: Option<&'a str>,
    /// Nothing was sent that could load a module.
    passive: bool,
    /// Time between two readings, where a second was asked for, in milliseconds.
    sample_ms: Option<u64>,
    /// When the facts were gathered, RFC 3339.
    observed_at: String,
    /// The version of the program that gathered them.
    observed_by: &'a str,
    /// How long that took, in microseconds.
    duration_micros: u64,
    /// The modules that the kernel loaded because this program asked for them.
    modules_loaded_by_run: Option<Vec<&'static str>>,
    /// What could not be read about the machine, its kernel and its namespaces.
    gaps: Vec<Gap<'a>>,
}

/// What stands between the program and the kernel of the host.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Sandbox<'a> {
    /// Nothing that could be found.
    None,
    /// A container.
    Container {
        /// Which run time.
        runtime: &'a str,
        /// What gave it away.
        evidence: &'a str,
    },
    /// gVisor.
    Gvisor {
        /// What gave it away.
        evidence: &'a str,
    },
    /// Windows Subsystem for Linux.
    Wsl {
        /// 1 or 2.
        version: u8,
        /// What gave it away.
        evidence: &'a str,
    },
}

/// Something that could not be read.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Gap<'a> {
    /// What.
    what: &'a str,
    /// Why not.
    why: String,
}

impl<'a> Environment<'a> {
    pub(in crate::report) fn of(facts: &'a Facts) -> Self {
        let machine = &facts.machine;
        let text = |fact: &'a Fact<String>| fact.value().map(String::as_str);
        Environment {
            hostname: text(&machine.hostname),
            kernel: text(&facts.kernel.release),
            uptime_seconds: machine.uptime_seconds.value().copied(),
            uid: machine.effective_uid,
            capabilities: machine.capabilities.value().map(Vec::as_slice),
            sandbox: machine.sandbox.value().map(Sandbox::of),
            user_namespace: machine.user_namespace.value().map(|which| match which {
                UserNamespace::Initial => "initial",
                UserNamespace::Nested => "nested",
            }),
            hidepid: text(&machine.hidepid),
            passive: facts.collection.passive,
            sample_ms: facts.collection.sample_ms,
            observed_at: observed_at(facts),
            observed_by: &facts.tool_version,
            duration_micros: facts.collection.duration_micros,
            modules_loaded_by_run: facts
                .loaded_by_this_run()
                .map(|modules| modules.into_iter().map(DiagModule::name).collect()),
            gaps: gaps(facts).into_iter().map(Gap::of).collect(),
        }
    }
}

/// When the facts were gathered. A file can hold any number: one beyond the calendar is shown
/// as its last day.
pub(in crate::report) fn observed_at(facts: &Facts) -> String {
    const LAST: u64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    let seconds = facts.collection.started_unix_seconds.min(LAST);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// Each once.
fn gaps(facts: &Facts) -> Vec<&facts::Gap> {
    let machine = &facts.machine;
    let kernel = &facts.kernel;
    let all = [
        machine.hostname.gaps(),
        machine.uptime_seconds.gaps(),
        machine.capabilities.gaps(),
        machine.sandbox.gaps(),
        machine.user_namespace.gaps(),
        machine.hidepid.gaps(),
        kernel.release.gaps(),
        kernel.config.gaps(),
        kernel.modprobe.gaps(),
        kernel.modules_disabled.gaps(),
        kernel.lockdown.gaps(),
        kernel.signatures_enforced.gaps(),
        facts.modules.gaps(),
        facts.loaded_after.gaps(),
        facts.round_trips.gaps(),
        facts.namespaces.gaps(),
        facts.owners.gaps(),
    ];
    let mut told = BTreeSet::new();
    all.into_iter()
        .flatten()
        .filter(|gap| told.insert(*gap))
        .collect()
}

impl<'a> Sandbox<'a> {
    fn of(sandbox: &'a facts::Sandbox) -> Self {
        match sandbox {
            facts::Sandbox::None => Sandbox::None,
            facts::Sandbox::Container { runtime, evidence } => {
                Sandbox::Container { runtime, evidence }
            }
            facts::Sandbox::Gvisor { evidence } => Sandbox::Gvisor { evidence },
            facts::Sandbox::Wsl { version, evidence } => Sandbox::Wsl {
                version: *version,
                evidence,
            },
        }
    }
}

impl<'a> Gap<'a> {
    pub(in crate::report) fn of(gap: &'a facts::Gap) -> Self {
        Gap {
            what: &gap.what,
            why: gap.why.to_string(),
        }
    }
}
