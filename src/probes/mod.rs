//! One file per source of facts. A probe observes and has no opinion.

mod architecture;
pub(crate) mod boot;
mod boot_loader;
pub(crate) mod canary;
pub mod descriptors;
mod drop_ins;
mod fnmatch;
mod holders;
mod host_root;
pub(crate) mod initial;
mod interfaces;
mod iterators;
pub(crate) mod kernel;
pub(crate) mod kernel_log;
pub mod machine;
pub mod modules;
pub mod namespaces;
mod netstat;
pub mod owners;
pub mod proc_net;
pub(crate) mod processes;
pub mod round_trip;
mod sandbox;
pub mod ss;
mod sysctls;
#[cfg(test)]
mod testing;
mod work;

pub(crate) use crate::gap::{io_gap, read_trimmed};

use sockdoctor_checks::facts::DiagModule;

/// Which diag modules may be asked. Everything, unless `--passive` is given: then only those
/// that are there already, because asking for another would make the kernel load it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MayAsk {
    /// inet_diag and tcp_diag.
    pub tcp: bool,
    /// inet_diag and udp_diag.
    pub udp: bool,
    /// unix_diag.
    pub unix: bool,
}

impl MayAsk {
    /// Ask for everything.
    pub const ANYTHING: MayAsk = MayAsk {
        tcp: true,
        udp: true,
        unix: true,
    };

    /// Ask only for what `present` says is there.
    pub fn only_present(present: impl Fn(DiagModule) -> bool) -> Self {
        let inet = present(DiagModule::InetDiag);
        MayAsk {
            tcp: inet && present(DiagModule::TcpDiag),
            udp: inet && present(DiagModule::UdpDiag),
            unix: present(DiagModule::UnixDiag),
        }
    }
}
