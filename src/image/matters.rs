//! Which contents of an archive are kept: those that somebody here reads. Of everything else the
//! name and the kind are enough.

use super::packages::rpm;
use crate::root::{PARTS_LIMIT, READ_LIMIT};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Drop-in directories, wherever they lie: a link may lead there from /etc.
const DROP_INS: [&str; 3] = ["modprobe.d", "modules-load.d", "sysctl.d"];

/// How large the file at `path` may be for its contents to be wanted. `None`: they never are.
pub(super) fn matters(path: &Path) -> Option<usize> {
    match rpm::is_database(path) {
        true => Some(PARTS_LIMIT),
        false => is_read(path).then_some(READ_LIMIT),
    }
}

fn is_read(path: &Path) -> bool {
    let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
        return false;
    };
    let is_configuration = path.starts_with("/etc") || path.starts_with("/run");
    let in_drop_ins = || DROP_INS.iter().any(|directory| parent.ends_with(directory));
    is_configuration
        || in_drop_ins()
        || is_os_release(name)
        || is_of_kernel(name, parent)
        || is_of_boot_loader(name, parent)
        || is_program(name, parent)
        || is_package_data(path, name, parent)
}

/// Its link of NixOS leads to /nix/store/HASH-etc-os-release.
fn is_os_release(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name == b"os-release" || name.ends_with(b"-os-release")
}

/// Indexes and configurations, and the few modules that are judged, to see whether they are whole.
fn is_of_kernel(name: &OsStr, parent: &Path) -> bool {
    let in_tree = parent
        .parent()
        .is_some_and(|trees| trees.ends_with("modules"));
    let bytes = name.as_bytes();
    let is_index = bytes.starts_with(b"modules.") || bytes == b"config";
    let is_diag = |bytes: &[u8]| {
        let of = |stem: &[u8]| bytes.windows(stem.len()).any(|part| part == stem);
        of(b"_diag.ko") || of(b"-diag.ko")
    };
    (in_tree && is_index) || is_diag(bytes) || (parent == "/boot" && bytes.starts_with(b"config-"))
}

/// What the kernel command line would be.
fn is_of_boot_loader(name: &OsStr, parent: &Path) -> bool {
    let is_read = ["cmdline", "cmdline.txt", "extlinux.conf", "grub.cfg"];
    is_read.iter().any(|own| name == *own) || parent.ends_with("loader/entries")
}

fn is_program(name: &OsStr, parent: &Path) -> bool {
    let is_read = ["ss", "modprobe", "kmod", "busybox"];
    let is_read = is_read.iter().any(|own| name == *own);
    is_read && (parent.ends_with("bin") || parent.ends_with("sbin"))
}

fn is_package_data(path: &Path, name: &OsStr, parent: &Path) -> bool {
    let is_list = || name.as_bytes().ends_with(b".list");
    path == "/var/lib/dpkg/status"
        || parent == "/var/lib/dpkg/status.d"
        || (parent == "/var/lib/dpkg/info" && is_list())
        || path.ends_with("lib/apk/db/installed")
        || rpm::is_journal(path)
}
