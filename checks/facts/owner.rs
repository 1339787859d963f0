//! Who holds a socket.

use serde::{Deserialize, Serialize};

/// A process that holds a descriptor of a socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The inode of the socket, unique on the machine.
    pub inode: u32,
    /// Process id as the observer sees it.
    pub pid: u32,
    /// /proc/PID/comm, any bytes, made valid UTF-8.
    pub name: String,
    /// The container that its cgroup names: the full id, or the name that LXC or systemd gave
    /// it. `None` outside of containers.
    #[serde(default)]
    pub container: Option<String>,
}
