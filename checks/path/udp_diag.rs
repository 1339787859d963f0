//! udp_diag answers.

use super::handler::Handler;
use super::telling::{self, Table};
use crate::check::{Check, Group, Scope, View};
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
    judge,
};

const TABLE: Table = Table {
    handler: Handler::Udp,
    without: "ss reads /proc/net/udp, whose queues are right",
    loss: Status::Warn,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view.facts, &TABLE)]
}
