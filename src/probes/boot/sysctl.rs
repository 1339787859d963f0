//! sysctl.d(5), as systemd-sysctl applies it (src/sysctl/sysctl.c).

mod assignments;
mod line;

use super::drop_ins;
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::shown;
use assignments::Assignments;
use sockdoctor_checks::facts::{BootSysctl, Fact, Gap, Why};
use std::io::ErrorKind;
use std::path::Path;

/// The value that systemd-sysctl leaves in each setting that checks ask for, and the line that it comes from.
pub(super) fn collect(root: &dyn Root) -> Fact<Vec<BootSysctl>> {
    let (files, mut gaps) = drop_ins::read(root, &drop_ins::directories(root, "sysctl.d"));
    let mut assignments = Assignments::new();
    for file in &files {
        assignments.read(&file.path, &file.bytes);
    }
    gaps.extend(procps_only(root, &files));
    let (winners, undecided) = assignments.winners();
    gaps.extend(undecided);
    Fact::with_gaps(winners, gaps)
}

/// systemd-sysctl reads /etc/sysctl.conf only through a link in sysctl.d, as Debian has one.
/// `sysctl --system` of procps reads it too, and last. A setting in a file without such a link
/// depends on which of the two runs at boot, and that is not known here.
fn procps_only(root: &dyn Root, files: &[drop_ins::DropIn]) -> Vec<Gap> {
    let path = Path::new("/etc/sysctl.conf");
    let own = match root.real_path(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => return vec![io_gap(shown(path), &error)],
        Ok(own) => own,
    };
    let same =
        |file: &drop_ins::DropIn| root.real_path(&file.path).is_ok_and(|linked| linked == own);
    if files.iter().any(same) {
        return Vec::new();
    }
    let bytes = match drop_ins::read_file(root, path) {
        Ok(bytes) => bytes,
        Err(gap) => return vec![gap],
    };
    let mut assignments = Assignments::new();
    assignments.read(path, &bytes);
    let (winners, undecided) = assignments.winners();
    let named = winners.iter().map(only_procps_reads);
    named.chain(undecided).collect()
}

fn only_procps_reads(setting: &BootSysctl) -> Gap {
    let BootSysctl { key, value, place } = setting;
    let why = "systemd does not read this file, and `sysctl --system` reads it last";
    Gap::new(
        format!("{key} = {value} at {place}"),
        Why::Unsupported(why.to_owned()),
    )
}

#[cfg(test)]
mod tests;
