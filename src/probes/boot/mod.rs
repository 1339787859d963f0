//! What sysctl.d, modules-load.d and the kernel command line would set at the next boot.

mod applied;
mod command_line;
mod lines;
mod modules_load;
mod sysctl;
mod wildcard;

use super::drop_ins::place;
use super::{boot_loader, io_gap, read_trimmed};
use crate::root::{Directory, Root};
use crate::text::shown;
use sockdoctor_checks::facts::{Boot, BootDoubt, BootSysctl, Doubt, Fact, Gap};
use std::path::Path;

/// As many lines are told that may set the same key.
const DOUBTS: usize = 8;

/// Reads the configuration of this machine, and the command line that it was booted with.
pub(crate) fn collect() -> Fact<Boot> {
    let root = Path::new("/");
    let boot = Directory::open(root).map(|root| {
        let (lines, unread) = booted();
        of_files(&root, lines, unread.into_iter().collect())
    });
    boot.map_err(|error| io_gap(shown(root), &error)).into()
}

/// Reads the configuration of an image, and what its boot loader says.
pub(crate) fn collect_in(root: &dyn Root) -> Boot {
    let mut lines = Vec::new();
    let unread = boot_loader::each_line(root, |line, place| {
        lines.extend(command_line::settings(line, place));
    });
    of_files(root, lines, unread)
}

/// What /proc/cmdline sets.
fn booted() -> (Vec<BootSysctl>, Option<Gap>) {
    let path = Path::new("/proc/cmdline");
    match read_trimmed(path) {
        Ok(line) => (command_line::settings(&line, &place(path, 1)), None),
        Err(gap) => (Vec::new(), Some(gap)),
    }
}

/// What the files of `root` set after a command line that may have these settings.
fn of_files(root: &dyn Root, command_line: Vec<BootSysctl>, unread: Vec<Gap>) -> Boot {
    let found = sysctl::collect(root);
    let mut boot = Boot {
        sysctls: found.winners.and_gaps(unread),
        doubts: found.doubts,
        modules: modules_load::collect(root),
    };
    for line in command_line {
        doubt(&mut boot, line);
    }
    boot
}

/// A file that certainly sets the key has the last word. The first line of each value is enough.
fn doubt(boot: &mut Boot, line: BootSysctl) {
    let told = boot
        .doubts(&line.key)
        .any(|doubt| doubt.line.value == line.value);
    if !told && boot.line(&line.key).is_none() && boot.doubts(&line.key).count() < DOUBTS {
        let because = Doubt::CommandLine;
        boot.doubts.push(BootDoubt { line, because });
    }
}
