//! Duplicates of descriptors of another process: pidfd_open (Linux 5.3) and pidfd_getfd (5.6).

use crate::probes::processes;
use rustix::fd::{OwnedFd, RawFd};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use rustix::thread::{CapabilitySet, capabilities};
use sockdoctor_checks::facts::{self, Why};

/// A process whose descriptors can be duplicated.
#[derive(Debug)]
pub(super) struct Process(OwnedFd);

impl Process {
    pub(super) fn open(pid: u32) -> Result<Self, Why> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = pidfd_open(pid.ok_or_else(gone)?, PidfdFlags::empty());
        process.map(Process).map_err(why)
    }

    /// The descriptor, if it still refers to the socket with this inode: the number may have been
    /// given to another file, and the pid to another process.
    pub(super) fn duplicate(&self, descriptor: RawFd, inode: u32) -> Result<OwnedFd, Why> {
        let duplicate = pidfd_getfd(&self.0, descriptor, PidfdGetfdFlags::empty()).map_err(why)?;
        let found = rustix::fs::fstat(&duplicate).map_err(why)?;
        let is_socket = rustix::fs::FileType::from_raw_mode(found.st_mode).is_socket();
        if is_socket && found.st_ino == u64::from(inode) {
            Ok(duplicate)
        } else {
            Err(gone())
        }
    }
}

/// The socket was closed between two looks at it.
pub(super) fn gone() -> Why {
    Why::Inconsistent("it was closed while it was looked at; run this again".to_owned())
}

/// Why a call on the way to a socket, or on the socket itself, failed.
pub(super) fn why(errno: Errno) -> Why {
    match errno {
        Errno::NOSYS => {
            let why = "pidfd_getfd came with Linux 5.6, and some sandboxes leave it out";
            Why::Unsupported(why.to_owned())
        }
        Errno::PERM | Errno::ACCESS => denied(),
        Errno::BADF | Errno::SRCH => gone(),
        other => Why::Failed(facts::Errno(other.raw_os_error())),
    }
}

/// `ptrace_may_access` with PTRACE_MODE_ATTACH_REALCREDS decides (`__pidfd_fget`, kernel/pid.c);
/// a security module or a filter may refuse even root.
fn denied() -> Why {
    let held = capabilities(None).map(|held| held.effective);
    let lacks_it = held.is_ok_and(|held| !held.contains(CapabilitySet::SYS_PTRACE));
    if lacks_it && rustix::process::geteuid().is_root() {
        let needs = "CAP_SYS_PTRACE".to_owned();
        return Why::Denied { needs };
    }
    processes::denied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    fn inode(socket: &TcpListener) -> u32 {
        let inode = rustix::fs::fstat(socket).unwrap().st_ino;
        u32::try_from(inode).unwrap()
    }

    #[test]
    fn a_descriptor_that_is_another_socket_by_now_is_not_taken() {
        let (one, other) = ("127.0.0.1:0", "127.0.0.1:0");
        let one = TcpListener::bind(one).unwrap();
        let other = TcpListener::bind(other).unwrap();
        let process = Process::open(std::process::id()).unwrap();
        assert!(process.duplicate(one.as_raw_fd(), inode(&one)).is_ok());
        let mistaken = process.duplicate(one.as_raw_fd(), inode(&other));
        assert_eq!(mistaken.unwrap_err(), gone());
    }

    #[test]
    fn a_process_or_a_descriptor_that_is_gone_is_said_to_be() {
        assert_eq!(Process::open(u32::MAX).unwrap_err(), gone());
        let process = Process::open(std::process::id()).unwrap();
        assert_eq!(process.duplicate(RawFd::MAX, 1).unwrap_err(), gone());
    }

    #[test]
    fn an_old_kernel_is_told_by_its_version() {
        assert!(matches!(why(Errno::NOSYS), Why::Unsupported(why) if why.contains("5.6")));
    }
}
