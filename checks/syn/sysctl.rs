//! Settings of the SYN queue: how they are changed, and what many checks say about them.

use crate::facts::Namespace;
use crate::finding::Remedy;

pub(crate) const SYNCOOKIES: &str = "net.ipv4.tcp_syncookies";
pub(crate) const MAX_SYN_BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";
pub(crate) const ABORT_ON_OVERFLOW: &str = "net.ipv4.tcp_abort_on_overflow";

/// How to set `sysctl` in this namespace. A value set in a container's namespace lasts as long
/// as the container.
pub(crate) fn set(namespace: &Namespace, sysctl: &str, value: u32) -> Remedy {
    if namespace.host == Some(true) {
        return Remedy::now(format!("sysctl -w {sysctl}={value}")).keep(format!(
            "echo '{sysctl} = {value}' > /etc/sysctl.d/90-tcp.conf"
        ));
    }
    Remedy::now(format!("in that namespace: sysctl -w {sysctl}={value}"))
        .keep("set it where the container is made: --sysctl, or securityContext.sysctls of the pod")
}
