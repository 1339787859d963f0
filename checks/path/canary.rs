//! A socket of our own, held against what sock_diag says of it.

use crate::facts::{Answer, Canary, Errno, Fact, Gap, Queues, Why};

/// What sock_diag said of a canary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Told<'a> {
    /// What is true.
    Truth(&'a Canary),
    /// Something else.
    Untruth(&'a Canary, Queues),
    /// The dump ran to its end without this socket.
    NotShown(&'a Canary),
    /// The socket is there, but its queues were not said.
    NoQueues(&'a Canary),
    /// Nothing: it refused, which the checks of the handlers explain.
    Refused(Errno),
    /// It is not known.
    Unknown(&'a Gap),
}

/// Compares the answer about `canary` with the truth.
pub(super) fn told(canary: &Fact<Canary>) -> Told<'_> {
    let canary = match canary.known() {
        Ok(canary) => canary,
        Err(gap) => return Told::Unknown(gap),
    };
    match canary.answer.known() {
        Err(gap) => Told::Unknown(gap),
        Ok(Answer::Refused { errno, .. }) => Told::Refused(*errno),
        Ok(Answer::Complete) => compare(canary),
    }
}

fn compare(canary: &Canary) -> Told<'_> {
    let Some(said) = canary.sock_diag else {
        return Told::NotShown(canary);
    };
    let pairs = [
        (canary.truth.recv, said.recv),
        (canary.truth.send, said.send),
    ];
    if pairs
        .iter()
        .any(|(truth, said)| matches!((truth, said), (Some(truth), Some(said)) if truth != said))
    {
        return Told::Untruth(canary, said);
    }
    if pairs
        .iter()
        .any(|(truth, said)| truth.is_some() && said.is_none())
    {
        return Told::NoQueues(canary);
    }
    Told::Truth(canary)
}

/// Whether a source that is blind for this number would show another one: such a source shows 0.
pub(super) fn tells_apart(truth: Option<u32>) -> bool {
    truth.is_some_and(|number| number > 0)
}

/// `Recv-Q 1, Send-Q 7`; only what is known.
pub(super) fn words(queues: Queues) -> String {
    let known: Vec<String> = [("Recv-Q", queues.recv), ("Send-Q", queues.send)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", value?)))
        .collect();
    if known.is_empty() {
        "no queues".to_owned()
    } else {
        known.join(", ")
    }
}

/// Whether there is no canary because the machine does not have its family of addresses. An
/// error of socket(2) does not say that: a filter may have made it.
pub(super) fn is_off(gap: &Gap) -> bool {
    matches!(gap.why, Why::Unsupported(_))
}
