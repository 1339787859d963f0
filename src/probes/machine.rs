//! Who looks, and from where.

use super::{initial, io_gap, read_trimmed, sandbox};
use crate::netns::mounts::Mounts;
use crate::text::text;
use procfs::FromRead;
use sockdoctor_checks::facts::{Fact, Gap, Machine, UserNamespace, Why};
use std::path::Path;

/// Observes the machine and the observer, in whose mount namespace these `mounts` are.
pub fn collect(mounts: &Result<Mounts, Gap>) -> Machine {
    let uname = rustix::system::uname();
    let kernel = sandbox::Kernel {
        release: &text(uname.release().to_bytes()),
        version: &text(uname.version().to_bytes()),
    };
    Machine {
        hostname: Fact::Known(text(uname.nodename().to_bytes())),
        uptime_seconds: uptime().into(),
        effective_uid: rustix::process::geteuid().as_raw(),
        capabilities: capabilities().into(),
        sandbox: sandbox::detect(kernel, Path::new("/")),
        user_namespace: user_namespace().into(),
        hidepid: hidepid(mounts).into(),
    }
}

fn uptime() -> Result<u64, Gap> {
    const PATH: &str = "/proc/uptime";
    let shifted = initial::has_other_time_namespace(Path::new("/proc"));
    if shifted.map_err(|error| io_gap("/proc/self/ns/time", &error))? {
        let why = "this time namespace counts from another moment";
        return Err(Gap::new(PATH, Why::Unsupported(why.to_owned())));
    }
    let text = read_trimmed(PATH)?;
    procfs::Uptime::from_read(text.as_bytes())
        .map(|uptime| uptime.uptime_duration().as_secs())
        .map_err(|error| Gap::malformed(PATH, error.to_string()))
}

/// The effective capabilities, by name; one that is too new to have a name here by number.
fn capabilities() -> Result<Vec<String>, Gap> {
    let held = rustix::thread::capabilities(None)
        .map_err(|errno| io_gap("capget", &errno.into()))?
        .effective;
    let mut names = held.iter_names();
    let named: Vec<String> = names
        .by_ref()
        .map(|(name, _)| format!("CAP_{name}"))
        .collect();
    let nameless = names.remaining().bits();
    let numbered = (0..u64::BITS)
        .filter(|number| nameless >> number & 1 == 1)
        .map(|number| format!("CAP_{number}"));
    Ok(named.into_iter().chain(numbered).collect())
}

/// A kernel without user namespaces has only the initial one, and no such link.
pub(crate) fn user_namespace() -> Result<UserNamespace, Gap> {
    const PATH: &str = "/proc/self/ns/user";
    match std::fs::read_link(PATH) {
        Ok(link) if link == Path::new(initial::USER) => Ok(UserNamespace::Initial),
        Ok(_) => Ok(UserNamespace::Nested),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(UserNamespace::Initial),
        Err(error) => Err(io_gap(PATH, &error)),
    }
}

fn hidepid(mounts: &Result<Mounts, Gap>) -> Result<String, Gap> {
    let mounts = mounts.as_ref().map_err(Gap::clone)?;
    let option = mounts.hidepid().map(str::to_owned);
    option.ok_or_else(|| Gap::new("the mount on /proc", Why::Absent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_capabilities_are_those_of_the_status_file() {
        let status = std::fs::read_to_string("/proc/thread-self/status").expect("status");
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let mask = u64::from_str_radix(line.expect("CapEff").trim(), 16).expect("hexadecimal");
        let names = capabilities().expect("capabilities");
        assert_eq!(names.len(), mask.count_ones() as usize);
        let holds = |name: &str| names.iter().any(|held| held == name);
        assert_eq!(holds("CAP_CHOWN"), mask & 1 == 1);
        assert_eq!(holds("CAP_SYS_ADMIN"), mask >> 21 & 1 == 1);
    }

    #[test]
    fn every_part_of_this_machine_is_known() {
        let machine = collect(&Mounts::own());
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("hostname");
        assert_eq!(machine.hostname, Fact::Known(name.trim().to_owned()));
        assert!(
            machine
                .uptime_seconds
                .known()
                .is_ok_and(|seconds| *seconds > 0)
        );
        assert!(machine.sandbox.known().is_ok());
        assert!(machine.user_namespace.known().is_ok());
        assert!(machine.hidepid.known().is_ok());
    }
}
