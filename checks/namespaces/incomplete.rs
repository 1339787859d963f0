//! Listeners that could not be read, or not in full: never a pass.

use super::listening::{self, Fill, Listening};
use super::seen::{gap_evidence, subject, undecided};
use crate::facts::{Fact, Gap, Namespace};
use crate::finding::{Finding, Status};
use crate::list::counted;

/// What is missing of the TCP listeners of a namespace, when something is.
pub(crate) fn tcp(namespace: &Namespace) -> Option<Finding> {
    let summary = "the backlogs of TCP listeners are not known";
    let gaps = namespace.listeners.gaps();
    let blind = without_backlog(namespace, listening::tcp(namespace), summary, gaps);
    blind.or_else(|| family(namespace, "TCP", &namespace.listeners))
}

/// What is missing of the unix listeners of a namespace, when something is.
pub(crate) fn unix(namespace: &Namespace) -> Option<Finding> {
    let summary = "the queues of unix listeners are not known";
    let gaps = namespace.unix_listeners.gaps();
    let blind = without_backlog(namespace, listening::unix(namespace), summary, gaps);
    blind.or_else(|| family(namespace, "unix", &namespace.unix_listeners))
}

/// /proc/net/tcp has the queue of a listener, but not its backlog; /proc/net/unix has neither.
fn without_backlog<'a>(
    namespace: &Namespace,
    listeners: impl Iterator<Item = Listening<'a>>,
    summary: &str,
    gaps: &[Gap],
) -> Option<Finding> {
    let (mut blind, mut waiting, mut seen) = (0_u32, 0_u32, None);
    for listener in listeners.filter(|listener| listener.fill() == Fill::Unknown) {
        blind += 1;
        waiting += u32::from(listener.accept_queue() > Some(0));
        seen = seen.or(Some(listener));
    }
    let says = match seen?.accept_queue() {
        Some(_) => {
            let blind = counted(blind, "listener");
            format!("{blind} without a backlog, {waiting} with connections waiting")
        }
        None => format!("{} without queues", counted(blind, "listener")),
    };
    let gaps: Vec<&Gap> = gaps.iter().collect();
    let finding = Finding::about(subject(namespace), Status::Unknown, summary);
    let finding = finding.evidence(seen?.source().evidence(says));
    Some(finding.evidences(gap_evidence(&gaps)))
}

fn family<T>(namespace: &Namespace, family: &str, fact: &Fact<T>) -> Option<Finding> {
    if let Fact::Missing(gap) = fact {
        let summary = format!("the {family} listeners could not be read");
        return Some(undecided(namespace, summary, gap));
    }
    let gaps: Vec<&Gap> = fact.gaps().iter().collect();
    if gaps.is_empty() {
        return None;
    }
    let summary = format!("some {family} listeners could not be read");
    let finding = Finding::about(subject(namespace), Status::Unknown, summary);
    Some(finding.evidences(gap_evidence(&gaps)))
}
