//! The kernel can load a diag module when it is asked for one.

use crate::check::{Check, Group, Scope, View};
use crate::facts::Topic;
use crate::finding::{Finding, Status};

/// The kernel can load a diag module when it is asked for one.
pub static CHECK: Check = Check {
    id: "module-autoload",
    title: "The kernel can load a diag module when it is asked for one",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("module_autoload.md"),
    needs: &[Topic::Modules],
    masked_by: &[],
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let _ = (view, Status::Pass);
    Vec::new()
}
