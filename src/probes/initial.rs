//! The namespaces that the kernel boots with, by the numbers that it gives them
//! (include/linux/proc_ns.h; cgroup since Linux 4.6).

use std::io::{ErrorKind, Result};
use std::path::Path;

/// PROC_PID_INIT_INO.
pub(crate) const PID: &str = "pid:[4026531836]";
/// PROC_USER_INIT_INO.
pub(crate) const USER: &str = "user:[4026531837]";
/// PROC_UTS_INIT_INO.
pub(crate) const UTS: &str = "uts:[4026531838]";
/// PROC_IPC_INIT_INO.
pub(crate) const IPC: &str = "ipc:[4026531839]";
/// PROC_CGROUP_INIT_INO.
pub(crate) const CGROUP: &str = "cgroup:[4026531835]";

/// PROC_TIME_INIT_INO.
const TIME: &str = "time:[4026531834]";

/// Whether the observer counts the time since boot from another moment than the kernel does. Before
/// Linux 5.6 there is no such link, and nobody does.
pub(crate) fn has_other_time_namespace(proc: &Path) -> Result<bool> {
    match std::fs::read_link(proc.join("self/ns/time")) {
        Ok(link) => Ok(link != Path::new(TIME)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the observer is in the initial pid namespace, where process 1 is the one that the
/// kernel started. In another, process 1 is the init of a container. `proc` is where procfs is.
pub(crate) fn is_pid_namespace(proc: &Path) -> Result<bool> {
    let link = std::fs::read_link(proc.join("self/ns/pid"))?;
    Ok(link == Path::new(PID))
}
