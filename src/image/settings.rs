//! What the settings will be after boot: a line of sysctl.d, or what the kernel starts with.

pub(super) use crate::probes::modules::MODPROBE;
use sockdoctor_checks::facts::{Boot, BootDoubt, Fact, Gap, Kernel, NetSysctls, Why};
use sockdoctor_checks::limits::default_somaxconn;

const SYNCOOKIES: &str = "net.ipv4.tcp_syncookies";

/// The settings of the first network namespace.
pub(super) fn after_boot(boot: &Boot, kernel: &Kernel) -> NetSysctls {
    let setting =
        |key: &str, default: Result<u32, Gap>| -> Fact<u32> { value(boot, key, default).into() };
    NetSysctls {
        somaxconn: setting(
            "net.core.somaxconn",
            default_somaxconn(kernel).ok_or_else(|| no_default(kernel, "net.core.somaxconn")),
        ),
        tcp_syncookies: match syncookies(kernel) {
            Ok(None) => Fact::Missing(Gap::new(SYNCOOKIES, Why::Absent)),
            Ok(Some(default)) => setting(SYNCOOKIES, Ok(default)),
            Err(gap) => setting(SYNCOOKIES, Err(gap)),
        },
        tcp_max_syn_backlog: setting("net.ipv4.tcp_max_syn_backlog", Err(by_memory())),
        tcp_abort_on_overflow: setting("net.ipv4.tcp_abort_on_overflow", of_any_kernel(kernel, 0)),
        tcp_synack_retries: setting("net.ipv4.tcp_synack_retries", of_any_kernel(kernel, 5)),
    }
}

/// Whether sysctl.d could be read in full: a line that was not seen may win.
///
/// # Errors
/// What could not be read.
fn readable(boot: &Boot) -> Result<(), Gap> {
    boot.sysctls
        .gaps()
        .first()
        .map_or(Ok(()), |gap| Err(gap.clone()))
}

/// Where it is not known whether a line counts, the value is known only if it is the same either
/// way.
fn value(boot: &Boot, key: &str, default: Result<u32, Gap>) -> Result<u32, Gap> {
    readable(boot)?;
    let value = set(boot, key).unwrap_or(default);
    let agrees = |doubt: &BootDoubt| {
        value
            .as_ref()
            .is_ok_and(|&value| doubt.line.number() == Some(value))
    };
    match boot.doubts(key).find(|doubt| !agrees(doubt)) {
        Some(doubt) => Err(doubt.gap()),
        None => value,
    }
}

/// Whether kernel.modules_disabled will be 1. The kernel takes no other number: both bounds of its
/// ctl_table are 1.
pub(super) fn modules_disabled(boot: &Boot) -> Result<bool, Gap> {
    let key = "kernel.modules_disabled";
    readable(boot)?;
    let disabled = set(boot, key).transpose()? == Some(1);
    let may_disable = |doubt: &&BootDoubt| doubt.line.number() == Some(1);
    match boot.doubts(key).find(may_disable) {
        Some(doubt) if !disabled => Err(doubt.gap()),
        _ => Ok(disabled),
    }
}

/// What kernel.modprobe will be.
pub(super) fn modprobe(boot: &Boot) -> Result<&str, Gap> {
    let key = "kernel.modprobe";
    readable(boot)?;
    let path = boot.line(key).map_or(MODPROBE, |line| &line.value);
    match boot.doubts(key).find(|doubt| doubt.line.value != path) {
        Some(doubt) => Err(doubt.gap()),
        None => Ok(path),
    }
}

/// What a line sets the key to. `None` without such a line.
///
/// # Errors
/// The kernel does not take its value.
fn set(boot: &Boot, key: &str) -> Option<Result<u32, Gap>> {
    let line = boot.line(key)?;
    Some(line.number().ok_or_else(|| {
        let shortened: String = line.value.chars().take(40).collect();
        Gap::malformed(line.place.to_string(), format!("`{shortened}` for {key}"))
    }))
}

/// On where it is built in (tcp_sk_init, net/ipv4/tcp_ipv4.c: sysctl_tcp_syncookies = 1). Where it
/// is not, no line sets it.
fn syncookies(kernel: &Kernel) -> Result<Option<u32>, Gap> {
    let config = kernel.config.known().map_err(Clone::clone)?;
    Ok(config.get("CONFIG_SYN_COOKIES").map(|_| 1))
}

/// At least 128, and more with more memory (tcp_sk_init, net/ipv4/tcp_ipv4.c).
fn by_memory() -> Gap {
    let why = "it follows from the memory of the machine".to_owned();
    Gap::new("net.ipv4.tcp_max_syn_backlog", Why::Unsupported(why))
}

/// A default that no version changed (tcp_sk_init, net/ipv4/tcp_ipv4.c).
fn of_any_kernel(kernel: &Kernel, value: u32) -> Result<u32, Gap> {
    kernel.release.known().map(|_| value).map_err(Clone::clone)
}

fn no_default(kernel: &Kernel, key: &str) -> Gap {
    match kernel.release.known() {
        Ok(release) => Gap::malformed(key, format!("no version in the release {release}")),
        Err(gap) => gap.clone(),
    }
}
