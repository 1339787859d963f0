//! One file per source of facts. A probe observes and has no opinion.

mod architecture;
pub mod boot;
pub mod canary;
pub mod descriptors;
mod fnmatch;
pub mod holders;
pub(crate) mod initial;
mod interfaces;
mod iterators;
pub mod kernel;
pub mod kernel_log;
pub mod machine;
pub mod modules;
pub mod namespaces;
pub mod netstat;
pub mod owners;
pub mod proc_net;
pub mod processes;
pub mod round_trip;
pub mod sandbox;
pub mod ss;
pub mod sysctls;
#[cfg(test)]
mod testing;
mod work;

use crate::text::{shown, text};
use sockdoctor_checks::facts::{DiagModule, Errno, Gap, Why};
use std::fs::File;
use std::io::Read;
use std::path::Path;

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

/// The gap for an input or output error of the operation `what`.
pub fn io_gap(what: impl Into<String>, error: &std::io::Error) -> Gap {
    use std::io::ErrorKind;
    let why = match (error.kind(), error.raw_os_error()) {
        (ErrorKind::NotFound, _) => Why::Absent,
        // A filter, a security module or the bounds of its user namespace: to become root, which
        // it is, would lift nothing.
        (ErrorKind::PermissionDenied, Some(code)) if rustix::process::geteuid().is_root() => {
            Why::Failed(Errno(code))
        }
        (ErrorKind::PermissionDenied, _) => Why::Denied {
            needs: "root".to_owned(),
        },
        (_, Some(code)) => Why::Failed(Errno(code)),
        (_, None) => Why::Malformed(error.to_string()),
    };
    Gap::new(what, why)
}

/// More than nearly all files of /proc and /sys hold that are read here.
const USUAL_LENGTH: usize = 4096;

/// Reads a file of /proc or /sys, which have no length that could be asked for: `std::fs::read`
/// asks all the same, and then begins with 32 bytes.
///
/// # Errors
/// It cannot be opened or read.
pub fn read_proc(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    File::open(path)?.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a small text file of /proc or /sys, without the white space at its ends.
///
/// # Errors
/// The gap, named after the path.
pub fn read_trimmed(path: impl AsRef<Path>) -> Result<String, Gap> {
    let path = path.as_ref();
    let bytes = read_proc(path).map_err(|error| io_gap(shown(path), &error))?;
    Ok(text(&bytes).trim().to_owned())
}
