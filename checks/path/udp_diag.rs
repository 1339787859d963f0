//! udp_diag answers.

use super::handler::Handler;
use super::telling::{self, Loss};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// udp_diag answers.
pub static CHECK: Check = Check {
    id: "udp-diag",
    title: "udp_diag answers",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("udp_diag.md"),
    needs: &[Topic::Modules, Topic::RoundTrips, Topic::Boot],
    masked_by: &["sock-diag-round-trip", "module-autoload", "inet-diag"],
    judges: Judges::MachinesAndKernels,
    judge,
};

const LOSS: Loss = Loss {
    handler: Handler::Udp,
    without: "ss reads /proc/net/udp, whose queues are right",
    status: Status::Warn,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view, &LOSS)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Gap, Presence, Why};
    use crate::fixture;
    use crate::path::broken;

    #[test]
    fn without_it_the_queues_are_still_right_so_it_is_a_warning() {
        let facts = broken::without(&[Handler::Udp], |_| Presence::NotShipped);
        let finding = broken::judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Warn);
        assert!(finding.summary.contains("/proc/net/udp"));
    }

    #[test]
    fn where_the_policy_requires_it_its_loss_is_a_failure() {
        let facts = broken::without(&[Handler::Udp], |_| Presence::NotShipped);
        let module = Handler::Udp.module();
        let finding = broken::judge_requiring(&CHECK, &facts, module).remove(0);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.ends_with("; the policy requires udp_diag"));
        let healthy = broken::judge_requiring(&CHECK, &fixture::healthy(), module);
        assert_eq!(healthy[0].status, Status::Pass);
    }

    #[test]
    fn an_answer_passes() {
        let finding = broken::judge_one(&CHECK, &fixture::healthy());
        assert_eq!(finding.status, Status::Pass);
    }

    #[test]
    fn a_panic_of_the_probe_is_undecided() {
        let mut facts = fixture::healthy();
        let gap = Gap::new("round trip", Why::Panicked("index".to_owned()));
        broken::do_not_ask(&mut facts, Handler::Udp, &gap);
        assert_eq!(broken::judge_one(&CHECK, &facts).status, Status::Unknown);
    }
}
