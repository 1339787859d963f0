//! The installed ss prints what is true.

use crate::check::{Check, Group, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// The installed ss prints what is true.
pub static CHECK: Check = Check {
    id: "ss-agrees",
    title: "The installed ss prints what is true",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("ss_agrees.md"),
    needs: &[Topic::SsInstalled, Topic::SsEnvironment],
    masked_by: &[
        "ss-environment",
        "sock-diag-round-trip",
        "inet-diag",
        "tcp-diag",
        "unix-diag",
    ],
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let _ = (view, Status::Pass);
    Vec::new()
}
