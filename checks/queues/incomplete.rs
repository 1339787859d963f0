//! Listeners that could not be read, or not in full: never a pass.

use super::listening::{self, Fill};
use super::seen::{gap_evidence, subject, undecided};
use crate::facts::{Fact, Gap, Namespace};
use crate::finding::{Evidence, Finding, Status};

/// What is missing of the TCP listeners of a namespace, when something is.
pub(crate) fn tcp(namespace: &Namespace) -> Option<Finding> {
    without_backlog(namespace).or_else(|| family(namespace, "TCP", &namespace.listeners))
}

/// What is missing of the unix listeners of a namespace, when something is.
pub(crate) fn unix(namespace: &Namespace) -> Option<Finding> {
    family(namespace, "unix", &namespace.unix_listeners)
}

/// /proc/net/tcp has the queue of a listener, but not its backlog.
fn without_backlog(namespace: &Namespace) -> Option<Finding> {
    let (mut blind, mut waiting) = (0_u32, 0_u32);
    for listener in listening::tcp(namespace) {
        if listener.fill() == Fill::Unknown {
            blind += 1;
            waiting += u32::from(listener.accept_queue() > Some(0));
        }
    }
    if blind == 0 {
        return None;
    }
    let says = format!("{blind} listeners without a backlog, {waiting} with connections waiting");
    let gaps: Vec<&Gap> = namespace.listeners.gaps().iter().collect();
    let summary = "the backlogs of TCP listeners are not known";
    let finding = Finding::about(subject(namespace), Status::Unknown, summary)
        .evidence(Evidence::file("/proc/net/tcp", None, says));
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
