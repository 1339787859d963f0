//! Finds the namespaces of the machine, as far as the observer can see.

use super::kin::Kin;
use super::mounts::Mounts;
use super::select::{NoSuchNamespace, Selector, Whereabouts, denied, of_process, select};
use super::{Found, identity, names};
use crate::gap::io_gap;
use crate::probes::initial;
use crate::probes::processes::{self, denied_gap, hidden_gap, pids};
use crate::runner::map_shared;
use rustix::io::Errno;
use sockdoctor_checks::facts::{Fact, Gap, NetnsId, Why};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const WHAT: &str = "network namespace";
const WHATS: &str = "network namespaces";
const WHATS_OF_PROCESSES: &str = "network namespaces of other processes";

/// Finds the namespaces that the selectors mean; several selectors unite. `Partial` when
/// processes could not be seen, whose namespaces may be others than those found. In the order
/// of their identity.
///
/// # Errors
/// A name or a pid that is not there: a mistake of the user, not a gap.
pub fn discover(selectors: &[Selector]) -> Result<Fact<Vec<Found>>, NoSuchNamespace> {
    discover_among(selectors, &Mounts::own())
}

/// The same, where the mounts have been read: with a thousand namespaces that takes milliseconds.
///
/// # Errors
/// As [`discover`].
pub(crate) fn discover_among(
    selectors: &[Selector],
    mounts: &Result<Mounts, Gap>,
) -> Result<Fact<Vec<Found>>, NoSuchNamespace> {
    let mut survey = Survey::default();
    let own = identity::own();
    match own {
        Ok(own) => survey.look_around(own, selectors, mounts),
        Err(errno) => survey.settle_for_own(errno),
    }
    let mut all: Vec<Found> = survey.found.into_values().collect();
    names::complete(&mut all);
    let mut gaps = survey.gaps;
    // What was asked for by name or process and is found hides behind nothing else.
    if selectors.contains(&Selector::All) {
        gaps.extend(survey.unseen);
    }
    let by_pid = selectors.iter().any(|s| matches!(s, Selector::Pid(_)));
    let mut kin = own
        .ok()
        .filter(|_| by_pid)
        .map(|own| Kin::of(own, all.iter()));
    let (found, undecided) = select(all, selectors, |pid| whereabouts(pid, kin.as_mut()))?;
    gaps.extend(undecided);
    Ok(Fact::with_gaps(found, gaps))
}

/// Where a process is. Without `kin` the numbers of namespaces identify nothing here.
fn whereabouts(pid: u32, kin: Option<&mut Kin>) -> Whereabouts {
    let known = |kin: &mut Kin| kin.namespace(pid).map(|id| Whereabouts::In(id.inode));
    match identity::of_process(pid) {
        Ok(inode) if kin.is_some() => Whereabouts::In(inode),
        Ok(_) | Err(Errno::ACCESS | Errno::PERM) => kin
            .and_then(known)
            .unwrap_or_else(|| Whereabouts::Unseen(denied(pid))),
        Err(Errno::NOENT | Errno::SRCH) => Whereabouts::NoProcess,
        Err(errno) => Whereabouts::Unseen(io_gap(of_process(pid), &errno.into())),
    }
}

/// What was found so far.
#[derive(Default)]
struct Survey {
    found: BTreeMap<NetnsId, Found>,
    gaps: Vec<Gap>,
    /// Why there may be others.
    unseen: Vec<Gap>,
}

impl Survey {
    fn look_around(&mut self, own: NetnsId, selectors: &[Selector], mounts: &Result<Mounts, Gap>) {
        self.entry(own).own = true;
        self.add_mounts(mounts);
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

    fn add_mounts(&mut self, mounts: &Result<Mounts, Gap>) {
        let mounts = match mounts {
            Ok(mounts) => mounts,
            Err(gap) => return self.unseen.push(gap.clone()),
        };
        for (id, path) in mounts.namespaces() {
            self.add_file(id, path);
        }
        self.unseen.extend(hidden_gap(WHATS, mounts));
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
                Err(error) => self.unseen.push(io_gap(directory, &error)),
            }
        }
    }

    fn add_processes(&mut self, own: NetnsId) {
        let pids = match pids() {
            Ok(pids) => pids,
            Err(error) => return self.unseen.push(io_gap("/proc", &error)),
        };
        let links = map_shared(&pids, |pid| identity::of_process(*pid));
        let (mut denied, mut failed) = (Vec::new(), None);
        for (pid, link) in pids.into_iter().zip(links) {
            match link {
                Ok(inode) => self.add_inside(NetnsId { inode, ..own }, pid),
                Err(Errno::ACCESS | Errno::PERM) => denied.push(pid),
                Err(Errno::NOENT | Errno::SRCH) => {} // It ended meanwhile.
                Err(errno) => failed = Some(errno),
            }
        }
        let failed = failed.map(std::io::Error::from);
        self.unseen
            .extend(failed.map(|error| io_gap(WHATS_OF_PROCESSES, &error)));
        if !denied.is_empty() {
            self.add_denied(own, &denied);
        }
    }

    /// Processes whose links may not be read: those in known namespaces hide nothing.
    fn add_denied(&mut self, own: NetnsId, denied: &[u32]) {
        let mut kin = Kin::of(own, self.found.values());
        for pid in denied {
            if let Some(id) = kin.namespace(*pid) {
                // One that may be looked at is the better way in.
                self.entry(id).process.get_or_insert(*pid);
            }
        }
        let (namespaces, processes) = kin.strangers(denied);
        let found = self.found.values();
        let maybe_theirs = found.filter(|found| found.process.is_none() && !found.own);
        self.unseen
            .extend(unseen_gap(namespaces, maybe_theirs.count()));
        self.unseen.extend(denied_gap(WHAT, WHATS, processes));
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
            if !matches!(initial::is_pid_namespace(Path::new("/proc")), Ok(true)) {
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

/// The namespaces of processes, where `known` were found by a file and without a process: any of
/// them may be one of those, and then it is none that was not found.
fn unseen_gap(namespaces: usize, known: usize) -> Option<Gap> {
    let plural = if namespaces == 1 { "" } else { "s" };
    let number = match (namespaces, namespaces.saturating_sub(known)) {
        (0, _) => return None,
        (most, 0) => format!("up to {most}"),
        (most, least) if least == most => most.to_string(),
        (most, least) => format!("{least} to {most}"),
    };
    let what = format!("{number} other network namespace{plural}");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_that_was_found_by_its_file_may_be_that_of_a_process() {
        let what = |namespaces, known| unseen_gap(namespaces, known).map(|gap| gap.what);
        assert_eq!(what(0, 3), None);
        for (namespaces, known, expected) in [
            (1, 0, "1 other network namespace"),
            (2, 0, "2 other network namespaces"),
            (1, 1, "up to 1 other network namespace"),
            (2, 5, "up to 2 other network namespaces"),
            (5, 2, "3 to 5 other network namespaces"),
        ] {
            assert_eq!(what(namespaces, known).as_deref(), Some(expected));
        }
    }
}
