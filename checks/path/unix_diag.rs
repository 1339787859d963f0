//! unix_diag answers, so ss has unread bytes.

use super::handler::Handler;
use super::telling::{self, Loss};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// unix_diag answers, so ss has unread bytes.
pub static CHECK: Check = Check {
    id: "unix-diag",
    title: "unix_diag answers, so ss has unread bytes",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("unix_diag.md"),
    needs: &[Topic::Modules, Topic::RoundTrips, Topic::Boot],
    masked_by: &["sock-diag-round-trip", "module-autoload"],
    judges: Judges::MachinesAndKernels,
    judge,
};

const LOSS: Loss = Loss {
    handler: Handler::Unix,
    without: "ss shows 0 in both queues of every unix socket",
    status: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view, &LOSS)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{DiagModule, Gap, Presence, RuleKind};
    use crate::fixture;
    use crate::path::broken;

    #[test]
    fn a_kernel_without_it_shows_no_unread_bytes() {
        let facts = broken::without(&[Handler::Unix], |_| Presence::NotConfigured {
            evidence: "/boot/config-6.1.0-50-cloud-amd64".to_owned(),
        });
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("CONFIG_UNIX_DIAG is not set"));
        assert!(broken::remedy_text(&finding).contains("CONFIG_UNIX_DIAG"));
    }

    #[test]
    fn an_answer_passes() {
        let finding = broken::judge_one(&CHECK, &fixture::healthy());
        assert_eq!(finding.status, Status::Pass);
    }

    #[test]
    fn a_passive_run_does_not_decide_about_a_module_that_could_be_loaded() {
        let mut facts = fixture::healthy();
        facts.collection.passive = true;
        broken::set_presence(
            &mut facts,
            DiagModule::UnixDiag,
            broken::shipped(DiagModule::UnixDiag),
        );
        let gap = Gap::not_collected("unix round trip", "--passive");
        broken::do_not_ask(&mut facts, Handler::Unix, &gap);
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Unknown);
        assert!(broken::remedy_text(&finding).contains("without --passive"));
    }

    #[test]
    fn a_rule_is_enough_to_fail_a_passive_run() {
        let mut facts = fixture::healthy();
        facts.collection.passive = true;
        let module = DiagModule::UnixDiag;
        broken::set_presence(&mut facts, module, broken::shipped(module));
        broken::add_rule(
            &mut facts,
            module,
            RuleKind::Blacklist,
            "blacklist unix_diag",
        );
        let gap = Gap::not_collected("unix round trip", "--passive");
        broken::do_not_ask(&mut facts, Handler::Unix, &gap);
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("cis.conf:14"));
    }
}
