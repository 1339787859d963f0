//! The diag modules: which are there, and what keeps them from loading.

use super::{Errno, Fact, Place};
use serde::{Deserialize, Serialize};

/// A module that answers sock_diag for one protocol or family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiagModule {
    /// The family handler that the inet protocols hang from.
    InetDiag,
    /// TCP, for IPv4 and IPv6.
    TcpDiag,
    /// UDP and UDP-Lite.
    UdpDiag,
    /// Raw sockets.
    RawDiag,
    /// Multipath TCP.
    MptcpDiag,
    /// Unix sockets.
    UnixDiag,
    /// Netlink sockets.
    NetlinkDiag,
    /// Packet sockets.
    AfPacketDiag,
}

impl DiagModule {
    /// All of them, in the order in which reports show them.
    pub const ALL: [DiagModule; 8] = [
        DiagModule::InetDiag,
        DiagModule::TcpDiag,
        DiagModule::UdpDiag,
        DiagModule::RawDiag,
        DiagModule::MptcpDiag,
        DiagModule::UnixDiag,
        DiagModule::NetlinkDiag,
        DiagModule::AfPacketDiag,
    ];

    /// The module's name as /proc/modules has it.
    pub const fn name(self) -> &'static str {
        match self {
            DiagModule::InetDiag => "inet_diag",
            DiagModule::TcpDiag => "tcp_diag",
            DiagModule::UdpDiag => "udp_diag",
            DiagModule::RawDiag => "raw_diag",
            DiagModule::MptcpDiag => "mptcp_diag",
            DiagModule::UnixDiag => "unix_diag",
            DiagModule::NetlinkDiag => "netlink_diag",
            DiagModule::AfPacketDiag => "af_packet_diag",
        }
    }

    /// The alias that the kernel asks modprobe for (sock_load_diag_module, net/core/sock_diag.c,
    /// and inet_diag_lock_handler, net/ipv4/inet_diag.c, which always says AF_INET).
    pub const fn alias(self) -> &'static str {
        match self {
            DiagModule::InetDiag => "net-pf-16-proto-4-type-2",
            DiagModule::TcpDiag => "net-pf-16-proto-4-type-2-6",
            DiagModule::UdpDiag => "net-pf-16-proto-4-type-2-17",
            DiagModule::RawDiag => "net-pf-16-proto-4-type-2-255",
            DiagModule::MptcpDiag => "net-pf-16-proto-4-type-2-262",
            DiagModule::UnixDiag => "net-pf-16-proto-4-type-1",
            DiagModule::NetlinkDiag => "net-pf-16-proto-4-type-16",
            DiagModule::AfPacketDiag => "net-pf-16-proto-4-type-17",
        }
    }

    /// The option that builds it.
    pub const fn config_option(self) -> &'static str {
        match self {
            DiagModule::InetDiag => "CONFIG_INET_DIAG",
            DiagModule::TcpDiag => "CONFIG_INET_TCP_DIAG",
            DiagModule::UdpDiag => "CONFIG_INET_UDP_DIAG",
            DiagModule::RawDiag => "CONFIG_INET_RAW_DIAG",
            DiagModule::MptcpDiag => "CONFIG_INET_MPTCP_DIAG",
            DiagModule::UnixDiag => "CONFIG_UNIX_DIAG",
            DiagModule::NetlinkDiag => "CONFIG_NETLINK_DIAG",
            DiagModule::AfPacketDiag => "CONFIG_PACKET_DIAG",
        }
    }
}

impl std::fmt::Display for DiagModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// All diag modules, as they were before this run asked for anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Modules {
    /// The module tree of the running kernel, /lib/modules/RELEASE, when there is one.
    pub tree: Option<String>,
    /// What resolved names and aliases.
    pub resolver: ModuleResolver,
    /// One entry for each of [`DiagModule::ALL`].
    pub entries: Vec<ModuleFacts>,
}

impl Modules {
    /// The entry of `module`.
    pub fn get(&self, module: DiagModule) -> Option<&ModuleFacts> {
        self.entries.iter().find(|entry| entry.module == module)
    }
}

/// What resolved names and aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleResolver {
    /// libkmod, with the configuration and the indexes that modprobe uses.
    Libkmod,
    /// The reader of sockdoctor itself, with the same files. Older programs without libkmod read
    /// only the text files of the tree, and no modprobe.d: their rules are missing.
    #[serde(alias = "text-files")]
    Reader,
}

/// One diag module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModuleFacts {
    /// Which.
    pub module: DiagModule,
    /// Whether and how it is there.
    pub presence: Fact<Presence>,
    /// What keeps the kernel's alias from loading it. Empty: nothing that was found.
    pub rules: Fact<Vec<Rule>>,
}

/// Whether and how a module is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Presence {
    /// Compiled in. `evidence` is the file that says so.
    BuiltIn {
        /// modules.builtin or the kernel configuration.
        evidence: String,
    },
    /// In /proc/modules and live.
    Loaded {
        /// The file that it would be loaded from next time, when there is one.
        file: Option<String>,
    },
    /// A file that the alias leads to.
    Shipped {
        /// The module file.
        file: String,
    },
    /// The file is in the tree but the alias does not lead to it: depmod was not run.
    NotIndexed {
        /// The module file.
        file: String,
        /// The index that lacks it, or is itself missing.
        index: String,
    },
    /// The alias leads to a file that is gone.
    FileGone {
        /// The module file that the index names.
        file: String,
    },
    /// It needs another module, the file of which is gone: modprobe tries without that, and the
    /// kernel finds symbols missing (ENOENT from simplify_symbols, kernel/module/main.c).
    NeededFileGone {
        /// The file of the other module that the index names.
        file: String,
    },
    /// A module tree, and nothing of this module in it.
    NotShipped,
    /// The kernel was built without it.
    NotConfigured {
        /// The configuration that lacks it.
        evidence: String,
    },
    /// The kernel has no loadable modules and nothing says that this one is built in.
    NoModuleSupport,
    /// The module did not load, and its file shows why.
    Unloadable {
        /// The module file.
        file: String,
        /// What is wrong with it, as a predicate: `is empty`.
        why: String,
        /// The errno that such an attempt gives.
        errno: Option<Errno>,
    },
}

impl Presence {
    /// It is in the kernel: nothing has to be loaded.
    pub const fn is_in_kernel(&self) -> bool {
        matches!(self, Presence::BuiltIn { .. } | Presence::Loaded { .. })
    }

    /// Only another kernel has it.
    pub const fn was_not_built(&self) -> bool {
        matches!(
            self,
            Presence::NotConfigured { .. } | Presence::NoModuleSupport
        )
    }
}

/// A line that keeps a module from loading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// What kind of rule.
    pub kind: RuleKind,
    /// The rule as written, with continuation lines joined.
    pub text: String,
    /// Where it begins. `None` when libkmod applies it but its line was not found.
    pub place: Option<Place>,
    /// How many lines it goes on for, by a backslash at the end of the one before.
    #[serde(default)]
    pub more_lines: u32,
    /// How many more rules of its kind there are, which are not listed.
    #[serde(default)]
    pub unlisted: u32,
}

/// The kinds of rules, by what they stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// `blacklist M` in modprobe.d: stops the alias, not an explicit `modprobe M`.
    Blacklist,
    /// `install M COMMAND`: runs COMMAND in the place of loading.
    Install,
    /// `alias A off`, or to another module.
    Alias,
    /// `modprobe.blacklist=M` on the kernel command line: as `Blacklist`.
    CommandLineBlacklist,
    /// `module_blacklist=M` on the kernel command line: the kernel itself refuses (EPERM).
    KernelBlacklist,
}
