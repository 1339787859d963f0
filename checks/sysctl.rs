//! The settings that checks look at, and how they are changed.

use crate::facts::{Facts, Namespace, NetnsName};
use crate::finding::{Remedy, Step};

pub(crate) const SOMAXCONN: &str = "net.core.somaxconn";
pub(crate) const SYNCOOKIES: &str = "net.ipv4.tcp_syncookies";
pub(crate) const MAX_SYN_BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";
pub(crate) const ABORT_ON_OVERFLOW: &str = "net.ipv4.tcp_abort_on_overflow";
pub(crate) const SYNACK_RETRIES: &str = "net.ipv4.tcp_synack_retries";

/// How to set `sysctl` in this namespace. A value set in a container's namespace lasts as long
/// as the container.
pub(crate) fn set(namespace: &Namespace, sysctl: &str, value: u32) -> Remedy {
    let command = format!("sysctl -w {sysctl}={value}");
    if namespace.host == Some(true) {
        return Remedy::run(command).keep_run(at_boot(sysctl, value));
    }
    match ip_netns_name(namespace) {
        Some(name) => Remedy::run(format!("ip netns exec {name} {command}"))
            .keep_do(format!("put that after what makes {name}: ip netns add")),
        None => Remedy::by_hand(format!("in that namespace: {command}")).keep_do(format!(
            "set it where the container is made: --sysctl {sysctl}={value}, or \
             securityContext.sysctls of the pod"
        )),
    }
}

/// The line to put a setting on, for a command of [`at_boot`] whose file would not win: in an
/// image every line that sets it is the one to edit, on a machine one in a file that is read
/// later.
pub(crate) fn on_its_line(facts: &Facts, command: &str) -> Option<Step> {
    let echoed = command.strip_prefix("echo '")?;
    let (setting, file) = echoed.split_once("' > /etc/sysctl.d/")?;
    let (key, _) = setting.split_once(" = ")?;
    let place = &facts.boot.line(key)?.place;
    let name = place.path.rsplit('/').next()?;
    let wins = facts.origin.image().is_some() || name > file;
    wins.then(|| Step::Do(format!("put `{setting}` at {place}")))
}

/// The remedy with settings where they win.
pub(crate) fn where_they_win(facts: &Facts, mut remedy: Remedy) -> Remedy {
    for step in &mut remedy.keep {
        if let Step::Run(command) = step
            && let Some(line) = on_its_line(facts, command)
        {
            *step = line;
        }
    }
    remedy
}

/// The name for `ip netns exec`, when a shell takes it as it is.
fn ip_netns_name(namespace: &Namespace) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match namespace.names.first() {
        Some(NetnsName::Netns(name)) if name.chars().all(is_plain) => Some(name),
        _ => None,
    }
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
    use crate::facts::{BootSysctl, Fact, Place};
    use crate::fixture::{healthy, namespace};

    #[test]
    fn a_named_namespace_is_entered_by_its_name_unless_a_shell_would_obey_it() {
        let first = |name| {
            set(&namespace(2, name, Vec::new()), SYNCOOKIES, 1)
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
            let remedy = Remedy::default().keep_run(at_boot(SOMAXCONN, 4096));
            where_they_win(&facts, remedy).keep.remove(0)
        };
        let put = "put `net.core.somaxconn = 4096` at /etc/sysctl.d/99-x.conf:3";
        assert_eq!(kept("/etc/sysctl.d/99-x.conf"), Step::Do(put.to_owned()));
        assert!(matches!(kept("/usr/lib/sysctl.d/50-x.conf"), Step::Run(_)));
    }

    #[test]
    fn the_advice_of_one_check_does_not_overwrite_that_of_another() {
        let file = |sysctl| at_boot(sysctl, 1).rsplit(' ').next().map(str::to_owned);
        assert_ne!(file(SYNCOOKIES), file(ABORT_ON_OVERFLOW));
        let expected = "echo 'net.core.somaxconn = 1' > /etc/sysctl.d/90-somaxconn.conf";
        assert_eq!(at_boot(SOMAXCONN, 1), expected);
    }
}
