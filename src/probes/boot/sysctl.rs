//! sysctl.d(5), as systemd-sysctl applies it (src/sysctl/sysctl.c). Other programs that read these
//! files have other rules: OpenRC's script on Alpine goes through /usr/lib before /etc, and a link
//! to /dev/null hides nothing from it. Without systemd-sysctl each line is a doubt.

mod assignments;
mod line;

pub(super) use assignments::is_asked_for;

use super::applied;
use crate::probes::drop_ins;
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::shown;
use assignments::Assignments;
use sockdoctor_checks::facts::{BootDoubt, BootSysctl, Doubt, Fact, Gap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What procps and scripts of an init system read, too.
const OF_PROCPS: &str = "/etc/sysctl.conf";

/// What a boot sets of the settings that checks ask for.
#[derive(Debug, PartialEq)]
pub(super) struct Settings {
    /// The value that is left in each, and the line that it comes from.
    pub(super) winners: Fact<Vec<BootSysctl>>,
    /// The lines of which it is not known whether they set anything.
    pub(super) doubts: Vec<BootDoubt>,
}

pub(super) fn collect(root: &dyn Root) -> Settings {
    let directories = drop_ins::directories(root, "sysctl.d");
    let found = match applied::by_systemd(root, "systemd-sysctl") {
        Ok(true) => Ok(by_systemd(root, &directories)),
        Ok(false) => applied::without_systemd(root).map(|why| doubted(root, &directories, &why)),
        Err(gap) => Err(gap),
    };
    found.unwrap_or_else(|gap| Settings {
        winners: Fact::Missing(gap),
        doubts: Vec::new(),
    })
}

fn by_systemd(root: &dyn Root, directories: &[PathBuf]) -> Settings {
    let (files, mut gaps) = drop_ins::read(root, directories);
    let mut assignments = Assignments::new();
    for file in &files {
        assignments.read(&file.path, &file.bytes);
    }
    let (winners, undecided) = assignments.winners();
    let (doubts, more) = only_procps_reads(root, &files);
    gaps.extend(more);
    gaps.extend(undecided);
    Settings {
        winners: Fact::with_gaps(winners, gaps),
        doubts,
    }
}

/// All lines of all files: whether one file hides another depends on who reads them.
fn doubted(root: &dyn Root, directories: &[PathBuf], because: &Doubt) -> Settings {
    let (mut assignments, mut gaps) = (Assignments::new(), Vec::new());
    for directory in directories {
        let (files, unread) = drop_ins::read(root, std::slice::from_ref(directory));
        gaps.extend(unread);
        for file in &files {
            assignments.read(&file.path, &file.bytes);
        }
    }
    let own = Path::new(OF_PROCPS);
    match drop_ins::read_file(root, own) {
        Ok(bytes) => assignments.read(own, &bytes),
        Err(gap) => gaps.push(gap),
    }
    let (lines, undecided) = assignments.lines();
    gaps.extend(undecided);
    Settings {
        winners: Fact::with_gaps(Vec::new(), gaps),
        doubts: doubts(lines, because),
    }
}

fn doubts(lines: Vec<BootSysctl>, because: &Doubt) -> Vec<BootDoubt> {
    let doubt = |line| BootDoubt {
        line,
        because: because.clone(),
    };
    lines.into_iter().map(doubt).collect()
}

/// systemd-sysctl reads /etc/sysctl.conf only through a link in sysctl.d, as Debian has one.
/// `sysctl --system` of procps reads it too, and last. A setting in a file without such a link
/// depends on which of the two runs at boot, and that is not known here.
fn only_procps_reads(root: &dyn Root, files: &[drop_ins::DropIn]) -> (Vec<BootDoubt>, Vec<Gap>) {
    let path = Path::new(OF_PROCPS);
    let own = match root.real_path(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return (Vec::new(), Vec::new()),
        Err(error) => return (Vec::new(), vec![io_gap(shown(path), &error)]),
        Ok(own) => own,
    };
    let same =
        |file: &drop_ins::DropIn| root.real_path(&file.path).is_ok_and(|linked| linked == own);
    if files.iter().any(same) {
        return (Vec::new(), Vec::new());
    }
    let bytes = match drop_ins::read_file(root, path) {
        Ok(bytes) => bytes,
        Err(gap) => return (Vec::new(), vec![gap]),
    };
    let mut assignments = Assignments::new();
    assignments.read(path, &bytes);
    let (winners, undecided) = assignments.winners();
    (doubts(winners, &Doubt::OnlyProcpsReads), undecided)
}

#[cfg(test)]
mod tests;
