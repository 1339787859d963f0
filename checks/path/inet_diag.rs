//! The inet_diag family handler answers.

use super::handler::Handler;
use super::telling::{self, Table};
use crate::check::{Check, Group, Scope, View};
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
    judge,
};

const TABLE: Table = Table {
    handler: Handler::Inet,
    without: "ss reads /proc/net for TCP, UDP and raw sockets",
    loss: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view.facts, &TABLE)]
}
