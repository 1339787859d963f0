//! What people call the things in the facts.

use crate::facts::{Facts, Namespace, NetnsName, Owner, TcpListener};
use crate::finding::Subject;
use std::net::{IpAddr, SocketAddr};

/// Labels that are given here: a namespace whose owner calls it so is told by its file.
const OURS: [&str; 2] = ["host", "own"];

impl Namespace {
    /// The name that its owner would use, for the subject of a finding.
    pub fn label(&self) -> String {
        if self.host == Some(true) {
            return "host".to_owned();
        }
        match self.names.first() {
            Some(NetnsName::Netns(name)) if OURS.contains(&name.as_str()) => {
                format!("/run/netns/{name}")
            }
            Some(NetnsName::Netns(name)) => name.clone(),
            Some(NetnsName::Container(id)) => format!("container {}", short_container(id)),
            Some(NetnsName::Mount(path)) => path.clone(),
            Some(NetnsName::Process { pid, name }) => format!("{name} ({pid})"),
            None if self.own => "own".to_owned(),
            None => format!("net:[{}]", self.id.inode),
        }
    }
}

/// Container ids are 64 hex digits; their run times show the first 12.
pub fn short_container(id: &str) -> &str {
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
    Some(owner_label(owner))
}

/// `nginx (812)`.
pub fn owner_label(owner: &Owner) -> String {
    format!("{} ({})", owner.name, owner.pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::namespace;

    #[test]
    fn a_namespace_that_is_called_host_is_not_taken_for_the_host() {
        let mut called = namespace(2, "host", Vec::new());
        called.host = Some(false);
        called.names = vec![NetnsName::Netns("host".to_owned())];
        assert_eq!(called.label(), "/run/netns/host");
        called.names = vec![NetnsName::Netns("web".to_owned())];
        assert_eq!(called.label(), "web");
    }
}
