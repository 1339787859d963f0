//! Settings in /proc/sys/net, as the calling thread's namespace has them.

use super::io_gap;
use crate::text::text;
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Result;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};
use sockdoctor_checks::facts::{Fact, Gap};
use std::cell::OnceCell;

/// net.core.somaxconn.
///
/// Absent in a namespace that a user namespace other than the first owns, before about
/// Linux 6.3 (6b754d7bd007, net/core/sysctl_net_core.c).
pub(super) const SOMAXCONN: &str = "sys/net/core/somaxconn";
/// net.ipv4.tcp_syncookies.
pub(super) const TCP_SYNCOOKIES: &str = "sys/net/ipv4/tcp_syncookies";
/// net.ipv4.tcp_max_syn_backlog.
pub(super) const TCP_MAX_SYN_BACKLOG: &str = "sys/net/ipv4/tcp_max_syn_backlog";
/// net.ipv4.tcp_abort_on_overflow.
pub(super) const TCP_ABORT_ON_OVERFLOW: &str = "sys/net/ipv4/tcp_abort_on_overflow";
/// net.ipv4.tcp_synack_retries.
pub(super) const TCP_SYNACK_RETRIES: &str = "sys/net/ipv4/tcp_synack_retries";

/// From how many namespaces on private procfs mounts save more than they cost.
const WORTH_A_MOUNT: usize = 150;

/// How many namespaces are read through one mount.
const NAMESPACES_PER_MOUNT: u32 = 64;

/// A reader of settings, for one thread.
///
/// Each namespace that anybody looks into adds an entry to the chain that a lookup in /proc/sys/net
/// walks (proc_sys_compare, fs/proc/proc_sysctl.c), and threads contend for it. A procfs mount of
/// our own starts with an empty chain; it is attached nowhere and ends with its descriptor. It
/// takes CAP_SYS_ADMIN and, to be of use, Linux 5.8; without it /proc is read.
#[derive(Debug)]
pub(super) struct Sysctls {
    proc: OnceCell<Result<OwnedFd>>,
    private: Option<Private>,
    wants_private: bool,
    buffer: [u8; 32],
}

#[derive(Debug)]
struct Private {
    mount: OwnedFd,
    namespaces_left: u32,
}

impl Sysctls {
    /// A reader for a run that visits so many namespaces.
    pub(super) fn for_namespaces(count: usize) -> Self {
        Sysctls {
            proc: OnceCell::new(),
            private: None,
            wants_private: count >= WORTH_A_MOUNT,
            buffer: [0; 32],
        }
    }

    /// To be called when the thread has entered another namespace.
    pub(super) fn entered_namespace(&mut self) {
        if !self.wants_private {
            return;
        }
        match &mut self.private {
            Some(private) if private.namespaces_left > 0 => private.namespaces_left -= 1,
            _ => {
                self.private = private_procfs().ok();
                self.wants_private = self.private.is_some();
            }
        }
    }

    /// Reads a setting, one of the constants of this module.
    pub(super) fn read(&mut self, path: &str) -> Fact<u32> {
        let what = || format!("/proc/{path}");
        match self.bytes(path) {
            Ok(bytes) => parse(bytes)
                .ok_or_else(|| Gap::malformed(what(), format!("{:?} is not a number", text(bytes))))
                .into(),
            Err(errno) => Fact::Missing(io_gap(what(), &errno.into())),
        }
    }

    fn bytes(&mut self, path: &str) -> Result<&[u8]> {
        let root = match &self.private {
            Some(private) => &private.mount,
            None => {
                let proc = self.proc.get_or_init(open_proc);
                proc.as_ref().map_err(|errno| *errno)?
            }
        };
        let file = openat(root, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let length = rustix::io::read(&file, &mut self.buffer)?;
        Ok(&self.buffer[..length])
    }
}

fn parse(bytes: &[u8]) -> Option<u32> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

fn open_proc() -> Result<OwnedFd> {
    openat(CWD, "/proc", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

fn private_procfs() -> Result<Private> {
    let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    let mount = fsmount(
        &context,
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::empty(),
    )?;
    Ok(Private {
        mount,
        namespaces_left: NAMESPACES_PER_MOUNT - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::{Errno, Why};

    #[test]
    fn settings_are_read_as_they_are() {
        let text = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("somaxconn");
        let expected = text.trim().parse().expect("a number");
        let mut sysctls = Sysctls::for_namespaces(1);
        assert_eq!(sysctls.read(SOMAXCONN), Fact::Known(expected));
    }

    #[test]
    fn a_setting_that_is_not_there_is_absent() {
        let mut sysctls = Sysctls::for_namespaces(1);
        let gap = Gap::new("/proc/sys/net/core/none", Why::Absent);
        assert_eq!(sysctls.read("sys/net/core/none"), Fact::Missing(gap));
    }

    #[test]
    fn why_proc_cannot_be_opened_is_told() {
        let mut sysctls = Sysctls::for_namespaces(1);
        sysctls.proc = Err(rustix::io::Errno::MFILE).into();
        let gap = sysctls.read(SOMAXCONN);
        assert_eq!(
            gap.known().map_err(|gap| &gap.why),
            Err(&Why::Failed(Errno(24)))
        );
    }

    #[test]
    fn what_is_not_a_number_is_malformed() {
        let mut sysctls = Sysctls::for_namespaces(1);
        let fact = sysctls.read("sys/kernel/ostype");
        assert!(
            matches!(
                fact.known(),
                Err(Gap {
                    why: Why::Malformed(_),
                    ..
                })
            ),
            "{fact:?}"
        );
    }

    #[test]
    fn a_private_mount_gives_the_same_as_proc_and_is_renewed() {
        let mut plain = Sysctls::for_namespaces(1);
        let mut private = Sysctls::for_namespaces(WORTH_A_MOUNT);
        for _ in 0..=NAMESPACES_PER_MOUNT {
            private.entered_namespace();
            assert!(private.private.is_some(), "this test needs CAP_SYS_ADMIN");
            assert_eq!(private.read(SOMAXCONN), plain.read(SOMAXCONN));
        }
    }
}
