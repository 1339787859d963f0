//! Finds the namespaces of the machine, as far as the observer can see.

use super::kin::Kin;
use super::mounts::Mounts;
use super::select::{NoSuchNamespace, Selector, Whereabouts, denied, select};
use super::{Found, identity, names};
use crate::probes::processes::{self, denied_gap, hidden_gap, pids};
use crate::probes::{initial, io_gap};
use crate::runner::map_shared;
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
    let own = identity::own();
    match own {
        Ok(own) => survey.look_around(own, selectors),
        Err(errno) => survey.settle_for_own(errno),
    }
    let mut all: Vec<Found> = survey.found.into_values().collect();
    names::complete(&mut all);
    let mut gaps = survey.gaps;
    let by_pid = selectors.iter().any(|s| matches!(s, Selector::Pid(_)));
    let kin = own
        .ok()
        .filter(|_| by_pid)
        .map(|own| Kin::of(own, all.iter()));
    let (found, undecided) = select(all, selectors, |pid| whereabouts(pid, kin.as_ref()))?;
    gaps.extend(undecided);
    Ok(Fact::with_gaps(found, gaps))
}

/// Where a process is. Without `kin` the numbers of namespaces identify nothing here.
fn whereabouts(pid: u32, kin: Option<&Kin>) -> Whereabouts {
    let known = |kin: &Kin| kin.namespace(pid).map(|id| Whereabouts::In(id.inode));
    match identity::of_process(pid) {
        Ok(inode) if kin.is_some() => Whereabouts::In(inode),
        Ok(_) | Err(Errno::ACCESS | Errno::PERM) => kin
            .and_then(known)
            .unwrap_or_else(|| Whereabouts::Denied(denied(pid))),
        Err(_) => Whereabouts::NoProcess,
    }
}

/// What was found so far.
#[derive(Default)]
struct Survey {
    found: BTreeMap<NetnsId, Found>,
    gaps: Vec<Gap>,
}

impl Survey {
    fn look_around(&mut self, own: NetnsId, selectors: &[Selector]) {
        self.entry(own).own = true;
        self.add_mounts();
        if selectors.iter().any(Selector::needs_all_processes) {
            self.add_links(own.device);
            self.add_processes(own);
        }
        for selector in selectors {
            if let Selector::Pid(pid) = selector {
                self.add_process(own, *pid);
            }
        }
        self.mark_host(own);
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
        let mounts = match Mounts::own() {
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
            match links(Path::new(directory)) {
                Ok(links) => {
                    let found = links.into_iter();
                    let found = found.filter_map(|path| Some((nsfs_file(&path, device)?, path)));
                    found.for_each(|(id, path)| self.add_file(id, path));
                }
                // Without `ip netns` there is no such directory.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => self.gaps.push(io_gap(directory, &error)),
            }
        }
    }

    fn add_processes(&mut self, own: NetnsId) {
        let pids = match pids() {
            Ok(pids) => pids,
            Err(error) => return self.gaps.push(io_gap("/proc", &error)),
        };
        let links = map_shared(&pids, |pid| identity::of_process(*pid));
        let mut denied = Vec::new();
        for (pid, link) in pids.into_iter().zip(links) {
            match link {
                Ok(inode) => self.add_inside(NetnsId { inode, ..own }, pid),
                Err(Errno::ACCESS | Errno::PERM) => denied.push(pid),
                Err(_) => {} // It ended meanwhile.
            }
        }
        if !denied.is_empty() {
            self.add_denied(own, &denied);
        }
    }

    /// Processes whose links may not be read: those in known namespaces hide nothing.
    fn add_denied(&mut self, own: NetnsId, denied: &[u32]) {
        let kin = Kin::of(own, self.found.values());
        for pid in denied {
            if let Some(id) = kin.namespace(*pid) {
                // One that may be looked at is the better way in.
                self.entry(id).process.get_or_insert(*pid);
            }
        }
        let (namespaces, processes) = kin.strangers(denied);
        self.gaps.extend(unseen_gap(namespaces));
        self.gaps.extend(denied_gap(WHAT, WHATS, processes));
    }

    fn add_process(&mut self, own: NetnsId, pid: u32) {
        // One that may not be looked at is in a namespace that is found already, or unseen.
        if let Ok(inode) = identity::of_process(pid) {
            self.add_inside(NetnsId { inode, ..own }, pid);
        }
    }

    fn add_inside(&mut self, id: NetnsId, pid: u32) {
        let found = self.entry(id);
        found.process = Some(found.process.map_or(pid, |lowest| lowest.min(pid)));
    }

    /// The host's namespace is the initial one, where that has a number of its own, or that of
    /// process 1, when process 1 is the one that the kernel started.
    fn mark_host(&mut self, own: NetnsId) {
        let initial = self.found.keys().copied().find(identity::is_initial);
        let host = initial.map(Some).or_else(|| {
            if !matches!(initial::has_pid_namespace(Path::new("/proc")), Ok(true)) {
                return None;
            }
            match identity::of_process(1) {
                Ok(inode) => Some(Some(NetnsId { inode, ..own })),
                Err(_) => Kin::of(own, self.found.values()).whereabouts(1),
            }
        });
        for found in self.found.values_mut() {
            found.host = host.map(|host| host == Some(found.id));
        }
    }
}

fn unseen_gap(namespaces: usize) -> Option<Gap> {
    let what = match namespaces {
        0 => return None,
        1 => "1 other network namespace".to_owned(),
        many => format!("{many} other network namespaces"),
    };
    Some(Gap::new(what, processes::denied()))
}

/// The symbolic links in a directory.
fn links(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut links = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_symlink() {
            links.push(entry.path());
        }
    }
    Ok(links)
}

fn nsfs_file(path: &Path, device: u64) -> Option<NetnsId> {
    let stat = rustix::fs::stat(path).ok()?;
    (stat.st_dev == device).then_some(NetnsId {
        device,
        inode: stat.st_ino,
    })
}
