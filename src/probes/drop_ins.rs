//! Directories of drop-in files: the rule that sysctl.d(5), modules-load.d(5) and modprobe.d(5)
//! share. A file hides the files of the same name in all later directories, even when it is
//! empty or a link to /dev/null, and all files are read in the order of their names. To systemd
//! (conf_files_list_strv without flags) a directory is such a file, and one that says nothing.

use super::io_gap;
use crate::root::{Entry, Kind, Root};
use crate::text::shown;
use sockdoctor_checks::facts::{Gap, Place};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A configuration file that counts.
#[derive(Debug)]
pub(super) struct DropIn {
    /// Where it was found, inside the root.
    pub(super) path: PathBuf,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// What the files of one kind may hold together, in bytes. Real ones hold some kilobytes; an
/// image can hold a thousand links to one large file.
const MOST: usize = 64 << 20;

/// Reads the `*.conf` files of these directories of `root`, most important directory first, in
/// the order in which they apply. What could not be read is in the gaps.
pub(super) fn read(root: &dyn Root, directories: &[PathBuf]) -> (Vec<DropIn>, Vec<Gap>) {
    let (mut by_name, mut gaps) = (BTreeMap::new(), Vec::new());
    let counts = |_: &Path, entry: &Entry| is_configuration(&entry.name);
    for directory in directories {
        gaps.extend(list_into(&mut by_name, root, directory, counts).err());
    }
    let files = read_all(root, by_name.into_values(), &mut gaps);
    (files, gaps)
}

/// Reads these files, as far as they are not too much together.
pub(super) fn read_all(
    root: &dyn Root,
    paths: impl Iterator<Item = PathBuf>,
    gaps: &mut Vec<Gap>,
) -> Vec<DropIn> {
    let (mut files, mut sum) = (Vec::new(), 0);
    for path in paths {
        match read_file(root, &path) {
            Ok(bytes) if sum + bytes.len() > MOST => {
                let why = format!("with the files before it larger than {} MiB", MOST >> 20);
                gaps.push(Gap::malformed(shown(&path), why));
                break;
            }
            Ok(bytes) => {
                sum += bytes.len();
                files.push(DropIn { path, bytes });
            }
            Err(gap) => gaps.push(gap),
        }
    }
    files
}

/// Adds what `counts` of a directory, unless an earlier one has a file of the same name.
/// `OsString` sorts by bytes, as strcmp does in libkmod and systemd.
///
/// # Errors
/// The directory is there and cannot be listed.
pub(super) fn list_into(
    names: &mut BTreeMap<OsString, PathBuf>,
    root: &dyn Root,
    directory: &Path,
    counts: impl Fn(&Path, &Entry) -> bool,
) -> Result<(), Gap> {
    let entries = match root.list(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| io_gap(shown(directory), &error))?,
    };
    for entry in entries {
        let path = directory.join(&entry.name);
        if counts(&path, &entry) {
            names.entry(entry.name).or_insert(path);
        }
    }
    Ok(())
}

fn is_configuration(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.ends_with(b".conf") && !name.starts_with(b".")
}

/// The bytes of a configuration file. A directory and a link to a device, which /dev/null is, or
/// to nothing say nothing. A pipe is refused, because opening it can wait for ever.
///
/// # Errors
/// The gap, named after the file.
pub(super) fn read_file(root: &dyn Root, path: &Path) -> Result<Vec<u8>, Gap> {
    let gap = |error: std::io::Error| io_gap(shown(path), &error);
    match root.kind(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Ok(Kind::CharacterDevice | Kind::Directory) => Ok(Vec::new()),
        kind => kind.and_then(|_| root.read(path)).map_err(gap),
    }
}

/// The directories `NAME.d` of `root` in the order of precedence of systemd (CONF_PATHS,
/// src/basic/constants.h), without /lib where that is a link to /usr/lib.
pub(super) fn directories(root: &dyn Root, name: &str) -> Vec<PathBuf> {
    let all = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"];
    let parents = if is_usr_merged(root) {
        &all[..4]
    } else {
        &all[..]
    };
    let inside = |parent: &&str| Path::new(parent).join(name);
    parents.iter().map(inside).collect()
}

/// Whether /lib and /usr/lib are one directory.
pub(super) fn is_usr_merged(root: &dyn Root) -> bool {
    let real = |path: &str| root.real_path(Path::new(path)).ok();
    real("/lib") == real("/usr/lib")
}

/// A line of a file of the image or of this machine.
pub(super) fn place(path: &Path, line: usize) -> Place {
    Place {
        path: shown(path),
        line: u32::try_from(line).ok(),
    }
}
