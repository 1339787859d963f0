//! Directories of drop-in files: the rule that sysctl.d(5), modules-load.d(5) and modprobe.d(5)
//! share. A file hides the files of the same name in all later directories, even when it is
//! empty or a link to /dev/null, and all files are read in the order of their names.

use crate::probes::io_gap;
use crate::text::shown;
use sockdoctor_checks::facts::Gap;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// A configuration file that counts.
#[derive(Debug)]
pub(in crate::probes) struct DropIn {
    /// Where it was found.
    pub(in crate::probes) path: PathBuf,
    /// Its bytes.
    pub(in crate::probes) bytes: Vec<u8>,
}

/// Reads the `*.conf` files of `directories`, most important directory first, in the order in
/// which they apply. What could not be read is in the gaps.
pub(in crate::probes) fn read(directories: &[PathBuf]) -> (Vec<DropIn>, Vec<Gap>) {
    let (mut by_name, mut gaps) = (BTreeMap::new(), Vec::new());
    for directory in directories {
        if let Err(gap) = list_into(&mut by_name, directory) {
            gaps.push(gap);
        }
    }
    let mut files = Vec::new();
    for path in by_name.into_values() {
        match read_file(&path) {
            Ok(bytes) => files.push(DropIn { path, bytes }),
            Err(gap) => gaps.push(gap),
        }
    }
    (files, gaps)
}

/// `OsString` sorts by bytes, as strcmp does in libkmod and systemd.
fn list_into(names: &mut BTreeMap<OsString, PathBuf>, directory: &Path) -> Result<(), Gap> {
    let gap = |error: std::io::Error| io_gap(shown(directory), &error);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(gap)?,
    };
    for entry in entries {
        let entry = entry.map_err(gap)?;
        let name = entry.file_name();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_configuration(&name) && !is_directory {
            names.entry(name).or_insert_with(|| entry.path());
        }
    }
    Ok(())
}

fn is_configuration(name: &OsString) -> bool {
    let name = name.as_bytes();
    name.ends_with(b".conf") && !name.starts_with(b".")
}

/// The bytes of a configuration file. A link to a device, which /dev/null is, or to nothing
/// says nothing. A pipe is refused, because opening it can wait for ever.
///
/// # Errors
/// The gap, named after the file.
pub(in crate::probes) fn read_file(path: &Path) -> Result<Vec<u8>, Gap> {
    let what = || shown(path);
    let kind = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        metadata => metadata
            .map_err(|error| io_gap(what(), &error))?
            .file_type(),
    };
    if kind.is_char_device() {
        return Ok(Vec::new());
    }
    if !kind.is_file() {
        return Err(Gap::malformed(what(), "not a regular file"));
    }
    std::fs::read(path).map_err(|error| io_gap(what(), &error))
}

/// The directories `NAME.d` under `root` in the order of precedence of systemd (CONF_PATHS,
/// src/basic/constants.h) and libkmod (default_config_paths, libkmod/libkmod.c). /lib is left
/// out where it is a link to /usr/lib.
pub(in crate::probes) fn directories(root: &Path, name: &str) -> Vec<PathBuf> {
    let merged = std::fs::canonicalize(root.join("lib")).ok()
        == std::fs::canonicalize(root.join("usr/lib")).ok();
    let all = ["etc", "run", "usr/local/lib", "usr/lib", "lib"];
    let parents = if merged { &all[..4] } else { &all[..] };
    parents
        .iter()
        .map(|parent| root.join(parent).join(name))
        .collect()
}
