//! Which process holds a given socket, and under which number.

use super::{io_gap, processes};
use crate::netns::mounts::Mounts;
use crate::runner::{Deadline, threads_for};
use rustix::fd::{AsFd, RawFd};
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::io::Errno;
use rustix::path::Arg;
use sockdoctor_checks::facts::Gap;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Descriptors below this are looked at first, in all processes. A server listens before it has
/// connections, so that its listeners sit there, and the thousands above them are left alone.
const LOW: RawFd = 64;

/// A descriptor that refers to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    /// The process: of several the one with the lowest pid, as a server and its workers have.
    /// Those that hold it below descriptor 64 come first.
    pub pid: u32,
    /// The number of the descriptor in it.
    pub descriptor: RawFd,
}

/// The holders of sockets, as far as they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holders {
    /// By inode of the socket. A socket that no process holds (nfsd's, for one) is not in it.
    pub found: BTreeMap<u32, Holder>,
    /// Why a socket may be missing that a process holds. Empty when all were found.
    pub gaps: Vec<Gap>,
}

/// Where sockets were seen before. What stands here is looked at again before it is believed,
/// and spares the walk to those who ask a second time.
static SEEN: Mutex<BTreeMap<u32, Holder>> = Mutex::new(BTreeMap::new());

/// Looks through all descriptors of the processes in `first`, then where the other sockets were
/// seen before, and for what is left walks /proc/*/fd until every one has a holder: first through
/// the low numbers of all processes, then through the others.
///
/// # Errors
/// /proc cannot be listed, or one of the first may not be looked at.
pub(super) fn find(
    inodes: &BTreeSet<u32>,
    first: &[u32],
    deadline: Deadline,
) -> Result<Holders, Gap> {
    // Inode 0 is a socket without a descriptor.
    let wanted: Vec<u32> = inodes.iter().copied().filter(|inode| *inode != 0).collect();
    let mut found = held_by(first, &wanted, deadline)?;
    let others = wanted.iter().copied();
    let others = others.filter(|inode| !found.contains_key(inode));
    let before = seen_before(others);
    found.extend(before);
    let lost: Vec<u32> = wanted
        .into_iter()
        .filter(|inode| !found.contains_key(inode))
        .collect();
    if lost.is_empty() {
        let gaps = Vec::new();
        return Ok(Holders { found, gaps });
    }
    let mut walked = walk(&lost, deadline)?;
    let mut seen = locked(&SEEN);
    // Of what is gone nobody asks again, and `watch` can run for weeks.
    seen.retain(|inode, holder| holds(holder, *inode));
    seen.append(&mut walked.found.clone());
    drop(seen);
    found.append(&mut walked.found);
    let gaps = walked.gaps;
    Ok(Holders { found, gaps })
}

/// Those of the sockets that these processes hold.
fn held_by(pids: &[u32], wanted: &[u32], deadline: Deadline) -> Result<BTreeMap<u32, Holder>, Gap> {
    let low = Hunt::new(wanted, pids, Part::Low, deadline).run();
    let high = Hunt::new(wanted, &low.more, Part::High, deadline).run();
    match low.unseen.and(high.unseen).gaps().into_iter().next() {
        Some(unseen) => Err(unseen),
        None => Ok(high.found.into_iter().chain(low.found).collect()),
    }
}

fn seen_before(wanted: impl Iterator<Item = u32>) -> BTreeMap<u32, Holder> {
    let seen = locked(&SEEN);
    let looked_up = wanted.filter_map(|inode| Some((inode, *seen.get(&inode)?)));
    looked_up
        .filter(|(inode, holder)| holds(holder, *inode))
        .collect()
}

fn holds(holder: &Holder, inode: u32) -> bool {
    let Holder { pid, descriptor } = holder;
    socket(CWD, format!("/proc/{pid}/fd/{descriptor}")) == Ok(Some(inode))
}

/// `wanted` is in ascending order.
fn walk(wanted: &[u32], deadline: Deadline) -> Result<Holders, Gap> {
    let pids = processes::pids().map_err(|error| io_gap("/proc", &error))?;
    let low = Hunt::new(wanted, &pids, Part::Low, deadline).run();
    let mut found = low.found;
    let unheld = wanted.iter().copied();
    let unheld: Vec<u32> = unheld.filter(|inode| !found.contains_key(inode)).collect();
    let mut high = Hunt::new(&unheld, &low.more, Part::High, deadline).run();
    found.append(&mut high.found);
    let gaps = match found.len() == wanted.len() {
        true => Vec::new(),
        false => gaps(&low.unseen.and(high.unseen), deadline),
    };
    Ok(Holders { found, gaps })
}

/// What is looked at.
const WHATS: &str = "descriptors";

/// What a walk left out.
#[derive(Debug, Clone, Copy, Default)]
struct Unseen {
    /// Processes that may not be looked at.
    denied: usize,
    /// What went wrong with one that has not ended.
    failed: Option<Errno>,
    /// The deadline came first.
    late: bool,
}

impl Unseen {
    fn and(self, other: Unseen) -> Unseen {
        Unseen {
            denied: self.denied + other.denied,
            failed: self.failed.or(other.failed),
            late: self.late || other.late,
        }
    }

    /// The gaps that are the processes' own.
    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::from_iter(processes::denied_gap(WHATS, WHATS, self.denied));
        let failed = self.failed.map(std::io::Error::from);
        gaps.extend(failed.map(|error| io_gap("descriptors of other processes", &error)));
        gaps
    }
}

/// Why a socket may have a holder that was not found.
fn gaps(unseen: &Unseen, deadline: Deadline) -> Vec<Gap> {
    let mut gaps = unseen.gaps();
    gaps.extend(processes::outside_gap(WHATS));
    match Mounts::own() {
        Ok(mounts) => gaps.extend(processes::hidden_gap(WHATS, &mounts)),
        Err(gap) => gaps.push(gap),
    }
    if unseen.late {
        gaps.push(deadline.gap("holders of sockets"));
    }
    gaps
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which descriptors of a process to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Those below [`LOW`].
    Low,
    /// The others.
    High,
}

impl Part {
    /// How many bytes of the list of descriptors to ask for at once: the kernel makes an inode for
    /// each that it lists (proc_fill_cache, fs/proc/base.c), even if nobody looks at it.
    const fn list(self) -> usize {
        /// Of one with up to four digits (struct linux_dirent64).
        const ENTRY: usize = 24;
        match self {
            Part::Low => LOW as usize * ENTRY,
            Part::High => 32 * 1024,
        }
    }
}

/// A walk that several threads share.
struct Hunt<'a> {
    /// Inodes, ascending.
    wanted: &'a [u32],
    pids: &'a [u32],
    part: Part,
    deadline: Deadline,
    next: AtomicUsize,
    /// Of each inode. A holder is only ever replaced by one with a lower pid.
    holders: Mutex<Vec<Option<Holder>>>,
    unheld: AtomicUsize,
    /// The processes with descriptors that were left for later.
    more: Mutex<BTreeSet<u32>>,
    unseen: Mutex<Unseen>,
}

/// What came of it.
struct Caught {
    found: BTreeMap<u32, Holder>,
    more: Vec<u32>,
    unseen: Unseen,
}

impl<'a> Hunt<'a> {
    fn new(wanted: &'a [u32], pids: &'a [u32], part: Part, deadline: Deadline) -> Self {
        Hunt {
            wanted,
            pids,
            part,
            deadline,
            next: AtomicUsize::new(0),
            holders: Mutex::new(vec![None; wanted.len()]),
            unheld: AtomicUsize::new(wanted.len()),
            more: Mutex::new(BTreeSet::new()),
            unseen: Mutex::default(),
        }
    }

    fn run(self) -> Caught {
        std::thread::scope(|scope| {
            for _ in 1..threads_for(self.pids.len()) {
                // Without it the others walk on, and this one does.
                let _ = std::thread::Builder::new().spawn_scoped(scope, || self.walk());
            }
            self.walk();
        });
        let holders = locked(&self.holders);
        let held = self.wanted.iter().zip(&*holders);
        Caught {
            found: held
                .filter_map(|(inode, holder)| Some((*inode, (*holder)?)))
                .collect(),
            more: locked(&self.more).iter().copied().collect(),
            unseen: *locked(&self.unseen),
        }
    }

    fn all_held(&self) -> bool {
        self.unheld.load(Ordering::Relaxed) == 0
    }

    /// Takes processes in ascending order. When every inode has a holder the rest, with their
    /// higher pids, can change nothing.
    fn walk(&self) {
        let mut list = Vec::with_capacity(self.part.list());
        while !self.all_held() && !self.is_late() {
            let Some(&pid) = self.pids.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            match self.look_into(pid, list.spare_capacity_mut()) {
                Ok(()) => {}
                Err(Errno::ACCESS | Errno::PERM) => locked(&self.unseen).denied += 1,
                Err(Errno::NOENT | Errno::SRCH) => {} // It ended meanwhile.
                Err(failed) => locked(&self.unseen).failed = Some(failed),
            }
        }
    }

    /// A process whose first thread has ended lives on in the others, and only those have its
    /// descriptors then (exit_files, kernel/exit.c).
    fn look_into(&self, pid: u32, list: &mut [MaybeUninit<u8>]) -> Result<(), Errno> {
        let has_any = self.look_through(pid, &format!("/proc/{pid}/fd"), list)?;
        if !has_any && processes::threads(pid).is_ok_and(|number| number > 1) {
            for thread in processes::thread_ids(pid).unwrap_or_default() {
                let directory = format!("/proc/{pid}/task/{thread}/fd");
                if self.look_through(pid, &directory, list)? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether there were any descriptors. They are listed in ascending order
    /// (proc_readfd_common, fs/proc/fd.c).
    fn look_through(
        &self,
        pid: u32,
        directory: &str,
        list: &mut [MaybeUninit<u8>],
    ) -> Result<bool, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, directory, flags, Mode::empty())?;
        let mut entries = RawDir::new(&directory, list);
        let mut has_any = false;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            let Some(descriptor) = name.to_str().ok().and_then(|name| name.parse().ok()) else {
                continue; // `.` and `..`
            };
            has_any = true;
            match self.part {
                Part::Low if descriptor >= LOW => {
                    locked(&self.more).insert(pid);
                    break;
                }
                Part::High if descriptor < LOW => continue,
                _ if self.is_settled(pid) || self.is_late() => break,
                _ => {}
            }
            let inode = socket(&directory, name)?;
            let wanted = inode.and_then(|inode| self.wanted.binary_search(&inode).ok());
            if let Some(at) = wanted {
                self.record(at, Holder { pid, descriptor });
            }
        }
        Ok(has_any)
    }

    /// Nothing that this process holds can change a holder any more.
    fn is_settled(&self, pid: u32) -> bool {
        let before = |holder: &Holder| holder.pid <= pid;
        self.all_held() && locked(&self.holders).iter().flatten().all(before)
    }

    fn is_late(&self) -> bool {
        let late = self.deadline.left().is_zero();
        if late {
            locked(&self.unseen).late = true;
        }
        late
    }

    fn record(&self, at: usize, holder: Holder) {
        let mut holders = locked(&self.holders);
        let known = holders[at];
        if known.is_none() {
            self.unheld.fetch_sub(1, Ordering::Relaxed);
        }
        if known.is_none_or(|known| holder.pid < known.pid) {
            holders[at] = Some(holder);
        }
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
        Err(Errno::NOENT) => Ok(None), // It was closed meanwhile.
        Err(error) => Err(error),
    }
}

fn inode(target: &[u8]) -> Option<u32> {
    let number = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    #[test]
    fn a_socket_under_a_high_number_is_found_and_one_under_a_low_number_before() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let inode = rustix::fs::fstat(&listener).expect("fstat").st_ino;
        let inode = u32::try_from(inode).expect("sockfs hands out 32 bits");
        let high = rustix::io::fcntl_dupfd_cloexec(&listener, LOW + 40).expect("a duplicate");
        let number = || {
            let deadline = Deadline::after(Duration::from_secs(60));
            let holders = walk(&[inode], deadline).expect("/proc");
            assert_eq!(holders.gaps, []);
            holders.found[&inode].descriptor
        };
        assert_eq!(number(), listener.as_raw_fd());
        drop(listener);
        assert_eq!(number(), high.as_raw_fd());
    }
}
