//! Whether ss can be believed.

use super::checks::{Remedy, Status};
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::verdict;

/// Whether the queues that ss shows can be believed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Verdict<'a> {
    /// Send-Q of TCP listeners.
    tcp: Walk<'a>,
    /// Unread bytes of unix sockets.
    unix: Walk<'a>,
}

/// The way that ss walks, up to where it breaks.
#[derive(Debug, Serialize, JsonSchema)]
struct Walk<'a> {
    /// pass: ss can be believed. fail: it shows zeros that are not true.
    status: Status,
    /// The answer in one sentence.
    summary: &'a str,
    /// The command whose walk this is.
    command: &'static str,
    /// Its steps, in ss's own order.
    steps: Vec<Step<'a>>,
    /// The id of the check that names the root cause.
    cause: Option<&'static str>,
    /// What mends it.
    remedy: Option<Remedy<'a>>,
    /// True values where ss is blind, one line each.
    truth: &'a [String],
}

/// One step of a walk.
#[derive(Debug, Serialize, JsonSchema)]
struct Step<'a> {
    /// `environment`, `netlink`, `inet_diag`, …
    name: &'static str,
    /// How it went.
    status: StepStatus,
    /// What was seen there.
    detail: &'a str,
}

/// How a step went.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum StepStatus {
    /// It holds.
    Ok,
    /// It holds now, but not for certain later.
    Warn,
    /// Here the walk breaks.
    Fail,
    /// It could not be decided.
    Unknown,
    /// ss never gets here.
    Skipped,
    /// What ss does instead.
    Then,
}

impl<'a> Verdict<'a> {
    pub(super) fn of(verdict: &'a verdict::Verdict) -> Self {
        Verdict {
            tcp: Walk::of(&verdict.tcp),
            unix: Walk::of(&verdict.unix),
        }
    }
}

impl<'a> Walk<'a> {
    fn of(walk: &'a verdict::Walk) -> Self {
        Walk {
            status: walk.status.into(),
            summary: &walk.summary,
            command: walk.command,
            steps: walk.steps.iter().map(Step::of).collect(),
            cause: walk.cause,
            remedy: walk.remedy.as_ref().map(Remedy::of),
            truth: &walk.truth,
        }
    }
}

impl<'a> Step<'a> {
    fn of(step: &'a verdict::Step) -> Self {
        Step {
            name: step.name,
            status: match step.status {
                verdict::StepStatus::Ok => StepStatus::Ok,
                verdict::StepStatus::Warn => StepStatus::Warn,
                verdict::StepStatus::Fail => StepStatus::Fail,
                verdict::StepStatus::Unknown => StepStatus::Unknown,
                verdict::StepStatus::Skipped => StepStatus::Skipped,
                verdict::StepStatus::Then => StepStatus::Then,
            },
            detail: &step.detail,
        }
    }
}
