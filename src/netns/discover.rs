//! Finds the namespaces of the machine, as far as the observer can see.

use super::mounts::Mounts;
use super::select::{NoSuchNamespace, Selector, Whereabouts, denied, select};
use super::{Found, identity, names};
use crate::probes::io_gap;
use crate::probes::processes::{denied_gap, hidden_gap, pids};
use rustix::io::Errno;
use sockdoctor_checks::facts::{Fact, Gap, NetnsId, Why};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const WHAT: &str = "network namespace";
const WHATS: &str = "network namespaces";

/// Finds the namespaces that the selectors mean; several selectors unite. `Partial` when
/// processes could not be seen, whose namespaces may be others than those found. In the order
/// of their identity.
///
/// # Errors
/// A name or a pid that is not there: a mistake of the user, not a gap.
pub fn discover(selectors: &[Selector]) -> Result<Fact<Vec<Found>>, NoSuchNamespace> {
    let mut survey = Survey::default();
    match identity::own() {
        Ok(own) => survey.look_around(own, selectors),
        Err(errno) => survey.settle_for_own(errno),
    }
    let identified = survey.identified;
    let mut all: Vec<Found> = survey.found.into_values().collect();
    names::complete(&mut all);
    let mut gaps = survey.gaps;
    let (found, undecided) = select(all, selectors, |pid| whereabouts(pid, identified))?;
    gaps.extend(undecided);
    Ok(Fact::with_gaps(found, gaps))
}

fn whereabouts(pid: u32, identified: bool) -> Whereabouts {
    match identity::of_process(pid) {
        Ok(inode) if identified => Whereabouts::In(inode),
        Ok(_) | Err(Errno::ACCESS | Errno::PERM) => Whereabouts::Denied(denied(pid)),
        Err(_) => Whereabouts::NoProcess,
    }
}

/// What was found so far.
#[derive(Default)]
struct Survey {
    found: BTreeMap<NetnsId, Found>,
    gaps: Vec<Gap>,
    /// The inodes of this kernel's namespaces identify them.
    identified: bool,
}

impl Survey {
    fn look_around(&mut self, own: NetnsId, selectors: &[Selector]) {
        self.identified = true;
        self.entry(own).own = true;
        self.add_mounts();
        if selectors.iter().any(Selector::needs_all_processes) {
            self.add_links(own.device);
            self.add_processes(own.device);
        }
        for selector in selectors {
            if let Selector::Pid(pid) = selector {
                self.add_process(own.device, *pid);
            }
        }
        self.mark_host();
    }

    /// Without identities there is one namespace to speak of, the observer's own.
    fn settle_for_own(&mut self, errno: Errno) {
        let nameless = NetnsId {
            device: 0,
            inode: 0,
        };
        self.entry(nameless).own = true;
        let what = "identity of network namespaces";
        self.gaps.push(match errno {
            Errno::NOTUNIQ => {
                let why = "one namespace has several numbers here, as in gVisor";
                Gap::new(what, Why::Unsupported(why.to_owned()))
            }
            other => io_gap(what, &other.into()),
        });
    }

    fn entry(&mut self, id: NetnsId) -> &mut Found {
        self.found.entry(id).or_insert_with(|| Found {
            id,
            names: Vec::new(),
            own: false,
            host: None,
            files: Vec::new(),
            process: None,
        })
    }

    fn add_file(&mut self, id: NetnsId, path: PathBuf) {
        let found = self.entry(id);
        found.names.push(names::of_file(&path));
        found.files.push(path);
    }

    fn add_mounts(&mut self) {
        let mounts = match Mounts::read() {
            Ok(mounts) => mounts,
            Err(gap) => return self.gaps.push(gap),
        };
        for (id, path) in mounts.namespaces() {
            self.add_file(id, path);
        }
        self.gaps.extend(hidden_gap(WHATS, &mounts));
    }

    /// People link /proc/PID/ns/net into /run/netns, to use `ip netns` on a container. What is
    /// a file there and not an nsfs mount is a leftover and leads nowhere.
    fn add_links(&mut self, device: u64) {
        for directory in names::NETNS_DIRECTORIES {
            let Ok(entries) = std::fs::read_dir(directory) else {
                continue; // Without `ip netns` there is no such directory.
            };
            let is_link =
                |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_symlink());
            for entry in entries.flatten().filter(is_link) {
                let path = entry.path();
                if let Some(id) = nsfs_file(&path, device) {
                    self.add_file(id, path);
                }
            }
        }
    }

    fn add_processes(&mut self, device: u64) {
        let pids = match pids() {
            Ok(pids) => pids,
            Err(error) => return self.gaps.push(io_gap("/proc", &error)),
        };
        let mut denied = 0;
        for pid in pids {
            match identity::of_process(pid) {
                Ok(inode) => self.add_inside(NetnsId { device, inode }, pid),
                Err(Errno::ACCESS | Errno::PERM) => denied += 1,
                Err(_) => {} // It ended meanwhile.
            }
        }
        self.gaps.extend(denied_gap(WHAT, WHATS, denied));
    }

    fn add_process(&mut self, device: u64, pid: u32) {
        if let Ok(inode) = identity::of_process(pid) {
            self.add_inside(NetnsId { device, inode }, pid);
        }
    }

    fn add_inside(&mut self, id: NetnsId, pid: u32) {
        let found = self.entry(id);
        found.process = Some(found.process.map_or(pid, |lowest| lowest.min(pid)));
    }

    fn mark_host(&mut self) {
        let host = identity::host(self.found.keys());
        for found in self.found.values_mut() {
            found.host = host.map(|inode| inode == found.id.inode);
        }
    }
}

fn nsfs_file(path: &Path, device: u64) -> Option<NetnsId> {
    let stat = rustix::fs::stat(path).ok()?;
    (stat.st_dev == device).then_some(NetnsId {
        device,
        inode: stat.st_ino,
    })
}
