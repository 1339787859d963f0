//! Whether the observer's files are the ones that the kernel's modprobe would see.
//!
//! The kernel runs its helper from a kernel thread, and those share the root directory of
//! process 1 (kernel_init and kthreadd are made with CLONE_FS, rest_init, init/main.c).

use crate::netns::mounts::Mounts;
use crate::probes::{initial, io_gap};
use crate::text::shown;
use sockdoctor_checks::facts::{Gap, Why};
use std::path::Path;

/// Whose root directory the observer sees.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::probes) enum Root {
    /// That of the machine's process 1.
    Host,
    /// Another: a container or a chroot.
    Other,
    /// It could not be compared.
    Unknown(Gap),
}

impl Root {
    /// Why it could not be compared.
    pub(in crate::probes) fn gap(self) -> Option<Gap> {
        match self {
            Root::Unknown(gap) => Some(gap),
            Root::Host | Root::Other => None,
        }
    }
}

/// Compares the observer's root directory with that of process 1. mountinfo needs no privilege,
/// which /proc/1/root does.
pub(in crate::probes) fn compare(proc: &Path) -> Root {
    match initial::has_pid_namespace(proc) {
        Err(error) => {
            return Root::Unknown(io_gap(shown(&proc.join("self/ns/pid")), &error));
        }
        Ok(false) => return Root::Other,
        Ok(true) => {}
    }
    let first = root_mount(&proc.join("1/mountinfo"));
    let own = root_mount(&proc.join("self/mountinfo"));
    match (first, own) {
        (Err(gap), _) | (_, Err(gap)) => Root::Unknown(gap),
        (Ok(first), Ok(own)) if first == own => Root::Host,
        _ => Root::Other,
    }
}

/// Device and directory of everything that is mounted on `/`. A chroot has nothing there.
fn root_mount(mountinfo: &Path) -> Result<Vec<(String, String)>, Gap> {
    let mounts = Mounts::read(mountinfo)?;
    if mounts.is_empty() {
        return Err(Gap::new(shown(mountinfo), Why::Absent));
    }
    Ok(mounts.on_root())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn proc(namespace: &str, first: &str, own: &str) -> tempfile::TempDir {
        let proc = tempfile::tempdir().expect("a directory");
        for (process, mountinfo) in [("1", first), ("self", own)] {
            let directory = proc.path().join(process);
            std::fs::create_dir_all(directory.join("ns")).expect("a directory");
            std::fs::write(directory.join("mountinfo"), mountinfo).expect("a file");
        }
        symlink(namespace, proc.path().join("self/ns/pid")).expect("a link");
        proc
    }

    const DISK: &str =
        "22 27 0:21 / /proc rw - proc proc rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
    const SERVICE: &str = "327 301 8:1 / / rw - ext4 /dev/sda1 rw\n";
    const IMAGE: &str = "27 1 0:55 / / rw - overlay overlay rw\n";
    const CHROOT: &str = "22 27 0:21 / /proc rw - proc proc rw\n";

    #[test]
    fn a_service_with_mounts_of_its_own_sees_the_hosts_root() {
        let proc = proc(initial::PID, DISK, SERVICE);
        assert_eq!(compare(proc.path()), Root::Host);
    }

    #[test]
    fn a_container_without_a_pid_namespace_sees_another_root() {
        let proc = proc(initial::PID, DISK, IMAGE);
        assert_eq!(compare(proc.path()), Root::Other);
    }

    #[test]
    fn a_chroot_sees_another_root() {
        let proc = proc(initial::PID, DISK, CHROOT);
        assert_eq!(compare(proc.path()), Root::Other);
    }

    #[test]
    fn process_1_of_a_pid_namespace_proves_nothing() {
        let proc = proc("pid:[4026532201]", IMAGE, IMAGE);
        assert_eq!(compare(proc.path()), Root::Other);
    }

    #[test]
    fn a_hidden_process_1_leaves_it_open() {
        let proc = proc(initial::PID, DISK, DISK);
        std::fs::remove_dir_all(proc.path().join("1")).expect("removed");
        assert!(matches!(compare(proc.path()), Root::Unknown(_)));
    }
}
