//! Which namespace something is: its device and its inode.

use crate::probes::processes;
use rustix::fs::{CWD, fstat, readlinkat_raw};
use rustix::io::{Errno, Result};
use sockdoctor_checks::facts::NetnsId;
use std::iter::once;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

/// The inode of the initial network namespace since about Linux 6.18, NET_NS_INIT_INO in
/// include/uapi/linux/nsfs.h. Before that it was handed out, from 0xF0000000 upwards
/// (PROC_DYNAMIC_FIRST, fs/proc/generic.c), so this number has never meant another one.
const INITIAL_NETWORK_NAMESPACE: u64 = 0xEFFF_FFF9;

/// The identity of an open nsfs file.
pub(super) fn of_file(file: impl AsFd) -> Result<NetnsId> {
    let stat = fstat(file)?;
    Ok(NetnsId {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}

/// The inode of the network namespace of a process, from its link. Every nsfs file is on one
/// device, because the kernel mounts nsfs once (nsfs_init, fs/nsfs.c), so the inode is enough,
/// and reading the link costs a quarter of opening it.
///
/// A process whose first thread has ended lives on in the others, and only those are in a
/// namespace then (exit_task_namespaces, kernel/nsproxy.c).
pub(super) fn of_process(pid: u32) -> Result<u64> {
    let links = ways_through(pid).map(|way| link(CWD, &way));
    let mut not_ended = links.skip_while(|link| *link == Err(Errno::NOENT));
    not_ended.next().unwrap_or(Err(Errno::NOENT))
}

/// The files that lead into the namespace of a process: its own, then those of its threads.
pub(super) fn ways_through(pid: u32) -> impl Iterator<Item = String> {
    let threads = move |()| processes::thread_ids(pid).unwrap_or_default();
    let threads = once(()).flat_map(threads);
    once(format!("/proc/{pid}/ns/net"))
        .chain(threads.map(move |thread| format!("/proc/{pid}/task/{thread}/ns/net")))
}

/// The number in a link like `net:[4026531833]`.
pub(super) fn link(directory: impl AsFd, path: &str) -> Result<u64> {
    let mut buffer = [MaybeUninit::uninit(); 64];
    let (target, _) = readlinkat_raw(directory, path, &mut buffer)?;
    inode(target).ok_or(Errno::INVAL)
}

/// The number between the brackets.
pub(super) fn inode(target: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(target).ok()?;
    let (_, number) = text.split_once(":[")?;
    number.strip_suffix(']')?.parse().ok()
}

/// Whether this is the initial network namespace. Only kernels that give it a number of its own
/// can tell.
pub(super) fn is_initial(id: &NetnsId) -> bool {
    id.inode == INITIAL_NETWORK_NAMESPACE
}

/// The identity of the calling thread's namespace, in which the main thread must be too.
///
/// # Errors
/// ENOENT where the kernel has no network namespaces. ENOTUNIQ where two threads in one
/// namespace see two numbers, which therefore identify nothing: gVisor, release 20221219.
pub(super) fn own() -> Result<NetnsId> {
    const THREAD: &str = "/proc/thread-self/ns/net";
    if link(CWD, THREAD)? != link(CWD, "/proc/self/ns/net")? {
        return Err(Errno::NOTUNIQ);
    }
    let stat = rustix::fs::stat(THREAD)?;
    Ok(NetnsId {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inode_stands_between_brackets() {
        assert_eq!(inode(b"net:[4026531833]"), Some(4_026_531_833));
    }

    #[test]
    fn a_link_to_anything_else_has_none() {
        for target in [&b"/run/netns/web"[..], b"net:[", b"net:[x]", b"\xff:[1]"] {
            assert_eq!(inode(target), None);
        }
    }

    #[test]
    fn link_and_file_agree() {
        let file = std::fs::File::open("/proc/thread-self/ns/net").expect("nsfs");
        assert_eq!(own(), of_file(&file));
    }
}
