//! Which processes hold given sockets.

use super::{io_gap, processes};
use crate::netns::mounts::Mounts;
use crate::runner::{Deadline, threads_for};
use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat_raw};
use rustix::io::Errno;
use sockdoctor_checks::facts::{Fact, Gap, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Walks /proc/*/fd until every inode has an owner. Of several processes that hold a socket, as
/// a server and its workers do, the one with the lowest pid is its owner. A socket that no
/// process holds (nfsd's, for one) has none. `Partial` when a socket is without an owner and
/// there are processes that could not be seen.
pub fn collect(inodes: &BTreeSet<u32>, deadline: Deadline) -> Fact<Vec<Owner>> {
    // Inode 0 is a socket without a descriptor.
    let wanted: BTreeSet<u32> = inodes.iter().copied().filter(|inode| *inode != 0).collect();
    let pids = match processes::pids() {
        _ if wanted.is_empty() => return Fact::Known(Vec::new()),
        Ok(pids) => pids,
        Err(error) => return Fact::Missing(io_gap("/proc", &error)),
    };
    let hunt = Hunt::new(&wanted, &pids, deadline);
    std::thread::scope(|scope| {
        for _ in 1..threads_for(pids.len()) {
            scope.spawn(|| hunt.walk());
        }
        hunt.walk();
    });
    let mut gaps = hunt.gaps();
    let owners = named(&hunt.owners(), &mut gaps);
    Fact::with_gaps(owners, gaps)
}

/// A walk that several threads share.
struct Hunt<'a> {
    wanted: &'a BTreeSet<u32>,
    pids: &'a [u32],
    deadline: Deadline,
    next: AtomicUsize,
    /// Pids by inode. A pid is only ever replaced by a lower one.
    owners: Mutex<BTreeMap<u32, u32>>,
    unowned: AtomicUsize,
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
            owners: Mutex::new(BTreeMap::new()),
            unowned: AtomicUsize::new(wanted.len()),
            denied: AtomicUsize::new(0),
            late: AtomicBool::new(false),
        }
    }

    fn owners(&self) -> MutexGuard<'_, BTreeMap<u32, u32>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_owned(&self) -> bool {
        self.unowned.load(Ordering::Relaxed) == 0
    }

    /// Takes processes in ascending order. When every inode has an owner the rest, with their
    /// higher pids, can change nothing.
    fn walk(&self) {
        while !self.all_owned() && !self.is_late() {
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
            let socket = socket(&directory, entry?.file_name());
            if let Some(inode) = socket.filter(|inode| self.wanted.contains(inode)) {
                self.record(inode, pid);
            }
        }
        Ok(())
    }

    /// Nothing that this process holds can change an owner any more.
    fn is_settled(&self, pid: u32) -> bool {
        self.all_owned() && self.owners().values().all(|owner| *owner <= pid)
    }

    fn is_late(&self) -> bool {
        let late = self.deadline.left().is_zero();
        if late {
            self.late.store(true, Ordering::Relaxed);
        }
        late
    }

    fn record(&self, inode: u32, pid: u32) {
        let mut owners = self.owners();
        if let Some(owner) = owners.get_mut(&inode) {
            *owner = pid.min(*owner);
        } else {
            owners.insert(inode, pid);
            self.unowned.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn gaps(&self) -> Vec<Gap> {
        const WHATS: &str = "descriptors";
        if self.all_owned() {
            return Vec::new();
        }
        let denied = self.denied.load(Ordering::Relaxed);
        let mut gaps = Vec::from_iter(processes::denied_gap(WHATS, WHATS, denied));
        match Mounts::own() {
            Ok(mounts) => gaps.extend(processes::hidden_gap(WHATS, &mounts)),
            Err(gap) => gaps.push(gap),
        }
        if self.late.load(Ordering::Relaxed) {
            gaps.push(self.deadline.gap("owners of sockets"));
        }
        gaps
    }
}

/// The inode of the socket that a descriptor refers to: `socket:[5080]`.
fn socket(directory: &rustix::fd::OwnedFd, descriptor: &std::ffi::CStr) -> Option<u32> {
    let mut buffer = [MaybeUninit::uninit(); 64];
    let (target, _) = readlinkat_raw(directory, descriptor, &mut buffer).ok()?;
    let number = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Adds the names. A process that has ended since it was seen owns nothing any more.
fn named(owners: &BTreeMap<u32, u32>, gaps: &mut Vec<Gap>) -> Vec<Owner> {
    let pids: BTreeSet<u32> = owners.values().copied().collect();
    let mut names = BTreeMap::new();
    for pid in pids {
        match processes::name(pid) {
            Ok(name) => drop(names.insert(pid, name)),
            Err(error) => gaps.push(io_gap(format!("/proc/{pid}/comm"), &error)),
        }
    }
    owners
        .iter()
        .filter_map(|(&inode, &pid)| {
            let name = names.get(&pid)?.clone();
            Some(Owner { inode, pid, name })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Duration;

    fn inode_of(listener: &TcpListener) -> u32 {
        let inode = rustix::fs::fstat(listener).expect("fstat").st_ino;
        u32::try_from(inode).expect("sockfs hands out 32 bits")
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    #[test]
    fn our_own_socket_is_ours() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let inode = inode_of(&listener);
        let fact = collect(&BTreeSet::from([0, inode]), soon());
        let pid = std::process::id();
        let name = processes::name(pid).expect("our name");
        assert_eq!(fact, Fact::Known(vec![Owner { inode, pid, name }]));
    }

    #[test]
    fn of_several_holders_the_lowest_pid_is_the_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).expect("inheritable");
        let mut heir = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        let fact = collect(&BTreeSet::from([inode_of(&listener)]), soon());
        heir.kill().expect("killed");
        heir.wait().expect("reaped");
        let owners = fact.known().expect("all seen");
        assert_eq!(owners[0].pid, std::process::id().min(heir.id()));
    }

    #[test]
    fn nothing_asked_needs_no_walk() {
        assert_eq!(
            collect(&BTreeSet::from([0]), soon()),
            Fact::Known(Vec::new())
        );
    }

    #[test]
    fn a_walk_that_runs_out_of_time_says_so() {
        let late = Deadline::after(Duration::ZERO);
        let fact = collect(&BTreeSet::from([u32::MAX]), late);
        assert!(
            fact.gaps().contains(&late.gap("owners of sockets")),
            "{fact:?}"
        );
    }
}
