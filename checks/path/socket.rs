//! The netlink socket: without it nobody can ask sock_diag anything.

use super::ground::Ground;
use crate::facts::{Errno, Facts, Gap, Opened, SOCKET_CALL};
use crate::finding::{Evidence, Remedy};

/// Whether the socket could be opened, or the gap where nobody tried.
pub(super) fn opened(facts: &Facts) -> Result<Opened, &Gap> {
    Ok(facts.round_trips.known()?.socket)
}

/// What refuses it, as far as the error and the place tell.
pub(super) fn refused_by(facts: &Facts, errno: Errno) -> &'static str {
    match (errno, Ground::of(facts)) {
        (Errno::EPROTONOSUPPORT, Ground::Gvisor) => "gVisor has no sock_diag",
        (Errno::EPROTONOSUPPORT, Ground::Wsl1) => "WSL 1 has no sock_diag",
        (Errno::EPROTONOSUPPORT, _) => "this kernel has no sock_diag",
        (Errno::EPERM, _) => "a seccomp filter refuses it",
        (Errno::EACCES, _) => "a security module such as SELinux or AppArmor refuses it",
        (Errno::EAFNOSUPPORT, _) => {
            "AF_NETLINK is denied here, as RestrictAddressFamilies= of systemd or a seccomp filter does"
        }
        _ => "the kernel refuses it",
    }
}

/// The refusal as evidence.
pub(super) fn evidence(facts: &Facts, errno: Errno) -> Evidence {
    Evidence::call(SOCKET_CALL, Some(errno), refused_by(facts, errno))
}

/// What opens the way again.
pub(super) fn remedy(facts: &Facts, errno: Errno) -> Remedy {
    let ground = Ground::of(facts);
    match errno {
        Errno::EPROTONOSUPPORT => ground.fit(Remedy::by_hand(
            "run a kernel with sock_diag (small systems such as OpenWrt leave it out)",
        )),
        Errno::EAFNOSUPPORT => Remedy::by_hand("run ss outside of this service or sandbox")
            .keep_do("add AF_NETLINK to RestrictAddressFamilies= of the unit"),
        Errno::EPERM => Remedy::by_hand("run ss outside of this sandbox")
            .keep_do("allow socket(AF_NETLINK, …) in its seccomp profile"),
        Errno::EACCES => Remedy::by_hand("run ss outside of this confined domain")
            .then_do("ausearch -m avc -ts recent, or dmesg | grep -i apparmor"),
        _ => Remedy::by_hand("run ss outside of this sandbox"),
    }
}
