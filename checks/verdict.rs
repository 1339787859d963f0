//! The answer to the question that the user came with: can the queues that ss shows be believed?

use crate::finding::{Remedy, Status};

/// One walk for each kind of socket that ss can be blind for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Send-Q of TCP listeners.
    pub tcp: Walk,
    /// Unread bytes of unix sockets.
    pub unix: Walk,
}

/// The way that ss walks, step by step, up to where it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Pass: ss can be believed. Fail: it shows zeros that are not true.
    pub status: Status,
    /// One sentence: the answer and its one root cause.
    pub summary: String,
    /// The command whose walk this is: `ss -lt`.
    pub command: &'static str,
    /// The steps, in ss's own order.
    pub steps: Vec<Step>,
    /// The check that names the root cause, when there is one.
    pub cause: Option<&'static str>,
    /// What mends it.
    pub remedy: Option<Remedy>,
    /// True values where ss is blind, one line each.
    pub truth: Vec<String>,
    /// What ss shows of these queues.
    pub shown: Shown,
}

/// What ss shows of the queues of a socket, at the end of its walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Both, as they are.
    Truth,
    /// What its file in /proc/net has: of a TCP listener Recv-Q, and 0 for Send-Q; of a unix
    /// socket 0 for both.
    ProcNet,
    /// Not the socket at all.
    Nothing,
    /// That could not be told.
    Unknown,
}

/// One step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `environment`, `netlink`, `inet_diag`, `tcp_diag`, …
    pub name: &'static str,
    /// How it went.
    pub status: StepStatus,
    /// What was seen there, with its evidence.
    pub detail: String,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
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
