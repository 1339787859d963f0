//! What happens alike many times is told shorter.

use super::event::{Event, Subject, What};
use crate::namespaces::listening::NAMED;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// `events` without the failures that say the same of another namespace; the first of them
/// counts the others.
pub(super) fn alike(events: Vec<Event>) -> Vec<Event> {
    let mut merged: Vec<Event> = Vec::with_capacity(events.len());
    // As many as there are different failures: a handful.
    let mut failures: Vec<usize> = Vec::new();
    for event in events {
        let What::ReadingFailed { .. } = event.what else {
            merged.push(event);
            continue;
        };
        let alike = |&&at: &&usize| same(&merged[at].what, &event.what);
        match failures.iter().find(alike).copied() {
            Some(at) => count_one_more(&mut merged[at].what),
            None => {
                failures.push(merged.len());
                merged.push(event);
            }
        }
    }
    merged
}

fn same(one: &What, other: &What) -> bool {
    match (one, other) {
        (
            What::ReadingFailed { reads, gap, .. },
            What::ReadingFailed {
                reads: reads_too,
                gap: gap_too,
                ..
            },
        ) => (reads, gap) == (reads_too, gap_too),
        _ => false,
    }
}

fn count_one_more(what: &mut What) {
    if let What::ReadingFailed { others, .. } = what {
        *others += 1;
    }
}

/// `events` with at most so many listeners named for each kind of event in each namespace, the
/// worst of them; the others are counted. A program with 10,000 listeners can end.
pub(super) fn crowds(mut events: Vec<Event>) -> Vec<Event> {
    if events.len() > NAMED {
        // Stable: where nothing is worse than another, the order of the listeners stands.
        events.sort_by_key(|event| Reverse(weight(&event.what)));
    }
    let mut named: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    events.retain(|event| {
        let Some(who) = event.listener() else {
            return true;
        };
        let number = named.entry((who.namespace.clone(), event.what.name()));
        let number = number.or_default();
        *number += 1;
        *number <= NAMED
    });
    events.extend(named.into_iter().filter_map(|((namespace, what), number)| {
        let number = number.checked_sub(NAMED).filter(|more| *more > 0)?;
        let subject = Subject::Namespace(namespace);
        let what = What::More { what, number };
        Some(Event { subject, what })
    }));
    events
}

fn weight(what: &What) -> u64 {
    match what {
        What::DropsGrew { growth } => growth.by,
        What::QueueFull { queue, .. } => u64::from(*queue),
        _ => 0,
    }
}
