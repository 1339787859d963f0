//! Which processes hold given sockets.

use super::holders::{self, Holder, Holders};
use super::{io_gap, processes};
use crate::netns::container_of;
use crate::runner::Deadline;
use sockdoctor_checks::facts::{Fact, Gap, Owner};
use sockdoctor_checks::listeners::Process;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

/// The process of each socket. Of several processes that hold a socket, as a server and its
/// workers do, `asked_for` is its owner, or else the one that `Holder` says. A socket that no
/// process holds (nfsd's, for one) has none. `Partial` when a socket is without an owner and there
/// are processes that could not be seen.
pub fn collect(
    inodes: &BTreeSet<u32>,
    asked_for: Option<&Process>,
    deadline: Deadline,
) -> Fact<Vec<Owner>> {
    let first = match asked_for {
        None => Vec::new(),
        Some(Process::Pid(pid)) => vec![*pid],
        Some(Process::Name(name)) => match processes::called(name) {
            Ok(pids) => pids,
            Err(error) => return Fact::Missing(io_gap("/proc", &error)),
        },
    };
    match holders::find(inodes, &first, deadline) {
        Ok(Holders { found, mut gaps }) => {
            let owners = named(&found, &mut gaps);
            Fact::with_gaps(owners, gaps)
        }
        Err(gap) => Fact::Missing(gap),
    }
}

/// Adds names and containers. A process that has ended since it was seen owns nothing any more.
fn named(holders: &BTreeMap<u32, Holder>, gaps: &mut Vec<Gap>) -> Vec<Owner> {
    let pids: BTreeSet<u32> = holders.values().map(|holder| holder.pid).collect();
    let mut processes = BTreeMap::new();
    for pid in pids {
        match processes::name(pid) {
            Ok(name) => drop(processes.insert(pid, (name, container(pid, gaps)))),
            Err(error) => gaps.push(io_gap(format!("/proc/{pid}/comm"), &error)),
        }
    }
    holders
        .iter()
        .filter_map(|(&inode, &Holder { pid, .. })| {
            let (name, container) = processes.get(&pid)?.clone();
            Some(Owner {
                inode,
                pid,
                name,
                container,
            })
        })
        .collect()
}

/// A kernel without cgroups has no such file, and no containers of that kind.
fn container(pid: u32, gaps: &mut Vec<Gap>) -> Option<String> {
    match container_of(pid) {
        Ok(container) => container,
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            gaps.push(io_gap(format!("/proc/{pid}/cgroup"), &error));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Duration;

    fn inode_of(listener: &TcpListener) -> u32 {
        let inode = rustix::fs::fstat(listener).expect("fstat").st_ino;
        u32::try_from(inode).expect("sockfs hands out 32 bits")
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    #[test]
    fn our_own_socket_is_ours() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let inode = inode_of(&listener);
        let fact = collect(&BTreeSet::from([0, inode]), None, soon());
        let pid = std::process::id();
        let owner = Owner {
            inode,
            pid,
            name: processes::name(pid).expect("our name"),
            container: container_of(pid).expect("our cgroup"),
        };
        assert_eq!(fact, Fact::Known(vec![owner]));
    }

    #[test]
    fn of_several_holders_the_one_that_was_asked_for_or_the_lowest_pid_is_the_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).expect("inheritable");
        let mut heir = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        let inodes = BTreeSet::from([inode_of(&listener)]);
        let owner = |asked_for: Option<Process>| {
            let fact = collect(&inodes, asked_for.as_ref(), soon());
            fact.known().expect("all seen")[0].pid
        };
        let pids = [std::process::id(), heir.id()];
        let of_nobody = owner(None);
        let of_each = pids.map(|pid| owner(Some(Process::Pid(pid))));
        let by_name = owner(Some(Process::Name("sleep".to_owned())));
        heir.kill().expect("killed");
        heir.wait().expect("reaped");
        assert_eq!(of_nobody, pids[0].min(pids[1]));
        assert_eq!(of_each, pids, "the one that was asked for");
        assert_eq!(by_name, heir.id());
    }

    #[test]
    fn nothing_asked_needs_no_walk() {
        assert_eq!(
            collect(&BTreeSet::from([0]), None, soon()),
            Fact::Known(Vec::new())
        );
    }

    #[test]
    fn a_walk_that_runs_out_of_time_says_so() {
        let late = Deadline::after(Duration::ZERO);
        let fact = collect(&BTreeSet::from([u32::MAX]), None, late);
        assert!(
            fact.gaps().contains(&late.gap("holders of sockets")),
            "{fact:?}"
        );
    }
}
