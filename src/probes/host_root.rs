//! Whether the observer's files are the ones that the kernel's modprobe would see.
//!
//! The kernel runs its helper from a kernel thread, and those share the root directory of
//! process 1 (kernel_init and kthreadd are made with CLONE_FS, rest_init, init/main.c). Its mounts
//! they share too: a service with ProtectKernelModules=yes sees an empty directory in the place
//! of /usr/lib/modules (systemd.exec(5)), and modprobe sees the modules.

use super::{initial, io_gap};
use crate::netns::mounts::Mounts;
use crate::text::shown;
use sockdoctor_checks::facts::{Gap, Why};
use std::path::Path;

/// Whose root directory the observer sees.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// That of the machine's process 1.
    Host,
    /// Another, or other files in it: a container, a chroot, or a service from which they are hidden.
    Other,
    /// It could not be compared.
    Unknown(Gap),
}

impl Root {
    /// Why it could not be compared.
    pub(super) fn gap(self) -> Option<Gap> {
        match self {
            Root::Unknown(gap) => Some(gap),
            Root::Host | Root::Other => None,
        }
    }
}

/// Compares what the observer sees at `/` and at and below `paths` with what process 1 sees there.
/// mountinfo needs no privilege, which /proc/1/root does.
pub(super) fn compare(proc: &Path, paths: &[&str]) -> Root {
    match initial::is_pid_namespace(proc) {
        Err(error) => {
            return Root::Unknown(io_gap(shown(&proc.join("self/ns/pid")), &error));
        }
        Ok(false) => return Root::Other,
        Ok(true) => {}
    }
    let first = mounts(&proc.join("1/mountinfo"));
    let own = mounts(&proc.join("self/mountinfo"));
    match (first, own) {
        (Err(gap), _) | (_, Err(gap)) => Root::Unknown(gap),
        (Ok(first), Ok(own)) if are_same(&first, &own, paths) => Root::Host,
        _ => Root::Other,
    }
}

fn mounts(mountinfo: &Path) -> Result<Mounts, Gap> {
    let mounts = Mounts::read(mountinfo)?;
    if mounts.is_empty() {
        return Err(Gap::new(shown(mountinfo), Why::Absent));
    }
    Ok(mounts)
}

/// Whether the same files are at `/`, at `paths` and below them. A mount of its own need not show
/// others: ProtectSystem= mounts /usr on itself.
fn are_same(first: &Mounts, own: &Mounts, paths: &[&str]) -> bool {
    let is_same = |path: &Path| first.place(path) == own.place(path);
    let below = |path| first.below(path).chain(own.below(path));
    let paths = paths.iter().map(Path::new);
    let mut all = paths.flat_map(|path| below(path).chain([path]));
    first.on_root() == own.on_root() && all.all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::symlink;
    use std::process::{Command, Stdio};

    /// What a process sees that did `script` in a mount namespace of its own, with `$1` for a
    /// directory that is held against the host's, and has a directory `tree`.
    fn after(script: &str) -> Root {
        let files = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(files.path().join("tree")).expect("a directory");
        let script = format!("{script}; echo ready; read end");
        let mut process = Command::new("unshare")
            .args(["--mount", "sh", "-ec", &script, "sh"])
            .arg(files.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let stdout = process.stdout.take().expect("a pipe");
        let ready = BufReader::new(stdout).lines().next();
        assert_eq!(ready.expect("a line").expect("text"), "ready");

        let proc = tempfile::tempdir().expect("a directory");
        for (name, process) in [("1", 1), ("self", process.id())] {
            symlink(format!("/proc/{process}"), proc.path().join(name)).expect("a link");
        }
        let files = files.path().to_str().expect("text");
        let seen = compare(proc.path(), &[files]);
        drop(process.stdin.take());
        process.wait().expect("it ends");
        seen
    }

    #[test]
    fn files_that_something_is_mounted_over_are_not_the_hosts() {
        let hidden = "mount -t tmpfs -o mode=000 tmpfs";
        assert_eq!(after(&format!(r#"{hidden} "$1""#)), Root::Other);
        assert_eq!(after(&format!(r#"{hidden} "$1/tree""#)), Root::Other);
        assert_eq!(after(&format!(r#"{hidden} "${{1%/*}}""#)), Root::Other);
    }

    #[test]
    fn files_that_are_mounted_on_themselves_are_the_hosts() {
        assert_eq!(after(":"), Root::Host);
        let read_only = r#"mount --bind "$1" "$1"; mount -o remount,bind,ro "$1""#;
        assert_eq!(after(read_only), Root::Host);
        let parent = r#"mount --rbind "${1%/*}" "${1%/*}""#;
        assert_eq!(after(parent), Root::Host);
    }

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

    const FILES: [&str; 2] = ["/lib/modules", "/usr/lib/modules"];

    const DISK: &str =
        "22 27 0:21 / /proc rw - proc proc rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
    const SERVICE: &str = "327 301 8:1 / / rw - ext4 /dev/sda1 rw\n";
    const IMAGE: &str = "27 1 0:55 / / rw - overlay overlay rw\n";
    const CHROOT: &str = "22 27 0:21 / /proc rw - proc proc rw\n";

    #[test]
    fn a_service_with_mounts_of_its_own_sees_the_hosts_root() {
        let proc = proc(initial::PID, DISK, SERVICE);
        assert_eq!(compare(proc.path(), &FILES), Root::Host);
    }

    #[test]
    fn a_container_without_a_pid_namespace_sees_another_root() {
        let proc = proc(initial::PID, DISK, IMAGE);
        assert_eq!(compare(proc.path(), &FILES), Root::Other);
    }

    #[test]
    fn a_chroot_sees_another_root() {
        let proc = proc(initial::PID, DISK, CHROOT);
        assert_eq!(compare(proc.path(), &FILES), Root::Other);
    }

    #[test]
    fn process_1_of_a_pid_namespace_proves_nothing() {
        let proc = proc("pid:[4026532201]", IMAGE, IMAGE);
        assert_eq!(compare(proc.path(), &FILES), Root::Other);
    }

    #[test]
    fn a_hidden_process_1_leaves_it_open() {
        let proc = proc(initial::PID, DISK, DISK);
        std::fs::remove_dir_all(proc.path().join("1")).expect("removed");
        assert!(matches!(compare(proc.path(), &FILES), Root::Unknown(_)));
    }
}
