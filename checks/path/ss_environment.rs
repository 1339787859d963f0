//! No environment variable turns ss away from netlink.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Gap, SsVariable, Topic};
use crate::finding::{Evidence, Finding, Remedy, Source, Status, Subject};
use crate::list::list;

/// No environment variable turns ss away from netlink.
pub static CHECK: Check = Check {
    id: "ss-environment",
    title: "No environment variable turns ss away from netlink",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("ss_environment.md"),
    needs: &[Topic::SsEnvironment],
    masked_by: &[],
    judges: Judges::Machines,
    judge,
};

/// What the mere presence of a variable does to ss (misc/ss.c of iproute2: the getenv calls).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// ss does not ask netlink for these tables.
    Bypass(&'static [&'static str]),
    /// ss prints nothing for this table.
    Silence(&'static str),
    /// Another file is read where ss reads one anyway.
    OtherFile,
}

/// The table names that a verdict hangs on.
pub(super) const TCP: &str = "TCP";
pub(super) const UNIX: &str = "unix";

const ALL_TABLES: &[&str] = &[TCP, "UDP", "RAW", UNIX, "packet", "netlink", "MPTCP"];

fn effect(name: &str) -> Effect {
    match name {
        "PROC_ROOT" => Effect::Bypass(ALL_TABLES),
        "PROC_NET_TCP" | "TCPDIAG_FILE" => Effect::Bypass(&[TCP]),
        "PROC_NET_UNIX" => Effect::Bypass(&[UNIX]),
        "PROC_NET_UDP" => Effect::Bypass(&["UDP"]),
        "PROC_NET_RAW" => Effect::Bypass(&["RAW"]),
        "PROC_NET_PACKET" => Effect::Bypass(&["packet"]),
        "PROC_NET_NETLINK" => Effect::Bypass(&["netlink"]),
        "PROC_NET_MPTCP" => Effect::Silence("MPTCP"),
        "PROC_NET_DCCP" => Effect::Silence("DCCP"),
        "PROC_NET_SCTP" => Effect::Silence("SCTP"),
        _ => Effect::OtherFile,
    }
}

/// The variables that turn ss away from netlink for `table`.
pub(super) fn blinding<'a>(facts: &'a Facts, table: &str) -> Result<Vec<&'a SsVariable>, &'a Gap> {
    let set = facts.ss.environment.known()?;
    Ok(set.iter().filter(|set| blinds(set, table)).collect())
}

/// What ss shows of `table` then. PROC_NET_TCP names a file for IPv4 alone, and ss does not ask
/// netlink for IPv6 either (tcp_show in misc/ss.c).
pub(super) fn shown(facts: &Facts, table: &str) -> &'static str {
    let set = blinding(facts, table).unwrap_or_default();
    match set.iter().all(|set| set.name == "PROC_NET_TCP") {
        true => {
            "for IPv4 what that file holds, for IPv6 /proc/net/tcp6 with Send-Q always 0, in place \
             of the kernel's answer"
        }
        false => "what that file holds, in place of the kernel's answer",
    }
}

/// `unset NAME`, and where to look for what sets it.
pub(super) fn remedy<'a>(variables: impl IntoIterator<Item = &'a SsVariable>) -> Remedy {
    let names: Vec<&str> = variables.into_iter().map(|set| set.name.as_str()).collect();
    let names = names.join(" ");
    Remedy::run(format!("unset {names}"))
        .then_do("or run ss under sudo, which usually drops such variables")
        .keep_do(format!(
            "take {names} out of what sets it: ~/.profile, /etc/environment, the unit or the script"
        ))
}

fn blinds(variable: &SsVariable, table: &str) -> bool {
    matches!(effect(&variable.name), Effect::Bypass(tables) if tables.contains(&table))
}

fn judge(view: &View<'_>) -> Vec<Finding> {
    let set = match view.facts.ss.environment.known() {
        Ok(set) => set,
        Err(gap) => {
            return vec![Finding::unknown(
                Subject::Host,
                "whether a variable turns ss away from netlink is not known",
                gap,
            )];
        }
    };
    let (grave, slight): (Vec<_>, Vec<_>) = set
        .iter()
        .partition(|variable| blinds(variable, TCP) || blinds(variable, UNIX));
    let mut findings = Vec::new();
    if !grave.is_empty() {
        findings.push(turned_away(&grave));
    }
    if !slight.is_empty() {
        findings.push(changed(&slight));
    }
    if findings.is_empty() {
        findings.push(Finding::host(
            Status::Pass,
            "no environment variable turns ss away from netlink",
        ));
    }
    findings
}

fn turned_away(variables: &[&SsVariable]) -> Finding {
    let tables: Vec<&str> = ALL_TABLES
        .iter()
        .copied()
        .filter(|table| variables.iter().any(|variable| blinds(variable, table)))
        .collect();
    about(
        Status::Fail,
        format!(
            "ss does not ask the kernel for {}, because of {} in the environment",
            list(&tables),
            names(variables)
        ),
        variables,
    )
}

fn changed(variables: &[&SsVariable]) -> Finding {
    let summary = format!(
        "{} in the environment changes what ss reads, though not for TCP and unix queues",
        names(variables)
    );
    about(Status::Warn, summary, variables)
}

fn about(status: Status, summary: String, variables: &[&SsVariable]) -> Finding {
    Finding::host(status, summary)
        .evidences(variables.iter().map(|variable| Evidence {
            source: Source::Environment(variable.name.clone()),
            says: says(variable),
        }))
        .remedy(remedy(variables.iter().copied()))
}

fn says(variable: &SsVariable) -> String {
    let value = match variable.value.as_str() {
        "" => "set, though empty",
        value => value,
    };
    match effect(&variable.name) {
        Effect::Bypass(tables) => format!("{value} (no netlink for {})", list(tables)),
        Effect::Silence(table) => format!("{value} (no {table} sockets at all)"),
        Effect::OtherFile => format!("{value} (read in the place of the file in /proc)"),
    }
}

fn names(variables: &[&SsVariable]) -> String {
    let names: Vec<&str> = variables.iter().map(|set| set.name.as_str()).collect();
    list(&names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Why};
    use crate::fixture;
    use crate::path::broken;

    fn with(names: &[&str]) -> Facts {
        let mut facts = fixture::healthy();
        let set = names.iter().map(|name| SsVariable {
            name: (*name).to_owned(),
            value: String::new(),
        });
        facts.ss.environment = Fact::Known(set.collect());
        facts
    }

    #[test]
    fn a_variable_for_tcp_or_unix_fails_even_when_it_is_empty() {
        for (name, table) in [
            ("PROC_NET_TCP", "TCP"),
            ("TCPDIAG_FILE", "TCP"),
            ("PROC_NET_UNIX", "unix"),
            (
                "PROC_ROOT",
                "TCP, UDP, RAW, unix, packet, netlink and MPTCP",
            ),
        ] {
            let finding = broken::judge_one(&CHECK, &with(&[name]));
            assert_eq!(finding.status, Status::Fail, "{name}");
            let summary = &finding.summary;
            assert!(summary.contains(&format!("for {table},")), "{summary}");
            let remedy = broken::remedy_text(&finding);
            assert!(remedy.contains(&format!("unset {name}")), "{remedy}");
            assert!(remedy.contains("sudo"), "{remedy}");
        }
    }

    #[test]
    fn the_other_variables_warn() {
        for name in ["PROC_NET_UDP", "PROC_NET_MPTCP", "PROC_NET_TCP6"] {
            let finding = broken::judge_one(&CHECK, &with(&[name]));
            assert_eq!(finding.status, Status::Warn, "{name}");
        }
    }

    #[test]
    fn each_variable_is_evidence() {
        let findings = broken::judge(&CHECK, &with(&["PROC_NET_TCP", "PROC_NET_UNIX"]));
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .summary
                .contains("PROC_NET_TCP and PROC_NET_UNIX")
        );
        assert_eq!(findings[0].evidence.len(), 2);
    }

    #[test]
    fn a_grave_variable_does_not_hide_a_slight_one() {
        let findings = broken::judge(&CHECK, &with(&["PROC_NET_TCP", "PROC_NET_UDP"]));
        let statuses: Vec<Status> = findings.iter().map(|finding| finding.status).collect();
        assert_eq!(statuses, [Status::Fail, Status::Warn]);
    }

    #[test]
    fn an_empty_environment_passes_and_an_unread_one_is_undecided() {
        assert_eq!(broken::judge_one(&CHECK, &with(&[])).status, Status::Pass);
        let mut facts = fixture::healthy();
        facts.ss.environment = Fact::Missing(Gap::new("environment", Why::Absent));
        assert_eq!(broken::judge_one(&CHECK, &facts).status, Status::Unknown);
    }
}
