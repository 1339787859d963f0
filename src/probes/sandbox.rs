//! Whether the observer stands in a container, in gVisor or in WSL.

use super::{initial, io_gap, read_trimmed};
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Fact, Gap, Sandbox};
use std::path::Path;

/// The namespaces that tell a container, by kind. Network and mount namespaces have fixed numbers
/// only since Linux 6.18.
const INITIAL: [(&str, &str); 4] = [
    ("pid", initial::PID),
    ("uts", initial::UTS),
    ("ipc", initial::IPC),
    ("cgroup", initial::CGROUP),
];

/// Where managers write their name for the programs inside
/// (<https://systemd.io/CONTAINER_INTERFACE>).
const MANAGER_FILES: [&str; 2] = ["run/host/container-manager", "run/systemd/container"];

/// Files that images carry, and whose.
const MARKER_FILES: [(&str, &str); 2] = [("run/.containerenv", "podman"), (".dockerenv", "docker")];

/// Words in the cgroup of process 1, and whose.
const CGROUP_WORDS: [(&str, &str); 4] = [
    ("kubepods", "kubernetes"),
    ("docker", "docker"),
    ("libpod", "podman"),
    ("lxc", "lxc"),
];

/// What uname(2) says of the kernel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel<'a> {
    pub(super) release: &'a str,
    pub(super) version: &'a str,
}

/// Looks under `root`, which is `/` but for tests.
pub(super) fn detect(kernel: Kernel<'_>, root: &Path) -> Fact<Sandbox> {
    let by_kernel = gvisor(kernel).or_else(|| wsl(kernel));
    if let Some(sandbox) = by_kernel.or_else(|| managed(root)) {
        return Fact::Known(sandbox);
    }
    let nested = match nested(root) {
        Ok(nested) => nested,
        Err(gap) => {
            let value = Sandbox::None;
            return Fact::Partial {
                value,
                gaps: vec![gap],
            };
        }
    };
    Fact::Known(contained(root, &nested))
}

/// gVisor names its kernel 4.4.0, later 4.19.0-gvisor, always with this date of building.
fn gvisor(kernel: Kernel<'_>) -> Option<Sandbox> {
    let Kernel { release, version } = kernel;
    let is_gvisor = version.contains("Sun Jan 10 15:06:54 PST 2016");
    is_gvisor.then(|| Sandbox::Gvisor {
        evidence: format!("uname: {release} {version}"),
    })
}

/// `4.4.0-19041-Microsoft` is version 1, `5.15.90.1-microsoft-standard-WSL2` version 2.
fn wsl(kernel: Kernel<'_>) -> Option<Sandbox> {
    let release = kernel.release;
    let version = if release.contains("WSL2") || release.contains("microsoft-standard") {
        2
    } else if release.contains("Microsoft") {
        1
    } else {
        return None;
    };
    let evidence = format!("uname: {release}");
    Some(Sandbox::Wsl { version, evidence })
}

fn managed(root: &Path) -> Option<Sandbox> {
    MANAGER_FILES.iter().find_map(|file| {
        let runtime = read_trimmed(root.join(file)).ok()?;
        (!runtime.is_empty()).then(|| container(&runtime, format!("/{file}")))
    })
}

fn container(runtime: &str, evidence: String) -> Sandbox {
    Sandbox::Container {
        runtime: runtime.to_owned(),
        evidence,
    }
}

/// The links to those of our namespaces that are not the initial ones.
fn nested(root: &Path) -> Result<Vec<String>, Gap> {
    let mut nested = Vec::new();
    for (kind, initial) in INITIAL {
        let path = root.join("proc/self/ns").join(kind);
        match std::fs::read_link(&path) {
            Ok(link) if link == Path::new(initial) => {}
            Ok(link) => nested.push(shown(&link)),
            // This kernel has no such namespaces. Without pid namespaces there is no telling.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && kind != "pid" => {}
            Err(error) => return Err(io_gap(shown(&path), &error)),
        }
    }
    Ok(nested)
}

/// A marker file alone proves nothing: virtual machines are made from container images too. Nor
/// does a pid namespace beside it, as `unshare --pid` makes one there: the managers of those files
/// make others with it.
fn contained(root: &Path, nested: &[String]) -> Sandbox {
    let Some(first) = nested.first() else {
        return Sandbox::None;
    };
    let has_own_pids = first.starts_with("pid:");
    let mut markers = MARKER_FILES
        .iter()
        .filter(|_| !has_own_pids || nested.len() > 1);
    let marker = markers.find(|(file, _)| root.join(file).exists());
    if let Some((file, runtime)) = marker {
        return container(runtime, format!("/{file}"));
    }
    if !has_own_pids {
        return Sandbox::None; // A service with a host name or a cgroup of its own.
    }
    told_by_init(root).unwrap_or_else(|| {
        let evidence = format!("/proc/self/ns/pid: {first} is not the initial pid namespace");
        container("unknown", evidence)
    })
}

/// What process 1 says: `container=` in its environment, or its cgroup.
fn told_by_init(root: &Path) -> Option<Sandbox> {
    let environment = std::fs::read(root.join("proc/1/environ")).unwrap_or_else(|_| Vec::new());
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(b"container="));
    if let Some(runtime) = value.filter(|runtime| !runtime.is_empty()) {
        let runtime = text(runtime);
        return Some(container(
            &runtime,
            "container= in /proc/1/environ".to_owned(),
        ));
    }
    let cgroup = read_trimmed(root.join("proc/1/cgroup")).ok()?;
    let (_, runtime) = CGROUP_WORDS
        .iter()
        .find(|(word, _)| cgroup.contains(word))?;
    Some(container(runtime, "/proc/1/cgroup".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::testing::{root, write};
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    /// A plain host.
    fn host() -> TempDir {
        let root = root(&[]);
        for (kind, initial) in INITIAL {
            link(&root, kind, initial);
        }
        root
    }

    fn link(root: &TempDir, kind: &str, target: &str) {
        let directory = root.path().join("proc/self/ns");
        std::fs::create_dir_all(&directory).expect("made");
        let _ = std::fs::remove_file(directory.join(kind));
        symlink(target, directory.join(kind)).expect("linked");
    }

    const DEBIAN: Kernel<'_> = Kernel {
        release: "6.1.0-50-cloud-amd64",
        version: "#1 SMP Debian 6.1.153-1 (2025-09-20)",
    };

    fn detected(root: &TempDir) -> Fact<Sandbox> {
        detect(DEBIAN, root.path())
    }

    fn runtime(root: &TempDir) -> Option<String> {
        match detected(root) {
            Fact::Known(Sandbox::Container { runtime, .. }) => Some(runtime),
            _ => None,
        }
    }

    #[test]
    fn a_plain_host_is_no_sandbox() {
        assert_eq!(detected(&host()), Fact::Known(Sandbox::None));
    }

    #[test]
    fn a_virtual_machine_made_from_an_image_is_no_container() {
        let root = host();
        write(root.path(), ".dockerenv", "");
        assert_eq!(detected(&root), Fact::Known(Sandbox::None));
    }

    #[test]
    fn a_marker_file_names_the_run_time_of_a_container() {
        for (file, expected) in MARKER_FILES {
            let root = host();
            link(&root, "uts", "uts:[4026532555]");
            write(root.path(), file, "");
            assert_eq!(runtime(&root).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_pid_namespace_in_a_virtual_machine_made_from_an_image_is_no_docker() {
        let root = host();
        link(&root, "pid", "pid:[4026532556]");
        write(root.path(), ".dockerenv", "");
        assert_eq!(runtime(&root).as_deref(), Some("unknown"));
    }

    #[test]
    fn a_manager_that_gives_its_name_is_believed() {
        for file in MANAGER_FILES {
            let root = host();
            write(root.path(), file, "systemd-nspawn\n");
            assert_eq!(runtime(&root).as_deref(), Some("systemd-nspawn"));
        }
    }

    #[test]
    fn process_1_tells_whose_container_it_is() {
        let root = host();
        link(&root, "pid", "pid:[4026532556]");
        assert_eq!(runtime(&root).as_deref(), Some("unknown"));
        write(
            root.path(),
            "proc/1/cgroup",
            "0::/kubepods/burstable/pod7/x",
        );
        assert_eq!(runtime(&root).as_deref(), Some("kubernetes"));
        write(root.path(), "proc/1/environ", "A=b\0container=lxc\0");
        assert_eq!(runtime(&root).as_deref(), Some("lxc"));
    }

    #[test]
    fn a_service_with_a_host_name_of_its_own_is_no_container() {
        let root = host();
        link(&root, "uts", "uts:[4026532555]");
        assert_eq!(detected(&root), Fact::Known(Sandbox::None));
    }

    #[test]
    fn gvisor_is_known_by_its_kernel_and_a_real_linux_4_4_is_not() {
        const ITS_DATE: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";
        for (release, version, expected) in [
            ("4.4.0", ITS_DATE, true),
            ("4.19.0-gvisor", ITS_DATE, true),
            ("4.4.0-210-generic", "#242-Ubuntu SMP", false),
        ] {
            let found = detect(Kernel { release, version }, host().path());
            let is_gvisor = matches!(found, Fact::Known(Sandbox::Gvisor { .. }));
            assert_eq!(is_gvisor, expected, "{release}");
        }
    }

    #[test]
    fn both_versions_of_wsl_are_told_apart() {
        for (release, expected) in [
            ("4.4.0-19041-Microsoft", 1),
            ("5.15.90.1-microsoft-standard-WSL2", 2),
        ] {
            let version = "#1 SMP";
            let found = detect(Kernel { release, version }, host().path());
            let Fact::Known(Sandbox::Wsl { version, .. }) = found else {
                panic!("{release}: {found:?}");
            };
            assert_eq!(version, expected);
        }
    }

    #[test]
    fn without_the_links_the_answer_is_partial() {
        let root = host();
        std::fs::remove_file(root.path().join("proc/self/ns/pid")).expect("removed");
        assert_eq!(detected(&root).gaps().len(), 1);
    }
}
