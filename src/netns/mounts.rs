//! The lines of a mountinfo that matter here: nsfs mounts, the options of /proc, and what is on /.
//!
//! Crate procfs parses this file too, but builds three maps for each line and leaves the
//! escapes of the mount point as they are; a host with containers has thousands of lines.

use crate::probes::{io_gap, read_proc};
use crate::text::shown;
use rustix::fs::makedev;
use sockdoctor_checks::facts::{Gap, NetnsId};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mount, as proc(5) describes the fields of mountinfo.
#[derive(Debug, PartialEq, Eq)]
struct Mount<'a> {
    device: &'a str,
    root: &'a str,
    point: &'a [u8],
    kind: &'a str,
    super_options: &'a str,
}

/// The number of the field `root` in a line.
const ROOT: usize = 3;
/// The number of the field `point`.
const POINT: usize = 4;

/// The mounts of a mount namespace.
#[derive(Debug)]
pub struct Mounts(Vec<u8>);

impl Mounts {
    /// Those of the observer's mount namespace.
    ///
    /// # Errors
    /// The gap, when they cannot be read.
    pub fn own() -> Result<Self, Gap> {
        Mounts::read(Path::new("/proc/self/mountinfo"))
    }

    /// Reads a mountinfo.
    ///
    /// # Errors
    /// The gap, when it cannot be read.
    pub(crate) fn read(mountinfo: &Path) -> Result<Self, Gap> {
        let text = read_proc(mountinfo).map_err(|error| io_gap(shown(mountinfo), &error))?;
        Ok(Mounts(text))
    }

    /// The file of a process whose mount namespace is gone has no lines.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mounts whose field with this number is one of those that are wanted. The other lines
    /// are not taken apart: a host with containers has thousands.
    fn with(
        &self,
        field: usize,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> impl DoubleEndedIterator<Item = Mount<'_>> {
        let lines = self.0.split(|byte| *byte == b'\n');
        let is_wanted = move |line: &&[u8]| {
            let mut fields = line.split(|byte| *byte == b' ');
            fields.nth(field).is_some_and(&wanted)
        };
        lines.filter(is_wanted).filter_map(mount)
    }

    /// The network namespaces that are mounted somewhere, and where.
    pub fn namespaces(&self) -> impl Iterator<Item = (NetnsId, PathBuf)> {
        let nsfs = self.with(ROOT, |root| root.starts_with(b"net:["));
        nsfs.filter_map(|mount| {
            let inode = mount.root.strip_prefix("net:[")?.strip_suffix(']')?;
            let (major, minor) = mount.device.split_once(':')?;
            let id = NetnsId {
                device: makedev(major.parse().ok()?, minor.parse().ok()?),
                inode: inode.parse().ok()?,
            };
            (mount.kind == "nsfs").then(|| (id, unescaped(mount.point)))
        })
    }

    /// Device and directory of everything that is mounted on `/`.
    pub(crate) fn on_root(&self) -> Vec<(String, String)> {
        let on_root = self.with(POINT, |point| point == b"/");
        on_root
            .map(|mount| (mount.device.to_owned(), mount.root.to_owned()))
            .collect()
    }

    /// The `hidepid=` option of /proc as the kernel prints it: a number before Linux 5.8, a
    /// word since. "0" when it is not set, `None` when nothing is mounted on /proc.
    pub fn hidepid(&self) -> Option<&str> {
        // The last of several mounts on one place is the one on top.
        let proc = self.with(POINT, |point| point == b"/proc").next_back()?;
        let mut options = proc.super_options.split(',');
        Some(
            options
                .find_map(|option| option.strip_prefix("hidepid="))
                .unwrap_or("0"),
        )
    }

    /// Whether /proc leaves out the processes of others, for those without CAP_SYS_PTRACE.
    pub fn hides_processes(&self) -> bool {
        matches!(self.hidepid(), Some("2" | "4" | "invisible" | "ptraceable"))
    }
}

/// `36 35 0:4 net:[4026532201] /run/netns/web rw shared:3 - nsfs nsfs rw`.
fn mount(line: &[u8]) -> Option<Mount<'_>> {
    let mut fields = line.split(|byte| *byte == b' ');
    let mut text = || std::str::from_utf8(fields.next()?).ok();
    let (_id, _parent) = (text()?, text()?);
    let (device, root) = (text()?, text()?);
    let point = fields.next()?;
    // A variable number of optional fields ends with a dash.
    let mut after = fields.skip_while(|field| *field != b"-").skip(1);
    let mut text = || std::str::from_utf8(after.next()?).ok();
    let (kind, _source, super_options) = (text()?, text()?, text()?);
    Some(Mount {
        device,
        root,
        point,
        kind,
        super_options,
    })
}

/// Undoes the octal escapes (`\040` is a space) of mangle() in fs/seq_file.c.
fn unescaped(field: &[u8]) -> PathBuf {
    if !field.contains(&b'\\') {
        return Path::new(&OsString::from_vec(field.to_vec())).into();
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let escape = (first == b'\\').then(|| octal(tail)).flatten();
        bytes.push(escape.unwrap_or(first));
        rest = if escape.is_some() { &tail[3..] } else { tail };
    }
    OsString::from_vec(bytes).into()
}

fn octal(tail: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(tail.get(..3)?).ok()?;
    u8::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mounts(text: &str) -> Mounts {
        Mounts(text.as_bytes().to_vec())
    }

    #[test]
    fn a_mounted_namespace_has_its_identity_and_its_place() {
        let mounts = mounts("36 35 0:4 net:[77] /run/netns/web rw shared:3 - nsfs nsfs rw\n");
        let id = NetnsId {
            device: makedev(0, 4),
            inode: 77,
        };
        let found: Vec<_> = mounts.namespaces().collect();
        assert_eq!(found, [(id, PathBuf::from("/run/netns/web"))]);
    }

    #[test]
    fn other_kinds_of_namespace_and_other_mounts_are_left_out() {
        let mounts = mounts(
            "36 35 0:4 mnt:[78] /run/ns/mnt rw - nsfs nsfs rw\n\
             37 35 0:5 net:[79] /somewhere rw - tmpfs tmpfs rw\n",
        );
        assert_eq!(mounts.namespaces().count(), 0);
    }

    #[test]
    fn spaces_and_line_ends_in_a_mount_point_are_escaped() {
        assert_eq!(unescaped(br"/a\040b\012\134c"), Path::new("/a b\n\\c"));
        assert_eq!(unescaped(br"/half\04"), Path::new(r"/half\04"));
    }

    #[test]
    fn the_topmost_proc_counts() {
        let mounts = mounts(
            "22 27 0:21 / /proc rw - proc proc rw\n\
             90 22 0:60 / /proc rw - proc proc rw,gid=5,hidepid=invisible\n",
        );
        assert_eq!(mounts.hidepid(), Some("invisible"));
        assert!(mounts.hides_processes());
    }

    #[test]
    fn a_plain_proc_hides_nothing() {
        let mounts = mounts("22 27 0:21 / /proc rw - proc proc rw\n");
        assert_eq!(mounts.hidepid(), Some("0"));
        assert!(!mounts.hides_processes());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in any::<Vec<u8>>()) {
            let mounts = Mounts(text);
            let _ = mounts.hidepid();
            let _ = mounts.namespaces().count();
        }
    }
}
