//! What people call the things in the facts.

use crate::facts::{Facts, Namespace, NetnsName, TcpListener};
use crate::finding::Subject;
use std::net::{IpAddr, SocketAddr};

impl Namespace {
    /// The name that its owner would use, for the subject of a finding.
    pub fn label(&self) -> String {
        if self.host == Some(true) {
            return "host".to_owned();
        }
        match self.names.first() {
            Some(NetnsName::Netns(name)) => name.clone(),
            Some(NetnsName::Container(id)) => format!("container {}", short(id)),
            Some(NetnsName::Mount(path)) => path.clone(),
            Some(NetnsName::Process { pid, name }) => format!("{name} ({pid})"),
            None if self.own => "own".to_owned(),
            None => format!("net:[{}]", self.id.inode),
        }
    }
}

/// Container ids are 64 hex digits; their run times show the first 12.
fn short(id: &str) -> &str {
    let is_hash = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash { &id[..12] } else { id }
}

impl TcpListener {
    /// What stays the same from one reading to the next.
    pub(crate) fn identity(&self) -> (u32, IpAddr, u16) {
        (self.inode, self.address, self.port)
    }

    /// `0.0.0.0:80`, `[::]:80`.
    pub fn label(&self) -> String {
        let address = match self.address {
            IpAddr::V4(v4) => SocketAddr::from((v4, self.port)),
            IpAddr::V6(v6) => SocketAddr::from((v6, self.port)),
        };
        address.to_string()
    }
}

/// The subject of a finding about `listener`, with its process when `facts` know it.
pub fn listener_subject(facts: &Facts, namespace: &Namespace, listener: &TcpListener) -> Subject {
    Subject::Listener {
        address: listener.label(),
        namespace: namespace.label(),
        owner: owner(facts, listener.inode),
    }
}

/// `nginx (812)`: the process that holds the socket with this inode.
pub fn owner(facts: &Facts, inode: u32) -> Option<String> {
    let owners = facts.owners.value()?;
    let owner = owners.iter().find(|owner| owner.inode == inode)?;
    Some(format!("{} ({})", owner.name, owner.pid))
}
