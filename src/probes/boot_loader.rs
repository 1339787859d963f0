//! What the boot loader of an image would write on the kernel command line. Which of its entries
//! is booted is not known, so none of it is certain.

use super::drop_ins::{self, place};
use crate::root::{Entry, Kind, Root};
use crate::text::text;
use sockdoctor_checks::facts::{Gap, Place};
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// GRUB, systemd-boot and kernel-install, syslinux, and the firmware of a Raspberry Pi.
const FILES: [&str; 8] = [
    "/boot/cmdline.txt",
    "/boot/extlinux/extlinux.conf",
    "/boot/firmware/cmdline.txt",
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/etc/default/grub",
    "/etc/kernel/cmdline",
    "/usr/lib/kernel/cmdline",
];

/// Directories of entries, and how the names in them end.
const DIRECTORIES: [(&str, &str); 2] = [
    ("/boot/loader/entries", ".conf"),
    ("/etc/default/grub.d", ".cfg"),
];

/// Tells each line of all of these files, and returns what could not be read.
pub(super) fn each_line(root: &dyn Root, mut tell: impl FnMut(&str, &Place)) -> Vec<Gap> {
    let (mut entries, mut gaps) = (Vec::new(), Vec::new());
    for (directory, end) in DIRECTORIES {
        let mut names = BTreeMap::new();
        let counts = |_: &Path, entry: &Entry| {
            entry.kind != Kind::Directory && entry.name.as_bytes().ends_with(end.as_bytes())
        };
        let listed = drop_ins::list_into(&mut names, root, Path::new(directory), counts);
        gaps.extend(listed.err());
        entries.extend(names.into_values());
    }
    let paths = FILES.iter().map(PathBuf::from).chain(entries);
    for file in drop_ins::read_all(root, paths, &mut gaps) {
        for (number, line) in (1..).zip(file.bytes.split(|&byte| byte == b'\n')) {
            tell(&unquoted(line), &place(&file.path, number));
        }
    }
    gaps
}

/// A shell takes the quotes away, a comment says nothing.
fn unquoted(line: &[u8]) -> String {
    match line.trim_ascii_start() {
        [b'#', ..] => String::new(),
        line => text(line).replace(['"', '\''], " "),
    }
}
