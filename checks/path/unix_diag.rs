//! unix_diag answers, so ss has unread bytes.

use super::handler::Handler;
use super::telling::{self, Table};
use crate::check::{Check, Group, Scope, View};
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
    judge,
};

const TABLE: Table = Table {
    handler: Handler::Unix,
    without: "ss shows 0 in both queues of every unix socket",
    loss: Status::Fail,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    vec![telling::finding(view.facts, &TABLE)]
}
