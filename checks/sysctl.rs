//! The settings that checks look at, and how they are changed.

use crate::facts::{Facts, Namespace, NetnsName, Place};
use crate::finding::{Remedy, Step};

pub(crate) const SOMAXCONN: &str = "net.core.somaxconn";
pub(crate) const SYNCOOKIES: &str = "net.ipv4.tcp_syncookies";
pub(crate) const MAX_SYN_BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";
pub(crate) const ABORT_ON_OVERFLOW: &str = "net.ipv4.tcp_abort_on_overflow";
pub(crate) const SYNACK_RETRIES: &str = "net.ipv4.tcp_synack_retries";

/// How to set `sysctl` in this namespace. A value set in a container's namespace lasts as long
/// as the container.
pub(crate) fn set(facts: &Facts, namespace: &Namespace, sysctl: &str, value: u32) -> Remedy {
    let command = format!("sysctl -w {sysctl}={value}");
    if namespace.host == Some(true) {
        return Remedy::run(command).keep(at_boot(facts, sysctl, value));
    }
    match ip_netns_name(namespace) {
        Some(name) => Remedy::run(format!("ip netns exec {name} {command}"))
            .keep_do(format!("run it again after each `ip netns add {name}`")),
        None => {
            let keep = match &namespace.names[..] {
                [NetnsName::Container(_) | NetnsName::Process { .. }, ..] => format!(
                    "if it is a container's, set it where that is made: --sysctl {sysctl}={value}, \
                     or securityContext.sysctls of the pod"
                ),
                _ => "run it again wherever that namespace is made".to_owned(),
            };
            Remedy::by_hand(format!("in that namespace: {command}")).keep_do(keep)
        }
    }
}

/// The name for `ip netns exec`, when a shell takes it as it is.
fn ip_netns_name(namespace: &Namespace) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match namespace.names.first() {
        Some(NetnsName::Netns(name)) if name.chars().all(is_plain) => Some(name),
        _ => None,
    }
}

/// How to make the next boot set it: in a file for each setting, so that the advice of one check
/// does not overwrite that of another; or on the line that sets it already, where that file would
/// not win.
pub(crate) fn at_boot(facts: &Facts, sysctl: &str, value: u32) -> Step {
    let name = sysctl.rsplit('.').next().unwrap_or(sysctl);
    let (setting, file) = (format!("{sysctl} = {value}"), format!("90-{name}.conf"));
    match facts.boot.line(sysctl).map(|line| &line.place) {
        Some(place) if facts.origin.image().is_some() || is_read_later(place, &file) => {
            Step::Do(format!("put `{setting}` at {place}"))
        }
        _ => Step::Write(format!("echo '{setting}' > /etc/sysctl.d/{file}")),
    }
}

/// Whether a line is in a file that counts more than the one of this name.
fn is_read_later(place: &Place, file: &str) -> bool {
    let name = place.path.rsplit('/').next();
    name.is_some_and(|name| name > file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{BootSysctl, Fact, Place};
    use crate::fixture::{healthy, namespace};

    #[test]
    fn a_named_namespace_is_entered_by_its_name_unless_a_shell_would_obey_it() {
        let first = |name| {
            set(&healthy(), &namespace(2, name, Vec::new()), SYNCOOKIES, 1)
                .now
                .remove(0)
        };
        let command = "ip netns exec web sysctl -w net.ipv4.tcp_syncookies=1";
        assert_eq!(first("web"), Step::Run(command.to_owned()));
        assert!(matches!(first("web; reboot"), Step::Do(_)));
    }

    #[test]
    fn a_setting_goes_where_no_later_file_takes_it_back() {
        let kept = |path: &str| {
            let mut facts = healthy();
            let place = Place {
                path: path.to_owned(),
                line: Some(3),
            };
            facts.boot.sysctls = Fact::Known(vec![BootSysctl {
                key: SOMAXCONN.to_owned(),
                value: "128".to_owned(),
                place,
            }]);
            at_boot(&facts, SOMAXCONN, 4096)
        };
        let put = "put `net.core.somaxconn = 4096` at /etc/sysctl.d/99-x.conf:3";
        assert_eq!(kept("/etc/sysctl.d/99-x.conf"), Step::Do(put.to_owned()));
        assert!(matches!(
            kept("/usr/lib/sysctl.d/50-x.conf"),
            Step::Write(_)
        ));
    }

    #[test]
    fn the_advice_of_one_check_does_not_overwrite_that_of_another() {
        let at_boot = |sysctl| at_boot(&healthy(), sysctl, 1).text().to_owned();
        let file = |sysctl| at_boot(sysctl).rsplit(' ').next().map(str::to_owned);
        assert_ne!(file(SYNCOOKIES), file(ABORT_ON_OVERFLOW));
        let expected = "echo 'net.core.somaxconn = 1' > /etc/sysctl.d/90-somaxconn.conf";
        assert_eq!(at_boot(SOMAXCONN), expected);
    }
}
