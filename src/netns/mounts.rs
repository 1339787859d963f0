//! The lines of a mountinfo that matter here: nsfs mounts, the options of /proc, and which file
//! system a path is in.
//!
//! Crate procfs parses this file too, but builds three maps for each line and leaves the
//! escapes of the mount point as they are; a host with containers has thousands of lines.

use crate::gap::{io_gap, read_proc};
use crate::text::shown;
use rustix::fs::makedev;
use sockdoctor_checks::facts::{Gap, NetnsId};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A mount, as proc(5) describes the fields of mountinfo.
#[derive(Debug, PartialEq, Eq)]
struct Mount<'a> {
    id: &'a str,
    parent: &'a str,
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
    ) -> impl Iterator<Item = Mount<'_>> {
        let lines = self.0.split(|byte| *byte == b'\n');
        let is_wanted = move |line: &&[u8]| {
            let mut fields = line.split(|byte| *byte == b' ');
            fields.nth(field).is_some_and(&wanted)
        };
        lines.filter(is_wanted).filter_map(mount)
    }

    /// The network namespaces that are mounted somewhere, and where.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = (NetnsId, PathBuf)> {
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

    /// Where `path` is: the device, and the path in its file system. Links are not followed. `None`
    /// where nothing is mounted on `/`, as in a chroot.
    pub(crate) fn place(&self, path: &Path) -> Option<(String, PathBuf)> {
        let above = self.with(POINT, |point| path.starts_with(as_path(point)));
        let above: Vec<Mount<'_>> = above.collect();
        let mut mount = above
            .iter()
            .find(|mount| !above.iter().any(|lower| is_on(mount, lower)))?;
        // As a path is walked: the first mount that is met on the way leads on. Each is met once.
        for _ in &above {
            let met = above.iter().filter(|upper| is_on(upper, mount));
            match met.min_by_key(|upper| upper.point.len()) {
                Some(next) => mount = next,
                None => break,
            }
        }
        let rest = path.strip_prefix(as_path(mount.point)).ok()?;
        Some((mount.device.to_owned(), Path::new(mount.root).join(rest)))
    }

    /// Where something is mounted below `path`, with the escapes of the file.
    pub(crate) fn below<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Path> {
        let is_below =
            move |point: &[u8]| as_path(point) != path && as_path(point).starts_with(path);
        self.with(POINT, is_below).map(|mount| as_path(mount.point))
    }

    /// The `hidepid=` option of /proc as the kernel prints it: a number before Linux 5.8, a
    /// word since. "0" when it is not set, `None` when nothing is mounted on /proc.
    pub(crate) fn hidepid(&self) -> Option<&str> {
        let stacked: Vec<Mount<'_>> = self.with(POINT, |point| point == b"/proc").collect();
        // Since Linux 6.8 the lines are in the order of their numbers, and those are used again.
        let is_covered = |mount: &Mount<'_>| stacked.iter().any(|upper| is_on(upper, mount));
        let proc = stacked.iter().find(|mount| !is_covered(mount))?;
        let mut options = proc.super_options.split(',');
        Some(
            options
                .find_map(|option| option.strip_prefix("hidepid="))
                .unwrap_or("0"),
        )
    }

    /// Whether /proc leaves out the processes of others, for those without CAP_SYS_PTRACE.
    pub(crate) fn hides_processes(&self) -> bool {
        matches!(self.hidepid(), Some("2" | "4" | "invisible" | "ptraceable"))
    }
}

/// The root of all has itself for a parent.
fn is_on(upper: &Mount<'_>, lower: &Mount<'_>) -> bool {
    upper.parent == lower.id && upper.id != lower.id
}

/// `36 35 0:4 net:[4026532201] /run/netns/web rw shared:3 - nsfs nsfs rw`.
fn mount(line: &[u8]) -> Option<Mount<'_>> {
    let mut fields = line.split(|byte| *byte == b' ');
    let mut text = || std::str::from_utf8(fields.next()?).ok();
    let (id, parent) = (text()?, text()?);
    let (device, root) = (text()?, text()?);
    let point = fields.next()?;
    // A variable number of optional fields ends with a dash.
    let mut after = fields.skip_while(|field| *field != b"-").skip(1);
    let mut text = || std::str::from_utf8(after.next()?).ok();
    let (kind, _source, super_options) = (text()?, text()?, text()?);
    Some(Mount {
        id,
        parent,
        device,
        root,
        point,
        kind,
        super_options,
    })
}

fn as_path(point: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(point))
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
            "20 22 0:60 / /proc rw - proc proc rw,gid=5,hidepid=invisible\n\
             22 27 0:21 / /proc rw - proc proc rw\n",
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

    fn place(mounts: &Mounts, path: &str) -> Option<(String, String)> {
        let (device, place) = mounts.place(Path::new(path))?;
        Some((device, place.to_str().expect("text").to_owned()))
    }

    fn at(device: &str, place: &str) -> Option<(String, String)> {
        Some((device.to_owned(), place.to_owned()))
    }

    #[test]
    fn a_path_is_in_the_mount_that_leads_to_it() {
        let mounts = mounts(
            "27 1 8:1 /@ / rw - btrfs /dev/sda1 rw\n\
             30 27 8:1 /@usr /usr rw - btrfs /dev/sda1 rw\n\
             31 30 0:50 / /usr/lib/modules rw - tmpfs tmpfs rw\n",
        );
        assert_eq!(place(&mounts, "/etc"), at("8:1", "/@/etc"));
        assert_eq!(place(&mounts, "/usr/lib"), at("8:1", "/@usr/lib"));
        assert_eq!(place(&mounts, "/usr/lib/modules/6.1"), at("0:50", "/6.1"));
        assert_eq!(
            place(&mounts, "/usr/lib/modules-x"),
            at("8:1", "/@usr/lib/modules-x")
        );
    }

    #[test]
    fn what_is_mounted_over_hides_what_was_there() {
        let mounts = mounts(
            "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
             31 27 0:50 / /usr/lib/modules rw - tmpfs tmpfs rw\n\
             32 27 0:51 / /usr rw - tmpfs tmpfs rw\n\
             33 32 0:52 / /usr rw - tmpfs tmpfs rw\n",
        );
        let modules = place(&mounts, "/usr/lib/modules");
        assert_eq!(modules, at("0:52", "/lib/modules"));
    }

    #[test]
    fn a_chroot_has_no_place() {
        let mounts = mounts("22 27 0:21 / /proc rw - proc proc rw\n");
        assert_eq!(place(&mounts, "/etc"), None);
    }

    #[test]
    fn the_mounts_below_a_path_are_found() {
        let mounts = mounts(
            "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
             31 27 0:50 / /usr/lib/modules/6.1 rw - tmpfs tmpfs rw\n",
        );
        let below: Vec<&Path> = mounts.below(Path::new("/usr/lib/modules")).collect();
        assert_eq!(below, [Path::new("/usr/lib/modules/6.1")]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in any::<Vec<u8>>()) {
            let mounts = Mounts(text);
            let _ = mounts.hidepid();
            let _ = mounts.place(Path::new("/usr"));
            let _ = mounts.namespaces().count();
        }
    }
}
