//! The inet_diag family handler answers.

use super::handler::Handler;
use super::telling::{self, Loss};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// The inet_diag family handler answers.
pub static CHECK: Check = Check {
    id: "inet-diag",
    title: "The inet_diag family handler answers",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("inet_diag.md"),
    needs: &[Topic::Modules, Topic::RoundTrips, Topic::Boot],
    masked_by: &["sock-diag-round-trip", "module-autoload"],
    judges: Judges::MachinesAndKernels,
    judge,
};

const LOSS: Loss = Loss {
    handler: Handler::Inet,
    without: "ss reads /proc/net for TCP, UDP and raw sockets",
    status: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view, &LOSS)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{DiagModule, Errno, Gap, Refusal, RuleKind, Why};
    use crate::fixture;
    use crate::path::broken;

    #[test]
    fn an_error_message_for_the_family_is_a_failure_with_its_cause() {
        let mut facts = broken::without(&[Handler::Inet], broken::shipped);
        let text = "install inet_diag /bin/false";
        broken::add_rule(&mut facts, DiagModule::InetDiag, RuleKind::Install, text);
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains(text), "{}", finding.summary);
    }

    #[test]
    fn a_done_message_comes_from_inet_diag_itself() {
        let finding = broken::judge_one(&CHECK, &broken::without_tcp_diag());
        assert_eq!(finding.status, Status::Pass);
    }

    #[test]
    fn one_protocol_that_answers_is_enough() {
        let mut facts = fixture::healthy();
        let gap = Gap::new("round trip", Why::TimedOut { after_ms: 5000 });
        broken::do_not_ask(&mut facts, Handler::Tcp, &gap);
        assert_eq!(broken::judge_one(&CHECK, &facts).status, Status::Pass);
    }

    #[test]
    fn nobody_asked_is_undecided() {
        let mut facts = fixture::healthy();
        let gap = Gap::new("round trip", Why::TimedOut { after_ms: 5000 });
        broken::do_not_ask(&mut facts, Handler::Inet, &gap);
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Unknown);
        assert!(finding.evidence[0].says.contains("5000 ms"));
    }

    #[test]
    fn an_error_that_does_not_mean_absence_is_not_blamed_on_modules() {
        let mut facts = broken::without(&[Handler::Inet], broken::shipped);
        broken::refuse(
            &mut facts,
            Handler::Inet,
            Refusal::ErrorMessage,
            Errno::EINVAL,
        );
        let text = "install inet_diag /bin/false";
        broken::add_rule(&mut facts, DiagModule::InetDiag, RuleKind::Install, text);
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("EINVAL"), "{}", finding.summary);
        assert!(!finding.summary.contains(text), "{}", finding.summary);
    }
}
