//! Which files modprobe reads (conf_files_list and kmod_config_new, libkmod/libkmod-config.c).
//!
//! A file hides those of the same name in all later directories, even when it is empty or a link
//! to /dev/null, and all are read in the order of their names.

use super::super::program::Program;
use crate::probes::drop_ins::{self, DropIn};
use crate::root::{Entry, Kind, Root};
use sockdoctor_checks::facts::{Gap, Why};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The directories of all versions, most important first (default_config_paths,
/// libkmod/libkmod.c).
const DIRECTORIES: [&str; 5] = [
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
];

/// Written by depmod into the module tree, and read as configuration.
const OF_THE_TREE: [&str; 2] = ["modules.softdep", "modules.weakdep"];

/// Where configuration files are looked for.
#[derive(Debug)]
pub(in crate::probes::modules) struct Sources {
    /// Directories, most important first.
    directories: Vec<PathBuf>,
    /// Files with names that end in `.alias` count too.
    alias_files: bool,
    /// What stands in the way of knowing.
    pub(super) gaps: Vec<Gap>,
}

impl Sources {
    /// These directories and no others, as after `modprobe -C`.
    pub(in crate::probes::modules) fn only(directories: &[PathBuf]) -> Self {
        Sources {
            directories: directories.to_vec(),
            alias_files: false,
            gaps: Vec::new(),
        }
    }

    /// All that any modprobe reads.
    #[cfg(feature = "libkmod")]
    pub(in crate::probes::modules) fn of_any_modprobe(root: &dyn Root) -> Self {
        Sources {
            directories: directories(root, |_| true),
            alias_files: true,
            gaps: Vec::new(),
        }
    }

    /// Those of the modprobe of `root`: they depend on its version and on how it was built.
    pub(in crate::probes::modules) fn of_modprobe(root: &dyn Root) -> Self {
        let (program, gaps) = match Program::read(root) {
            Ok(program) => (Some(program), Vec::new()),
            Err(gap) => (None, vec![gap]),
        };
        let reads = |directory: &str| program.as_ref().is_none_or(|own| own.reads(directory));
        Sources {
            directories: directories(root, reads),
            alias_files: program.is_some_and(|program| program.reads_alias_files()),
            gaps,
        }
    }

    /// Why nobody knows which files the modprobe reads. One that is not there reads none.
    pub(in crate::probes::modules) fn unknown_modprobe(&self) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.why != Why::Absent)
    }

    fn is_configuration(&self, name: &OsStr) -> bool {
        let name = name.as_bytes();
        let ending = name.ends_with(b".conf") || self.alias_files && name.ends_with(b".alias");
        ending && !name.starts_with(b".")
    }
}

/// Those of [`DIRECTORIES`] that count. /usr/lib stands for /lib where they are one.
fn directories(root: &dyn Root, reads: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let merged = drop_ins::is_usr_merged(root);
    let counts = |directory: &&str| match *directory {
        "/lib/modprobe.d" => !merged,
        "/usr/lib/modprobe.d" if merged => true,
        other => reads(other),
    };
    let all = DIRECTORIES.into_iter().filter(counts);
    all.map(PathBuf::from).collect()
}

/// Reads the files in the order in which they apply. What could not be read is in the gaps.
pub(super) fn read(root: &dyn Root, tree: &Path, sources: &Sources) -> (Vec<DropIn>, Vec<Gap>) {
    let own = OF_THE_TREE.map(|name| (OsString::from(name), tree.join(name)));
    let (mut by_name, mut gaps) = (BTreeMap::from(own), Vec::new());
    let counts = |path: &Path, entry: &Entry| {
        sources.is_configuration(&entry.name) && !is_directory(root, path, entry)
    };
    for directory in &sources.directories {
        gaps.extend(drop_ins::list_into(&mut by_name, root, directory, counts).err());
    }
    let files = drop_ins::read_all(root, by_name.into_values(), &mut gaps);
    (files, gaps)
}

/// Links are followed. One to nothing hides files: it is how images mask without a /dev, and
/// kmod before 34 did not look. kmod 34 ignores it (conf_files_filter_out).
fn is_directory(root: &dyn Root, path: &Path, entry: &Entry) -> bool {
    match entry.kind {
        Kind::Link => root.kind(path).is_ok_and(|kind| kind == Kind::Directory),
        kind => kind == Kind::Directory,
    }
}
