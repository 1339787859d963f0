//! What people call the things in the facts.

use crate::facts::{Facts, Namespace, NetnsName, Owner, TcpListener};
use crate::finding::Subject;
use crate::listeners::Address;
use std::net::IpAddr;

/// Words with a meaning of their own, here or to `--netns`, as a number has: a namespace whose
/// owner calls it so is told by its file.
const OURS: [&str; 3] = ["host", "self", "all"];

fn is_taken(name: &str) -> bool {
    OURS.contains(&name) || name.parse::<u32>().is_ok()
}

impl Namespace {
    /// The name that its owner would use, for the subject of a finding.
    pub fn label(&self) -> String {
        if self.host == Some(true) {
            return "host".to_owned();
        }
        match self.names.first() {
            Some(NetnsName::Netns(name)) if is_taken(name) => format!("/run/netns/{name}"),
            Some(NetnsName::Netns(name)) => name.clone(),
            Some(NetnsName::Container(id)) => format!("container {}", short_container(id)),
            Some(NetnsName::Mount(path)) => path.clone(),
            // The process may be this program, whose pid is another in each run.
            Some(NetnsName::Process { .. }) | None if self.own => "self".to_owned(),
            Some(NetnsName::Process { pid, name }) => format!("{name} ({pid})"),
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

    /// `0.0.0.0:80`, `[::]:80`, `127.0.0.53%lo:53` on the interface lo, and `127.0.0.53%1:53` where
    /// only its index is known.
    pub fn label(&self) -> String {
        Address::from(self).to_string()
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
    use crate::fixture::{listener, namespace};

    #[test]
    fn a_namespace_whose_name_means_something_else_is_told_by_its_file() {
        let mut called = namespace(2, "host", Vec::new());
        called.host = Some(false);
        let mut label = |name: &str| {
            called.names = vec![NetnsName::Netns(name.to_owned())];
            called.label()
        };
        assert_eq!(label("host"), "/run/netns/host");
        assert_eq!(label("1"), "/run/netns/1");
        assert_eq!(label("web"), "web");
    }

    #[test]
    fn listeners_of_two_interfaces_have_two_labels() {
        let mut bound = listener("0.0.0.0", 80);
        assert_eq!(bound.label(), "0.0.0.0:80");
        bound.interface = 3;
        assert_eq!(bound.label(), "0.0.0.0%3:80");
        bound.interface_name = Some("eth0".to_owned());
        assert_eq!(bound.label(), "0.0.0.0%eth0:80");
    }

    #[test]
    fn a_nameless_namespace_of_our_own_is_called_the_same_in_every_run() {
        let mut nameless = namespace(2, "web", Vec::new());
        nameless.host = Some(false);
        nameless.names = vec![NetnsName::Process {
            pid: 1594,
            name: "sockdoctor".to_owned(),
        }];
        assert_eq!(nameless.label(), "sockdoctor (1594)");
        nameless.own = true;
        assert_eq!(nameless.label(), "self");
    }
}
