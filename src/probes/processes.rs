//! The processes that /proc shows, and those that it does not.

use super::initial;
use crate::gap::USUAL_LENGTH;
use crate::netns::mounts::Mounts;
use crate::text::text;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::thread::{CapabilitySet, capabilities};
use sockdoctor_checks::facts::{Gap, Why};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The pids that /proc lists, ascending.
///
/// # Errors
/// /proc cannot be listed.
pub(crate) fn pids() -> std::io::Result<Vec<u32>> {
    numbers("/proc")
}

/// The threads of a process, ascending.
///
/// # Errors
/// It has ended, or is hidden.
pub(crate) fn thread_ids(pid: u32) -> std::io::Result<Vec<u32>> {
    numbers(&format!("/proc/{pid}/task"))
}

/// How many threads a process has: each is a link of the directory, as its own and its parent's
/// name are (proc_task_getattr, fs/proc/base.c).
///
/// # Errors
/// It has ended, or is hidden.
pub(crate) fn threads(pid: u32) -> std::io::Result<u64> {
    let directory = std::fs::metadata(format!("/proc/{pid}/task"))?;
    Ok(directory.nlink().saturating_sub(2))
}

fn numbers(directory: &str) -> std::io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The name of a process, /proc/PID/comm.
///
/// # Errors
/// It has ended, or is hidden.
pub(crate) fn name(pid: u32) -> std::io::Result<String> {
    let comm = read(pid, "comm")?;
    Ok(text(comm.strip_suffix(b"\n").unwrap_or(&comm)))
}

/// A name as far as the kernel keeps it, in 15 bytes (TASK_COMM_LEN, include/linux/sched.h).
pub(crate) fn kept(name: &str) -> String {
    const KEPT: usize = 15;
    let bytes = name.as_bytes();
    text(&bytes[..bytes.len().min(KEPT)])
}

/// The processes with this name, ascending.
///
/// # Errors
/// /proc cannot be listed.
pub(crate) fn called(wanted: &str) -> std::io::Result<Vec<u32>> {
    let wanted = kept(wanted);
    let mut pids = pids()?;
    pids.retain(|pid| name(*pid).is_ok_and(|name| name == wanted));
    Ok(pids)
}

/// Reads /proc/PID/`file`. The kernel makes these files in one piece, so a read that leaves
/// room in the buffer has reached the end, and a thousand processes are spared one each.
///
/// # Errors
/// The process has ended, or may not be looked at.
pub(crate) fn read(pid: u32, file: &str) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(format!("/proc/{pid}/{file}"))?;
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    rustix::io::read(&file, spare_capacity(&mut bytes))?;
    if bytes.len() == bytes.capacity() {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The gap for `what` (one) or `whats` (many) of processes that may not be looked at.
pub(crate) fn denied_gap(what: &str, whats: &str, processes: usize) -> Option<Gap> {
    let what = match processes {
        0 => return None,
        1 => format!("{what} of 1 other process"),
        many => format!("{whats} of {many} other processes"),
    };
    Some(Gap::new(what, denied()))
}

/// The gap for `whats` of the processes that /proc leaves out, when it does.
///
/// hidepid shows a process to those that may trace it (has_pid_permissions, fs/proc/base.c).
/// In a user namespace of its own the capability reaches no further than that namespace, and
/// then process 1 stays hidden.
pub(crate) fn hidden_gap(whats: &str, mounts: &Mounts) -> Option<Gap> {
    let may_trace =
        || capabilities(None).is_ok_and(|held| held.effective.contains(CapabilitySet::SYS_PTRACE));
    let sees_all = || may_trace() && rustix::fs::stat("/proc/1").is_ok();
    let what = || format!("{whats} of processes that /proc hides (hidepid)");
    (mounts.hides_processes() && !sees_all()).then(|| Gap::new(what(), denied()))
}

/// Whether there certainly is no such process: /proc does not have it, and hides none.
pub(crate) fn is_gone(pid: u32) -> bool {
    let stat = |process: &str| rustix::fs::stat(format!("/proc/{process}"));
    let is_absent = stat(&pid.to_string()).err() == Some(Errno::NOENT) && stat("self").is_ok();
    is_absent && Mounts::own().is_ok_and(|mounts| hidden_gap("", &mounts).is_none())
}

/// The processes of other containers and of the host have no number in a pid namespace of our own
/// (proc_pid_readdir, fs/proc/base.c, walks that namespace only), and yet may hold what is here.
pub(crate) fn outside_gap(whats: &str) -> Option<Gap> {
    let is_nested = matches!(initial::is_pid_namespace(Path::new("/proc")), Ok(false));
    let needs = "a run outside of it".to_owned();
    let what = || format!("{whats} of processes outside of this pid namespace");
    is_nested.then(|| Gap::new(what(), Why::Denied { needs }))
}

/// Why a process may not be looked at (ptrace_may_access, kernel/ptrace.c).
pub(crate) fn denied() -> Why {
    let needs = if rustix::process::geteuid().is_root() {
        "more privilege than root has here"
    } else {
        "root"
    };
    Why::Denied {
        needs: needs.to_owned(),
    }
}
