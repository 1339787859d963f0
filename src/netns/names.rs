//! What the owners of a namespace call it.

use super::Found;
use crate::probes::processes;
use crate::runner::map_shared;
use crate::text::{shown, text};
use sockdoctor_checks::facts::NetnsName;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The directories of `ip netns`. On most systems the second is a link to the first.
pub(super) const NETNS_DIRECTORIES: [&str; 2] = ["/run/netns", "/var/run/netns"];

/// Completes the names of all: it takes a file or two of each process. The order of names is
/// that of their type: what `ip netns` knows, a container, a mount; a process only where there
/// is nothing better.
pub(super) fn complete(all: &mut [Found]) {
    let more = map_shared(all, of_process);
    for (found, more) in all.iter_mut().zip(more) {
        found.names.extend(more);
        found.names.sort();
        found.names.dedup();
    }
}

fn of_process(found: &Found) -> Option<NetnsName> {
    let pid = found.process?;
    let nameless = found.names.is_empty();
    let container = container_of(pid).ok().flatten();
    let container = container.map(NetnsName::Container);
    container.or_else(|| nameless.then(|| process(pid)).flatten())
}

/// The name of a file that leads to a namespace.
pub(super) fn of_file(path: &Path) -> NetnsName {
    let directory = path.parent();
    let is_netns = NETNS_DIRECTORIES
        .iter()
        .any(|netns| directory == Some(Path::new(netns)));
    match path.file_name() {
        Some(name) if is_netns => NetnsName::Netns(text(name.as_bytes())),
        _ => NetnsName::Mount(shown(path)),
    }
}

/// The container of a process, from its cgroup.
///
/// # Errors
/// The process has ended, or is hidden, or the kernel has no cgroups.
pub(crate) fn container_of(pid: u32) -> std::io::Result<Option<String>> {
    let cgroup = processes::read(pid, "cgroup")?;
    Ok(container(&text(&cgroup)))
}

/// The process itself: the name of last resort.
fn process(pid: u32) -> Option<NetnsName> {
    let name = processes::name(pid).ok()?;
    Some(NetnsName::Process { pid, name })
}

/// The innermost container in a /proc/PID/cgroup, with cgroup version 1 or 2.
fn container(cgroup: &str) -> Option<String> {
    // The root of a hierarchy is no container; with version 1 most lines are only that.
    let mut below_root = cgroup.lines().filter(|line| !line.ends_with(":/"));
    below_root.find_map(|line| {
        // hierarchy:controllers:path
        let path = line.splitn(3, ':').nth(2)?;
        let components: Vec<&str> = path.split('/').collect();
        (0..components.len()).rev().find_map(|at| {
            let parent = at.checked_sub(1).map(|parent| components[parent]);
            component(components[at], parent)
        })
    })
}

/// The container that one component of a cgroup's path names.
///
/// docker, CRI-O, containerd, podman and nerdctl end it with an id of 64 hex digits, bare or
/// as `docker-ID.scope`. `…-conmon-ID.scope` is the monitor, which stands outside. LXC has
/// `lxc.payload.NAME` or `lxc/NAME`, systemd `machine-NAME.scope` or `systemd-nspawn@NAME.service`.
fn component(name: &str, parent: Option<&str>) -> Option<String> {
    let bare = name.strip_suffix(".scope").unwrap_or(name);
    let id = bare.rsplit('-').next()?;
    if is_id(id) {
        return (!bare.contains("conmon")).then(|| id.to_owned());
    }
    if let Some(container) = name.strip_prefix("lxc.payload.") {
        return Some(container.to_owned());
    }
    if matches!(parent, Some("lxc" | "lxc.payload")) && !name.is_empty() {
        return Some(name.to_owned());
    }
    let machine = bare.strip_prefix("machine-").filter(|_| bare != name);
    let nspawn = name
        .strip_prefix("systemd-nspawn@")
        .and_then(|rest| rest.strip_suffix(".service"));
    machine.or(nspawn).map(|unit| unit.replace(r"\x2d", "-"))
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f1c6e0b7d2a9385c4f1c6e0b7d2a9385c4f1c6e0b7d2a9385c4f1c6e0b7d2a9";

    #[test]
    fn containers_are_named_as_their_run_time_names_them() {
        let cases = [
            (format!("0::/system.slice/docker-{ID}.scope"), ID),
            (format!("5:cpu:/\n4:pids:/docker/{ID}\n"), ID),
            (
                format!("0::/kubepods.slice/kubepods-pod7.slice/cri-containerd-{ID}.scope"),
                ID,
            ),
            (
                format!("0::/kubepods.slice/kubepods-pod7.slice/crio-{ID}.scope"),
                ID,
            ),
            (format!("0::/kubepods/burstable/pod7/{ID}"), ID),
            (format!("0::/machine.slice/libpod-{ID}.scope/container"), ID),
            ("0::/lxc.payload.web/init.scope".to_owned(), "web"),
            ("4:pids:/lxc/web".to_owned(), "web"),
            (
                r"0::/machine.slice/machine-my\x2dbox.scope/payload".to_owned(),
                "my-box",
            ),
            (
                "0::/machine.slice/systemd-nspawn@box.service/payload".to_owned(),
                "box",
            ),
        ];
        for (cgroup, expected) in cases {
            assert_eq!(container(&cgroup).as_deref(), Some(expected), "{cgroup}");
        }
    }

    #[test]
    fn what_is_no_container_has_no_container_name() {
        let conmon = format!("0::/machine.slice/libpod-conmon-{ID}.scope");
        for cgroup in [
            "0::/",
            "0::/init.scope",
            "0::/user.slice/machine-x.slice",
            "",
            &conmon,
        ] {
            assert_eq!(container(cgroup), None, "{cgroup}");
        }
    }

    #[test]
    fn the_innermost_of_nested_containers_counts() {
        let inner = ID.replace('4', "5");
        let cgroup = format!("0::/docker/{ID}/docker/{inner}");
        assert_eq!(container(&cgroup), Some(inner));
    }

    #[test]
    fn only_files_of_ip_netns_have_a_netns_name() {
        let netns = NetnsName::Netns("web".to_owned());
        assert_eq!(of_file(Path::new("/run/netns/web")), netns);
        assert_eq!(of_file(Path::new("/var/run/netns/web")), netns);
        let docker = "/run/docker/netns/0a1b2c3d4e5f";
        assert_eq!(
            of_file(Path::new(docker)),
            NetnsName::Mount(docker.to_owned())
        );
    }
}
