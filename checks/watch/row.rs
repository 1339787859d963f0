//! The listeners, worst first.

use super::event::{Growth, Subject, Who};
use super::history::History;
use super::tracked::Tracked;
use crate::namespaces::listening::Fill;
use std::cmp::Ordering;

/// A listener, as the last reading had it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Which.
    pub who: &'a Who,
    /// Connections that wait for accept(), `None` when that is not known.
    pub queue: Option<u32>,
    /// Its backlog, `None` when that is not known. The queue holds one more.
    pub backlog: Option<u32>,
    /// How full that is.
    pub fill: Fill,
    /// Connection requests that it dropped between the last two readings, at most. `None` when that
    /// is not known.
    pub dropped: Option<Growth>,
    /// Its last readings.
    pub history: &'a History,
}

impl<'a> Row<'a> {
    pub(super) fn of(tracked: &'a Tracked) -> Option<Self> {
        let Subject::Listener(who) = &tracked.subject else {
            return None;
        };
        Some(Row {
            who,
            queue: tracked.queue,
            backlog: tracked.backlog,
            fill: tracked.fill,
            dropped: tracked.dropped,
            history: &tracked.history,
        })
    }

    /// The part of the queue that is taken, from 0 to 1. `None` when that is not known.
    pub fn share(&self) -> Option<f64> {
        let (queue, backlog) = self.queue.zip(self.backlog)?;
        Some((f64::from(queue) / (f64::from(backlog) + 1.0)).min(1.0))
    }

    /// What it drops per second, at most.
    pub fn drops_per_second(&self) -> Option<f64> {
        self.dropped.and_then(|dropped| dropped.per_second())
    }

    /// Full ones before those that drop, those before nearly full ones.
    fn severity(&self) -> u8 {
        let drops = self.dropped.is_some_and(|dropped| dropped.by > 0);
        match self.fill {
            Fill::Full => 3,
            _ if drops => 2,
            Fill::Nearly => 1,
            Fill::Room | Fill::Unknown => 0,
        }
    }

    fn worse(&self, other: &Self) -> Ordering {
        let drops = |row: &Self| row.drops_per_second().unwrap_or(0.0);
        let share = |row: &Self| row.share().unwrap_or(0.0);
        let descending = other
            .severity()
            .cmp(&self.severity())
            .then(drops(other).total_cmp(&drops(self)))
            .then(share(other).total_cmp(&share(self)))
            .then(other.queue.cmp(&self.queue));
        descending.then_with(|| self.place().cmp(&other.place()))
    }

    fn place(&self) -> (&str, super::Protocol, &str, u32) {
        let who = self.who;
        (&who.namespace, who.protocol, &who.address, who.inode)
    }
}

/// Full queues first, then those that drop most, then the fullest, then the longest.
pub(super) fn worst_first(mut rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    rows.sort_by(Row::worse);
    rows
}
