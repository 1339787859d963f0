//! Which process holds a given socket, and under which number.

use super::{io_gap, processes};
use crate::netns::mounts::Mounts;
use crate::runner::{Deadline, threads_for};
use rustix::fd::{AsFd, RawFd};
use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat_raw};
use rustix::io::Errno;
use rustix::path::Arg;
use sockdoctor_checks::facts::Gap;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A descriptor that refers to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The process: of several the one with the lowest pid, as a server and its workers have.
    pub pid: u32,
    /// The number of the descriptor in it.
    pub descriptor: RawFd,
}

/// The holders of sockets, as far as they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    /// By inode of the socket. A socket that no process holds (nfsd's, for one) is not in it.
    pub found: BTreeMap<u32, Holder>,
    /// Why a socket may be missing that a process holds. Empty when all were found.
    pub gaps: Vec<Gap>,
}

/// Where sockets were seen before. What stands here is looked at again before it is believed,
/// and spares the walk to those who ask a second time.
static SEEN: Mutex<BTreeMap<u32, Holder>> = Mutex::new(BTreeMap::new());

/// Looks where these sockets were seen before, and for the others walks /proc/*/fd until every
/// one has a holder.
///
/// # Errors
/// /proc cannot be listed.
pub fn find(inodes: &BTreeSet<u32>, deadline: Deadline) -> Result<Holders, Gap> {
    // Inode 0 is a socket without a descriptor.
    let wanted = inodes.iter().copied().filter(|inode| *inode != 0);
    let mut found = BTreeMap::new();
    let mut lost = BTreeSet::new();
    for inode in wanted {
        match locked(&SEEN).get(&inode).filter(|seen| holds(seen, inode)) {
            Some(&seen) => drop(found.insert(inode, seen)),
            None => drop(lost.insert(inode)),
        }
    }
    if lost.is_empty() {
        let gaps = Vec::new();
        return Ok(Holders { found, gaps });
    }
    let walked = walk(&lost, deadline)?;
    locked(&SEEN).extend(&walked.found);
    found.extend(walked.found);
    let gaps = walked.gaps;
    Ok(Holders { found, gaps })
}

fn holds(holder: &Holder, inode: u32) -> bool {
    let Holder { pid, descriptor } = holder;
    socket(CWD, format!("/proc/{pid}/fd/{descriptor}")) == Ok(Some(inode))
}

fn walk(wanted: &BTreeSet<u32>, deadline: Deadline) -> Result<Holders, Gap> {
    let pids = processes::pids().map_err(|error| io_gap("/proc", &error))?;
    let hunt = Hunt::new(wanted, &pids, deadline);
    std::thread::scope(|scope| {
        for _ in 1..threads_for(pids.len()) {
            scope.spawn(|| hunt.walk());
        }
        hunt.walk();
    });
    let gaps = hunt.gaps();
    let found = std::mem::take(&mut *locked(&hunt.holders));
    Ok(Holders { found, gaps })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A walk that several threads share.
struct Hunt<'a> {
    wanted: &'a BTreeSet<u32>,
    pids: &'a [u32],
    deadline: Deadline,
    next: AtomicUsize,
    /// By inode. A holder is only ever replaced by one with a lower pid.
    holders: Mutex<BTreeMap<u32, Holder>>,
    unheld: AtomicUsize,
    denied: AtomicUsize,
    late: AtomicBool,
}

impl<'a> Hunt<'a> {
    fn new(wanted: &'a BTreeSet<u32>, pids: &'a [u32], deadline: Deadline) -> Self {
        Hunt {
            wanted,
            pids,
            deadline,
            next: AtomicUsize::new(0),
            holders: Mutex::new(BTreeMap::new()),
            unheld: AtomicUsize::new(wanted.len()),
            denied: AtomicUsize::new(0),
            late: AtomicBool::new(false),
        }
    }

    fn all_held(&self) -> bool {
        self.unheld.load(Ordering::Relaxed) == 0
    }

    /// Takes processes in ascending order. When every inode has a holder the rest, with their
    /// higher pids, can change nothing.
    fn walk(&self) {
        while !self.all_held() && !self.is_late() {
            let Some(&pid) = self.pids.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            match self.look_into(pid) {
                Ok(()) => {}
                Err(Errno::ACCESS | Errno::PERM) => {
                    self.denied.fetch_add(1, Ordering::Relaxed);
                }
                Err(_) => {} // It ended meanwhile.
            }
        }
    }

    fn look_into(&self, pid: u32) -> Result<(), Errno> {
        let path = format!("/proc/{pid}/fd");
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty())?;
        let mut entries = rustix::fs::Dir::read_from(&directory)?;
        while let Some(entry) = entries.read() {
            if self.is_settled(pid) || self.is_late() {
                break;
            }
            let entry = entry?;
            let socket = socket(&directory, entry.file_name())?;
            let number = entry.file_name().to_str().ok().and_then(|n| n.parse().ok());
            if let (Some(inode), Some(descriptor)) = (socket, number)
                && self.wanted.contains(&inode)
            {
                self.record(inode, Holder { pid, descriptor });
            }
        }
        Ok(())
    }

    /// Nothing that this process holds can change a holder any more.
    fn is_settled(&self, pid: u32) -> bool {
        let before = |holder: &Holder| holder.pid <= pid;
        self.all_held() && locked(&self.holders).values().all(before)
    }

    fn is_late(&self) -> bool {
        let late = self.deadline.left().is_zero();
        if late {
            self.late.store(true, Ordering::Relaxed);
        }
        late
    }

    fn record(&self, inode: u32, holder: Holder) {
        let mut holders = locked(&self.holders);
        if let Some(known) = holders.get_mut(&inode) {
            if holder.pid < known.pid {
                *known = holder;
            }
        } else {
            holders.insert(inode, holder);
            self.unheld.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn gaps(&self) -> Vec<Gap> {
        const WHATS: &str = "descriptors";
        if self.all_held() {
            return Vec::new();
        }
        let denied = self.denied.load(Ordering::Relaxed);
        let mut gaps = Vec::from_iter(processes::denied_gap(WHATS, WHATS, denied));
        gaps.extend(processes::outside_gap(WHATS));
        match Mounts::own() {
            Ok(mounts) => gaps.extend(processes::hidden_gap(WHATS, &mounts)),
            Err(gap) => gaps.push(gap),
        }
        if self.late.load(Ordering::Relaxed) {
            gaps.push(self.deadline.gap("holders of sockets"));
        }
        gaps
    }
}

/// The inode of the socket that a descriptor refers to: `socket:[5080]`.
///
/// # Errors
/// The directory of descriptors asks for their owner, each link for ptrace permission
/// (proc_fd_permission, fs/proc/fd.c; proc_fd_access_allowed, fs/proc/base.c): root without
/// CAP_SYS_PTRACE can list what it cannot read.
fn socket(directory: impl AsFd, descriptor: impl Arg) -> Result<Option<u32>, Errno> {
    let mut buffer = [MaybeUninit::uninit(); 64];
    match readlinkat_raw(directory, descriptor, &mut buffer) {
        Ok((target, _)) => Ok(inode(target)),
        Err(error @ (Errno::ACCESS | Errno::PERM)) => Err(error),
        // It was closed meanwhile, or is none of the numbers.
        Err(_) => Ok(None),
    }
}

fn inode(target: &[u8]) -> Option<u32> {
    let number = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}
