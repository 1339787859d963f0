//! Overflowed connections are dropped, not reset.

use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Namespace, Topic};
use crate::finding::{Evidence, Finding, Status};
use crate::namespaces::seen::{each_namespace, subject, unreadable};
use crate::sysctl::{self, ABORT_ON_OVERFLOW};

/// Overflowed connections are dropped, not reset.
pub static CHECK: Check = Check {
    id: "abort-on-overflow",
    title: "Overflowed connections are dropped, not reset",
    group: Group::Syn,
    scope: Scope::Netns,
    explain: include_str!("abort_on_overflow.md"),
    needs: &[Topic::TcpSysctls],
    masked_by: &[],
    judges: Judges::MachinesAndSetting(ABORT_ON_OVERFLOW),
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    each_namespace(view, |namespace| {
        vec![match namespace.sysctls.tcp_abort_on_overflow.known() {
            Ok(0) => {
                let summary = "a full accept queue makes clients try again";
                Finding::about(subject(namespace), Status::Pass, summary)
            }
            Ok(&value) => resets(view.facts, namespace, value),
            Err(gap) => unreadable(namespace, ABORT_ON_OVERFLOW, gap),
        }]
    })
}

fn resets(facts: &Facts, namespace: &Namespace, value: u32) -> Finding {
    let summary = format!(
        "{ABORT_ON_OVERFLOW} is {value}: at a full accept queue clients see \
         \"connection reset\" instead of a short wait"
    );
    Finding::about(subject(namespace), Status::Warn, summary)
        .evidence(Evidence::sysctl(
            ABORT_ON_OVERFLOW,
            Some(&namespace.label()),
            value,
        ))
        .remedy(sysctl::set(facts, namespace, ABORT_ON_OVERFLOW, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Gap, Why};
    use crate::fixture::{healthy, namespace};
    use crate::namespaces::testing::{machine, statuses, worst};

    fn with(value: Fact<u32>) -> Facts {
        let mut host = namespace(1, "host", Vec::new());
        host.sysctls.tcp_abort_on_overflow = value;
        machine(vec![host])
    }

    #[test]
    fn silence_passes() {
        assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
    }

    #[test]
    fn resets_warn() {
        assert_eq!(worst(&CHECK, &with(Fact::Known(1))), Status::Warn);
    }

    #[test]
    fn a_setting_that_could_not_be_read_is_undecided() {
        let gap = Gap::new("/proc/sys/net/ipv4/tcp_abort_on_overflow", Why::Absent);
        assert_eq!(worst(&CHECK, &with(Fact::Missing(gap))), Status::Unknown);
    }
}
