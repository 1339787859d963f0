//! The settings that checks look at, and how they are changed.

use crate::facts::Namespace;
use crate::finding::Remedy;

pub(crate) const SOMAXCONN: &str = "net.core.somaxconn";
pub(crate) const SYNCOOKIES: &str = "net.ipv4.tcp_syncookies";
pub(crate) const MAX_SYN_BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";
pub(crate) const ABORT_ON_OVERFLOW: &str = "net.ipv4.tcp_abort_on_overflow";
pub(crate) const SYNACK_RETRIES: &str = "net.ipv4.tcp_synack_retries";

/// How to set `sysctl` in this namespace. A value set in a container's namespace lasts as long
/// as the container.
pub(crate) fn set(namespace: &Namespace, sysctl: &str, value: u32) -> Remedy {
    if namespace.host == Some(true) {
        return Remedy::now(format!("sysctl -w {sysctl}={value}")).keep(at_boot(sysctl, value));
    }
    Remedy::now(format!("in that namespace: sysctl -w {sysctl}={value}")).keep(format!(
        "set it where the container is made: --sysctl {sysctl}={value}, or \
         securityContext.sysctls of the pod"
    ))
}

/// The command that makes the next boot set it: a file for each setting, so that the advice of
/// one check does not overwrite that of another.
pub(crate) fn at_boot(sysctl: &str, value: u32) -> String {
    let name = sysctl.rsplit('.').next().unwrap_or(sysctl);
    format!("echo '{sysctl} = {value}' > /etc/sysctl.d/90-{name}.conf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_of_one_check_does_not_overwrite_that_of_another() {
        let file = |sysctl| at_boot(sysctl, 1).rsplit(' ').next().map(str::to_owned);
        assert_ne!(file(SYNCOOKIES), file(ABORT_ON_OVERFLOW));
        let expected = "echo 'net.core.somaxconn = 1' > /etc/sysctl.d/90-somaxconn.conf";
        assert_eq!(at_boot(SOMAXCONN, 1), expected);
    }
}
