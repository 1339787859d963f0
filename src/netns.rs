//! Network namespaces: discovery, identity, and how to visit one.

use sockdoctor_checks::facts::{Fact, NetnsId, NetnsName};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Which namespaces to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every namespace that can be found.
    All,
    /// The observer's own.
    Own,
    /// The one with this name, in /run/netns or as its owner calls it.
    Name(String),
    /// The one of this process.
    Pid(u32),
}

/// A namespace that was found, and the way into it.
#[derive(Debug)]
pub struct Found {
    /// Its identity.
    pub id: NetnsId,
    /// All its names, best first.
    pub names: Vec<NetnsName>,
    /// The observer's own.
    pub own: bool,
    /// The one of process 1.
    pub host: Option<bool>,
    /// An open nsfs file, for setns. A file that could not be opened says why.
    pub handle: Fact<OwnedFd>,
    /// A process in it, for /proc/PID/net.
    pub process: Option<u32>,
    /// Where it was found.
    pub path: PathBuf,
}
