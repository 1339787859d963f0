//! sysctl.d(5), as systemd-sysctl applies it (src/sysctl/sysctl.c).

use super::{drop_ins, place, wildcard};
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::{quoted, shown, text};
use sockdoctor_checks::facts::{BootSysctl, Fact, Gap, Place, Why};
use std::io::ErrorKind;
use std::path::Path;

/// The settings that checks ask for.
const KEYS: [&str; 7] = [
    "kernel.modprobe",
    "kernel.modules_disabled",
    "net.core.somaxconn",
    "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_syncookies",
];

/// The value that systemd-sysctl leaves in each of [`KEYS`], and the line that it comes from.
pub(super) fn collect(root: &dyn Root) -> Fact<Vec<BootSysctl>> {
    let (files, mut gaps) = drop_ins::read(root, &drop_ins::directories(root, "sysctl.d"));
    let mut assignments = Assignments::new();
    for file in &files {
        assignments.read(&file.bytes, |line| place(&file.path, line));
    }
    gaps.extend(procps_only(root, &files));
    Fact::with_gaps(assignments.winners(), gaps)
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
    assignments.read(&bytes, |line| place(path, line));
    assignments
        .winners()
        .iter()
        .map(only_procps_reads)
        .collect()
}

fn only_procps_reads(setting: &BootSysctl) -> Gap {
    let BootSysctl { key, value, place } = setting;
    let why = "systemd does not read this file, and `sysctl --system` reads it last";
    Gap::new(
        format!("{key} = {value} at {place}"),
        Why::Unsupported(why.to_owned()),
    )
}

/// One line: a key or a glob, with slashes, and its value. `None` takes the key out of globs.
struct Assignment {
    key: String,
    value: Option<String>,
    place: Place,
}

impl Assignment {
    fn is_glob(&self) -> bool {
        self.key.contains(['*', '?', '['])
    }
}

/// Assignments in the order in which systemd would apply them.
struct Assignments(Vec<Assignment>);

impl Assignments {
    fn new() -> Self {
        Assignments(Vec::new())
    }

    fn read(&mut self, bytes: &[u8], place: impl Fn(usize) -> Place) {
        for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if let Some((key, value)) = parse_line(line) {
                self.add(Assignment {
                    key,
                    value,
                    place: place(index + 1),
                });
            }
        }
    }

    /// A later assignment of the same key takes the place of the earlier one, at the end of the
    /// list; one that repeats the value leaves the order as it was (parse_line, sysctl.c). The
    /// later line is named either way, because it is the one to edit.
    fn add(&mut self, new: Assignment) {
        // A file may hold any number of lines that nobody here asks about.
        if !new.is_glob() && !KEYS.iter().any(|key| key.replace('.', "/") == new.key) {
            return;
        }
        let earlier = self.0.iter().position(|old| old.key == new.key);
        match earlier {
            Some(index) if self.0[index].value == new.value => self.0[index].place = new.place,
            Some(index) => {
                self.0.remove(index);
                self.0.push(new);
            }
            None => self.0.push(new),
        }
    }

    fn winners(&self) -> Vec<BootSysctl> {
        KEYS.iter().filter_map(|key| self.winner(key)).collect()
    }

    /// A key that is named wins over every glob, also when it is only named to take it out of
    /// them (apply_glob_option_with_prefix, sysctl.c). Of several globs the last one stays.
    fn winner(&self, key: &str) -> Option<BootSysctl> {
        let path = key.replace('.', "/");
        let named = self.0.iter().find(|line| line.key == path);
        let winner = named.or_else(|| {
            let mut globs = self.0.iter().rev().filter(|line| line.is_glob());
            globs.find(|line| line.value.is_some() && wildcard::matches_path(&line.key, &path))
        })?;
        Some(BootSysctl {
            key: key.to_owned(),
            value: quoted(winner.value.as_ref()?),
            place: winner.place.clone(),
        })
    }
}

/// Key and value of a line, `None` for what systemd passes over.
fn parse_line(line: &[u8]) -> Option<(String, Option<String>)> {
    let line = text(line.trim_ascii());
    if line.is_empty() || line.starts_with(['#', ';']) {
        return None;
    }
    let unsigned = line.strip_prefix('-');
    match line.split_once('=') {
        Some(_) => {
            let (key, value) = unsigned.unwrap_or(&line).split_once('=')?;
            Some((normalize(key.trim()), Some(value.trim().to_owned())))
        }
        None => Some((normalize(unsigned?.trim()), None)),
    }
}

/// Turns dots to slashes, and slashes to dots, unless a slash comes first (sysctl_normalize,
/// src/shared/sysctl-util.c).
fn normalize(key: &str) -> String {
    if key
        .find(['.', '/'])
        .is_none_or(|at| key[at..].starts_with('/'))
    {
        return key.trim_start_matches('/').to_owned();
    }
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    key.chars().map(swap).collect()
}

#[cfg(test)]
mod tests;
