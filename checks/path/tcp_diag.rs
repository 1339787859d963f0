//! tcp_diag answers, so ss has the backlog.

use super::handler::Handler;
use super::telling::{self, Loss};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// tcp_diag answers, so ss has the backlog.
pub static CHECK: Check = Check {
    id: "tcp-diag",
    title: "tcp_diag answers, so ss has the backlog",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("tcp_diag.md"),
    needs: &[Topic::Modules, Topic::RoundTrips, Topic::Boot],
    masked_by: &["sock-diag-round-trip", "module-autoload", "inet-diag"],
    judges: Judges::MachinesAndKernels,
    judge,
};

const LOSS: Loss = Loss {
    handler: Handler::Tcp,
    without: "ss shows Send-Q 0 for every TCP listener",
    status: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view, &LOSS)]
}

#[cfg(test)]
mod tests;
