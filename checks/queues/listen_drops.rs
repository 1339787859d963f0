//! No connection request was dropped for another reason.

use crate::check::{Check, Group, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// No connection request was dropped for another reason.
pub static CHECK: Check = Check {
    id: "listen-drops",
    title: "No connection request was dropped for another reason",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("listen_drops.md"),
    needs: &[Topic::Counters, Topic::Listeners],
    masked_by: &["listen-overflows"],
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let _ = (view, Status::Pass);
    Vec::new()
}
