//! Which namespace a process is in whose ns/net link may not be read.
//!
//! /proc/PID/net shows the files of that process's namespace, and looking there takes no
//! privilege (get_proc_task_net, fs/proc/proc_net.c). Each namespace has entries of its own
//! there, each with an inode of its own (proc_alloc_inum, fs/proc/generic.c), so two processes
//! that see the same inode are in one namespace. It does not tell which nsfs file that is; for
//! that it takes one process in it that may be looked at.

use super::Found;
use rustix::io::Errno;
use sockdoctor_checks::facts::NetnsId;
use std::collections::{BTreeMap, BTreeSet};

/// The inode of a file that every namespace has.
type Mark = u64;

/// The marks of the namespaces that are known. The processes of most hosts are in few of them, so
/// a mark is read only when those before it were not the one that was looked for.
pub(super) struct Kin {
    marks: BTreeMap<Mark, NetnsId>,
    /// A process in each of the namespaces whose mark is not read yet.
    unread: std::vec::IntoIter<(u32, NetnsId)>,
}

impl Kin {
    /// Those of the observer's own namespace and of all that have a known process.
    pub(super) fn of<'a>(own: NetnsId, found: impl Iterator<Item = &'a Found>) -> Self {
        let own = mark("thread-self").ok().map(|mark| (mark, own));
        let processes = found.filter_map(|found| Some((found.process?, found.id)));
        Kin {
            marks: own.into_iter().collect(),
            unread: processes.collect::<Vec<_>>().into_iter(),
        }
    }

    /// The namespace with this mark, when it is one of these.
    fn marked(&mut self, wanted: Mark) -> Option<NetnsId> {
        if let Some(id) = self.marks.get(&wanted) {
            return Some(*id);
        }
        self.unread.find_map(|(pid, id)| {
            let mark = mark_of(pid).ok()?;
            self.marks.insert(mark, id);
            (mark == wanted).then_some(id)
        })
    }

    /// The namespace of a process, when it is one of these.
    pub(super) fn namespace(&mut self, pid: u32) -> Option<NetnsId> {
        self.whereabouts(pid)?
    }

    /// The same, told apart: `None` when it cannot be seen, `Some(None)` when it is none of these.
    pub(super) fn whereabouts(&mut self, pid: u32) -> Option<Option<NetnsId>> {
        let mark = mark_of(pid).ok()?;
        Some(self.marked(mark))
    }

    /// How many namespaces those of these processes are that are none of these, and how many
    /// of the processes may not be looked at even so. One that has ended, a zombie too, is in
    /// no namespace any more (ENOENT).
    pub(super) fn strangers(&mut self, pids: &[u32]) -> (usize, usize) {
        let mut others = BTreeSet::new();
        let mut refused = 0;
        for pid in pids {
            match mark_of(*pid) {
                Ok(mark) if self.marked(mark).is_some() => {}
                Ok(mark) => {
                    others.insert(mark);
                }
                Err(Errno::ACCESS | Errno::PERM) => refused += 1,
                Err(_) => {}
            }
        }
        (others.len(), refused)
    }
}

fn mark_of(pid: u32) -> Result<Mark, Errno> {
    mark(&pid.to_string())
}

fn mark(process: &str) -> Result<Mark, Errno> {
    Ok(rustix::fs::stat(format!("/proc/{process}/net/dev"))?.st_ino)
}
