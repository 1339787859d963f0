//! What tracing needs of the machine, piece by piece.

use super::session::ARGUMENTS;
use super::{Filter, Method, Session, Symbols, Trouble, btf};
use crate::gap::{io_gap, read_trimmed};
use crate::probes::kernel;
use crate::probes::machine::user_namespace;
use aya::maps::MapType;
use rustix::process::{Resource, geteuid, getrlimit};
use rustix::thread::{CapabilitySet, capabilities};
use sockdoctor_checks::facts::{UserNamespace, version_of};
use std::path::Path;

/// Whether a piece is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there.
    Ok,
    /// It is not there, and without it nothing can be traced.
    Missing,
    /// It is not there, and something else takes its place, or only a part of it is lost.
    Spare,
    /// It could not be told.
    Unknown,
}

impl Standing {
    /// In a word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Standing::Ok => "ok",
            Standing::Missing => "missing",
            Standing::Spare => "not needed",
            Standing::Unknown => "unknown",
        }
    }
}

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Its name.
    pub name: &'static str,
    /// Whether it is there.
    pub standing: Standing,
    /// What was seen, or why not.
    pub why: String,
}

impl Requirement {
    fn new(name: &'static str, standing: Standing, why: impl Into<String>) -> Self {
        let why = why.into();
        Requirement {
            name,
            standing,
            why,
        }
    }
}

/// Looks at each piece, and attaches nothing.
pub(crate) fn look() -> Vec<Requirement> {
    let capability = capability();
    let may_ask = capability.standing != Standing::Missing;
    vec![
        architecture(),
        types(),
        capability,
        unprivileged(),
        lockdown(Path::new("/sys/kernel/security")),
        // A map is made to find out about the next, and before 5.11 maps count against this limit.
        memlock(),
        if may_ask {
            ring_buffer()
        } else {
            Requirement::new(
                RING_BUFFER,
                Standing::Unknown,
                "not tried without the capability",
            )
        },
        symbols(),
    ]
}

/// Looks at each piece, then loads and attaches the programs for a moment in both ways.
pub(crate) fn try_out() -> Vec<Requirement> {
    let mut all = look();
    if is_met(&all) {
        let start = |method| Session::start(&Filter::default(), Some(method)).map(drop);
        let [fentry, kprobe] = [Method::Fentry, Method::Kprobe].map(start);
        all.push(way(Method::Fentry, &fentry, kprobe.is_ok()));
        all.push(way(Method::Kprobe, &kprobe, fentry.is_ok()));
    }
    all
}

/// Whether nothing that is needed is missing.
pub(crate) fn is_met(all: &[Requirement]) -> bool {
    all.iter().all(|one| one.standing != Standing::Missing)
}

fn way(method: Method, tried: &Result<(), Trouble>, other_works: bool) -> Requirement {
    match tried {
        Ok(()) => Requirement::new(
            method.name(),
            Standing::Ok,
            "loaded, attached and gone again",
        ),
        Err(trouble) if other_works => {
            Requirement::new(method.name(), Standing::Spare, trouble.to_string())
        }
        Err(trouble) => Requirement::new(method.name(), Standing::Missing, trouble.to_string()),
    }
}

/// BPF code has the byte order of its machine, and a kprobe shows registers by their place.
fn architecture() -> Requirement {
    const NAME: &str = "architecture";
    let arch = std::env::consts::ARCH;
    if cfg!(target_endian = "big") {
        let why = format!("{arch} is big-endian, and the BPF object in this program is not");
        return Requirement::new(NAME, Standing::Missing, why);
    }
    let why = match (arch, ARGUMENTS) {
        // ftrace's direct calls came to arm64 with 6.4; before, there are kprobes.
        ("aarch64", _) => format!("{arch}: kprobe, and fentry since Linux 6.4"),
        (_, Some(_)) => format!("{arch}: fentry and kprobe"),
        (_, None) => format!("{arch}: fentry alone, where this kernel has it"),
    };
    Requirement::new(NAME, Standing::Ok, why)
}

/// Without BTF the places of the kernel's fields are not known.
fn types() -> Requirement {
    const NAME: &str = "BTF";
    match std::fs::File::open(btf::VMLINUX) {
        Ok(_) => Requirement::new(NAME, Standing::Ok, btf::VMLINUX),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let why = "this kernel was built without CONFIG_DEBUG_INFO_BTF, or /sys is not there";
            Requirement::new(
                NAME,
                Standing::Missing,
                format!("no {}: {why}", btf::VMLINUX),
            )
        }
        Err(error) => {
            let gap = io_gap(btf::VMLINUX, &error);
            Requirement::new(NAME, Standing::Missing, gap.to_string())
        }
    }
}

/// The piece that is lifted by running as root.
pub(crate) const CAPABILITY: &str = "capability";

/// CAP_BPF and CAP_PERFMON came with 5.8, and are asked for in the initial user namespace:
/// `bpf_capable`, `perfmon_capable` in include/linux/capability.h.
fn capability() -> Requirement {
    let held = match capabilities(None) {
        Ok(sets) => sets.effective,
        Err(errno) => {
            let why = format!("capget: {errno}");
            return Requirement::new(CAPABILITY, Standing::Unknown, why);
        }
    };
    let is_nested = matches!(user_namespace(), Ok(UserNamespace::Nested));
    capability_by(held, is_nested, geteuid().is_root())
}

fn capability_by(held: CapabilitySet, is_nested: bool, is_root: bool) -> Requirement {
    let found = match held {
        _ if is_nested => None,
        held if held.contains(CapabilitySet::SYS_ADMIN) => Some("CAP_SYS_ADMIN"),
        held if held.contains(CapabilitySet::BPF | CapabilitySet::PERFMON) => {
            Some("CAP_BPF and CAP_PERFMON")
        }
        _ => None,
    };
    if let Some(found) = found {
        return Requirement::new(CAPABILITY, Standing::Ok, found);
    }
    let instead = match (is_nested, is_root) {
        (true, _) => "of the host, and this is a user namespace of its own: run on the host",
        (false, true) => "and this root lacks them, as in a container: run on the host",
        (false, false) => "or CAP_SYS_ADMIN: run as root",
    };
    let why = format!("needs CAP_BPF and CAP_PERFMON, {instead}");
    Requirement::new(CAPABILITY, Standing::Missing, why)
}

fn unprivileged() -> Requirement {
    const PATH: &str = "/proc/sys/kernel/unprivileged_bpf_disabled";
    match read_trimmed(PATH) {
        Ok(value) => {
            let why = format!("{value}; with the capability it does not matter");
            Requirement::new("unprivileged_bpf_disabled", Standing::Ok, why)
        }
        Err(gap) => {
            let why = format!("{gap}: this kernel may have no bpf(2)");
            Requirement::new("unprivileged_bpf_disabled", Standing::Unknown, why)
        }
    }
}

/// With `confidentiality` BPF may not read the kernel's memory (LOCKDOWN_BPF_READ_KERNEL,
/// security/lockdown/lockdown.c).
fn lockdown(securityfs: &Path) -> Requirement {
    const NAME: &str = "lockdown";
    match read_trimmed(securityfs.join("lockdown")) {
        Ok(text) if text.contains("[confidentiality]") => {
            let why = "the kernel is locked down for confidentiality: BPF may not read its memory";
            Requirement::new(NAME, Standing::Missing, why)
        }
        Ok(text) => Requirement::new(NAME, Standing::Ok, text),
        Err(_) if securityfs.join("lsm").exists() => {
            Requirement::new(NAME, Standing::Ok, "this kernel has no lockdown")
        }
        Err(_) => {
            let why = "not told: securityfs is not mounted on /sys/kernel/security";
            Requirement::new(NAME, Standing::Unknown, why)
        }
    }
}

/// From 5.11 on maps count against the cgroup's memory, before it against this limit.
fn memlock() -> Requirement {
    const NAME: &str = "memlock";
    if version_of(&kernel::release()) >= Some((5, 11)) {
        return Requirement::new(NAME, Standing::Ok, "not asked for since Linux 5.11");
    }
    match raise_memlock() {
        Ok(why) => Requirement::new(NAME, Standing::Ok, why),
        Err(why) => Requirement::new(NAME, Standing::Missing, why),
    }
}

/// What the maps need: the ring buffer, the stacks and the namespaces, with room to spare.
const MEMLOCK_BYTES: u64 = 16 << 20;

fn raise_memlock() -> Result<String, String> {
    let limit = getrlimit(Resource::Memlock);
    if limit.current.is_none_or(|bytes| bytes >= MEMLOCK_BYTES) {
        return Ok("RLIMIT_MEMLOCK is high enough".to_owned());
    }
    let unlimited = rustix::process::Rlimit {
        current: None,
        maximum: None,
    };
    match rustix::process::setrlimit(Resource::Memlock, unlimited) {
        Ok(()) => Ok("RLIMIT_MEMLOCK was raised for this process".to_owned()),
        Err(errno) => Err(format!(
            "RLIMIT_MEMLOCK is too low and cannot be raised: {errno}"
        )),
    }
}

const RING_BUFFER: &str = "ring buffer";

/// A perf buffer would do before 5.8, on 5.5 to 5.7 alone: bpf_probe_read_kernel, which every
/// program here calls, came with 5.5. No long-term kernel is among those (5.4, 5.10).
fn ring_buffer() -> Requirement {
    let supported = aya::sys::is_map_supported(MapType::RingBuf);
    ring_buffer_by(supported.map_err(|error| error.io_error))
}

fn ring_buffer_by(supported: std::io::Result<bool>) -> Requirement {
    match supported {
        Ok(true) => Requirement::new(RING_BUFFER, Standing::Ok, "bpf(2) makes one"),
        Ok(false) => {
            let why = "this kernel has none: they came with Linux 5.8";
            Requirement::new(RING_BUFFER, Standing::Missing, why)
        }
        Err(error) => {
            let why = format!("bpf(2) does not answer: {error}");
            Requirement::new(RING_BUFFER, Standing::Missing, why)
        }
    }
}

fn symbols() -> Requirement {
    const NAME: &str = "symbols";
    match Symbols::can_read() {
        Ok(()) => Requirement::new(NAME, Standing::Ok, "/proc/kallsyms"),
        Err(why) => Requirement::new(NAME, Standing::Spare, format!("{why}: no --stack")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(files: &[(&str, &str)]) -> Standing {
        let directory = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).expect("written");
        }
        lockdown(directory.path()).standing
    }

    #[test]
    fn a_kernel_before_the_ring_buffer_is_told_when_it_came() {
        let piece = ring_buffer_by(Ok(false));
        assert_eq!(piece.standing, Standing::Missing);
        assert!(piece.why.contains("5.8"), "{}", piece.why);
        assert!(!is_met(&[piece]));
    }

    #[test]
    fn who_lacks_the_capability_is_told_where_to_run() {
        let told = |held, is_nested, is_root| {
            let piece = capability_by(held, is_nested, is_root);
            (piece.standing == Standing::Ok, piece.why)
        };
        let (none, admin) = (CapabilitySet::empty(), CapabilitySet::SYS_ADMIN);
        let both = CapabilitySet::BPF | CapabilitySet::PERFMON;
        assert!(told(admin, false, true).0 && told(both, false, false).0);
        assert!(!told(CapabilitySet::BPF, false, true).0);
        assert!(told(none, false, false).1.ends_with("run as root"));
        for (held, is_nested) in [(none, false), (admin, true)] {
            let (is_met, why) = told(held, is_nested, true);
            assert!(!is_met && why.ends_with("run on the host"), "{why}");
        }
    }

    #[test]
    fn only_confidentiality_locks_bpf_out() {
        let with = |text| standing(&[("lockdown", text)]);
        assert_eq!(with("[none] integrity confidentiality\n"), Standing::Ok);
        assert_eq!(with("none [integrity] confidentiality\n"), Standing::Ok);
        assert_eq!(
            with("none integrity [confidentiality]\n"),
            Standing::Missing
        );
    }

    #[test]
    fn a_kernel_without_lockdown_is_told_from_a_mount_that_is_missing() {
        assert_eq!(standing(&[("lsm", "capability")]), Standing::Ok);
        assert_eq!(standing(&[]), Standing::Unknown);
    }
}
