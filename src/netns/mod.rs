//! Network namespaces: how they are found, what they are called, and the way into one.
//!
//! A namespace is its nsfs file: a device and an inode. It is found by the processes in it
//! (/proc/PID/ns/net), by the nsfs mounts of this mount namespace (/proc/self/mountinfo: this
//! is how `ip netns`, docker, podman and CNI keep one alive), and by symbolic links in
//! /run/netns. One that only an open descriptor or a thread of its own keeps alive is not found.

mod discover;
mod identity;
mod kin;
pub mod mounts;
mod names;
mod select;

pub use discover::discover;
pub(crate) use discover::discover_among;
pub(crate) use names::container_of;
pub use select::{NoSuchNamespace, Selector};

use crate::gap::io_gap;
use crate::text::shown;
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use sockdoctor_checks::facts::{self, Gap, NetnsId, NetnsName, Why};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// A namespace that was found, and the ways into it.
///
/// No descriptor is held: a thousand of them would reach the usual limit of open files. So a
/// namespace can end, and its pid be given to another process, before it is visited;
/// [`Found::enter`] notices that.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its identity.
    pub id: NetnsId,
    /// All its names, best first.
    pub names: Vec<NetnsName>,
    /// The observer's own.
    pub own: bool,
    /// The host's: the initial one, or the one of process 1. `None` when that could not be
    /// seen, or when process 1 is the init of a container, which says nothing about the host.
    pub host: Option<bool>,
    /// Files that lead to it: nsfs mounts, and links to such.
    pub files: Vec<PathBuf>,
    /// The process in it with the lowest pid.
    pub process: Option<u32>,
}

impl Found {
    /// The ways in: files first, because they outlive processes.
    fn ways(&self) -> impl Iterator<Item = PathBuf> {
        let through_process = self.process.into_iter().flat_map(identity::ways_through);
        let files = self.files.iter().cloned();
        files.chain(through_process.map(PathBuf::from))
    }

    /// Moves the calling thread into it, and no other. Nothing leads a thread back.
    ///
    /// # Errors
    /// `Denied` when the kernel refused, `Inconsistent` when the namespace is no longer there.
    pub fn enter(&self) -> Result<(), Gap> {
        let file = self.open()?;
        let entered = move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network));
        entered.map_err(refused)
    }

    fn open(&self) -> Result<File, Gap> {
        let mut refused = None;
        for way in self.ways() {
            match open_verified(&way, self.id) {
                Ok(file) => return Ok(file),
                Err(gap) => refused = refused.or(Some(gap)),
            }
        }
        Err(refused.unwrap_or_else(|| ended("this network namespace")))
    }

    /// Whether its process is still in it. True only when that could be seen.
    pub(crate) fn process_is_inside(&self) -> bool {
        self.process
            .is_some_and(|pid| identity::of_process(pid).ok() == Some(self.id.inode))
    }
}

fn open_verified(way: &Path, id: NetnsId) -> Result<File, Gap> {
    let what = || format!("open {}", shown(way));
    let file = File::open(way).map_err(|error| match io_gap(what(), &error) {
        Gap {
            why: Why::Absent, ..
        } => ended(what()),
        gap => gap,
    })?;
    let found = identity::of_file(&file).map_err(|error| io_gap(what(), &error.into()))?;
    if found == id {
        Ok(file)
    } else {
        Err(ended(what()))
    }
}

fn refused(errno: Errno) -> Gap {
    let why = match errno {
        Errno::PERM => Why::Denied {
            needs: "CAP_SYS_ADMIN".to_owned(),
        },
        other => Why::Failed(facts::Errno(other.raw_os_error())),
    };
    Gap::new("setns into this network namespace", why)
}

/// The gap for a namespace that was found and is gone.
pub(crate) fn ended(what: impl Into<String>) -> Gap {
    let why = "it ended, or what led to it ended, before it could be read";
    Gap::new(what, Why::Inconsistent(why.to_owned()))
}
