//! What was observed: serde types, and how to find something in them.
//!
//! Probes fill these in, checks judge them, and a recorded file holds them for another day.

mod boot;
mod errno;
mod expectation;
mod fact;
mod image;
mod kernel;
mod kernel_log;
mod machine;
mod modules;
mod namespace;
mod origin;
mod owner;
mod place;
mod round_trip;
mod ss;

pub use boot::{Boot, BootDoubt, BootModule, BootSysctl, Doubt};
pub use errno::Errno;
pub use expectation::{Expectation, ExpectedHandler, ExpectedKernel, ExpectedSetting};
pub use fact::{Fact, Gap, Why};
pub use image::{Distribution, Image, InstalledKernel, OwnedFile, Package, PackageManager};
pub use kernel::{Kernel, KernelConfig, ModprobeHelper, Runnable, version_of};
pub use kernel_log::LogLine;
pub use machine::{Machine, Sandbox, UserNamespace};
pub use modules::{DiagModule, ModuleFacts, ModuleResolver, Modules, Presence, Rule, RuleKind};
pub use namespace::{
    Counters, Family, Namespace, NetSysctls, NetnsId, NetnsName, Sample, SocketSource, SynRecv,
    TcpListener, UnixListener, UnixStream,
};
pub use origin::{Origin, SeenImage};
pub use owner::Owner;
pub use place::Place;
pub use round_trip::{Answer, Canary, Opened, Queues, Refusal, RoundTrips, SOCKET_CALL};
pub use ss::{Ss, SsInstalled, SsRow, SsRun, SsVariable};

use enumset::{EnumSet, EnumSetType};
use serde::{Deserialize, Serialize};

/// The version of the recorded form. Raised when an older reader would misread a newer file.
pub const FACTS_VERSION: u32 = 1;

/// All that was observed on one machine in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// [`FACTS_VERSION`] of the program that wrote this.
    pub facts_version: u32,
    /// Version of the program that observed.
    pub tool_version: String,
    /// How it was observed.
    pub collection: Collection,
    /// What was looked at.
    #[serde(default, skip_serializing_if = "Origin::is_machine")]
    pub origin: Origin,
    /// What the image of this machine promised, when that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expectation>,
    /// The machine and the place of this program in it.
    pub machine: Machine,
    /// The kernel and what it does about modules.
    pub kernel: Kernel,
    /// The diag modules, before anything was asked.
    pub modules: Fact<Modules>,
    /// Which diag modules were loaded before anything was asked.
    pub loaded_before: Fact<Vec<DiagModule>>,
    /// Which diag modules were loaded after everything was asked.
    pub loaded_after: Fact<Vec<DiagModule>>,
    /// What sock_diag answered about sockets whose state was known.
    pub round_trips: Fact<RoundTrips>,
    /// What the kernel log says of modules since this run began.
    #[serde(default = "not_recorded")]
    pub kernel_log: Fact<Vec<LogLine>>,
    /// What `ss` would do here.
    pub ss: Ss,
    /// What the next boot would set.
    pub boot: Boot,
    /// The network namespaces. `Partial` when some are known to exist but could not be seen.
    pub namespaces: Fact<Vec<Namespace>>,
    /// Processes that hold the listeners worth naming.
    pub owners: Fact<Vec<Owner>>,
}

/// Recordings of before there was such a fact in them.
fn not_recorded<T>() -> Fact<T> {
    Fact::Missing(Gap::not_collected(
        "this fact",
        "an older version recorded this",
    ))
}

impl Facts {
    /// The modules that the asking itself loaded. `None` when that is not known.
    pub fn loaded_by_this_run(&self) -> Option<Vec<DiagModule>> {
        let before = self.loaded_before.value()?;
        let after = self.loaded_after.value()?.iter().copied();
        Some(after.filter(|module| !before.contains(module)).collect())
    }
}

/// How the facts were observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// When it began, in seconds since 1970.
    pub started_unix_seconds: u64,
    /// How long it took, in microseconds.
    pub duration_micros: u64,
    /// Nothing was sent that could load a module.
    pub passive: bool,
    /// The sample that was asked for, in milliseconds.
    pub sample_ms: Option<u64>,
}

/// The groups of facts that a check may need, so that `--only` collects no more than it judges.
#[derive(Debug, EnumSetType)]
pub enum Topic {
    /// [`Modules`], for which the configuration of the kernel is read too.
    Modules,
    /// [`KernelConfig`], on its own.
    KernelConfig,
    /// [`RoundTrips`].
    RoundTrips,
    /// The environment variables that `ss` reads.
    SsEnvironment,
    /// The installed `ss` and its version.
    SsInstalled,
    /// What `ss` prints for a TCP listener.
    SsTcp,
    /// What `ss` prints for a unix stream.
    SsUnix,
    /// [`Boot`].
    Boot,
    /// TCP listeners of every namespace.
    Listeners,
    /// Unix listeners of every namespace.
    UnixListeners,
    /// Unread bytes of connected unix streams of every namespace.
    UnixStreams,
    /// Sockets in SYN_RECV of every namespace: the kernel walks its whole table of connections
    /// for each.
    SynRecv,
    /// TcpExt counters of every namespace.
    Counters,
    /// net.core.somaxconn of every namespace.
    Somaxconn,
    /// The net.ipv4.tcp_* settings of every namespace.
    TcpSysctls,
}

/// Some topics.
pub type Topics = EnumSet<Topic>;
