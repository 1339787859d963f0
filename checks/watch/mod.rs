//! Reading after reading of the same machine: what happened in between, how each listener fares,
//! and, at the end, the facts that the checks judge.
//!
//! Nothing here looks at the machine or at a clock. A reading that failed is an event, and never
//! compared with one that did not: the last good one waits for the next good one.

mod counting;
mod event;
mod group;
mod history;
#[cfg(test)]
mod judged_tests;
mod kept;
mod listener;
mod merge;
mod reading;
mod row;
mod telling;
#[cfg(test)]
mod testing;
mod tracked;

pub use crate::namespaces::listening::Fill;
pub use event::{Event, Growth, Protocol, Reads, Subject, What, Who};
pub use history::{History, LENGTH, Point};
pub use reading::{Reading, Timed};
pub use row::Row;

use crate::facts::{Fact, Facts, Gap, Namespace, NetnsId, Why};
use kept::Kept;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

/// Namespaces that are gone, and whose readings are kept. Containers come and go for ever; the
/// judgement names fewer than these.
const GONE_KEPT: usize = 256;

/// What is known after some readings.
#[derive(Debug, Default)]
pub struct Watch {
    namespaces: BTreeMap<NetnsId, Kept>,
    gone: Vec<Kept>,
    /// The gaps of the last reading that had any: what was never seen is never a pass.
    unseen: Vec<Gap>,
    unseen_now: bool,
    /// A reading of namespaces has succeeded.
    begun: bool,
}

impl Watch {
    /// Takes in a reading, and says what happened since the one before.
    pub fn feed(&mut self, reading: Reading) -> Vec<Event> {
        // Where there are gaps for the first time, a namespace may only be out of sight.
        let as_before = self.unseen_now || reading.namespaces.gaps().is_empty();
        let mut events = self.note_unseen(&reading.namespaces);
        if let Fact::Known(there) | Fact::Partial { value: there, .. } = reading.namespaces {
            self.leave(&there, as_before, &mut events);
            for timed in there {
                self.visit(timed, &mut events);
            }
            self.begun = true;
        } else {
            self.namespaces.values_mut().for_each(Kept::miss);
        }
        merge::crowds(merge::alike(events))
    }

    /// The network namespaces that are there.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.values().map(Kept::namespace)
    }

    /// How many of them have no listeners that the last reading could read.
    pub fn unread(&self) -> usize {
        let counts = self.namespaces().map(listener::count);
        counts.filter(Option::is_none).count()
    }

    /// How many listeners are there.
    pub fn listeners(&self) -> usize {
        self.namespaces.values().map(Kept::listeners).sum()
    }

    /// All listeners, worst first.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let kept = self.namespaces.values();
        row::worst_first(kept.flat_map(Kept::rows).collect())
    }

    /// Whether any queue or counter was ever read.
    pub fn saw_anything(&self) -> bool {
        let kept = self.namespaces.values().chain(&self.gone);
        kept.into_iter().any(Kept::saw_anything)
    }

    /// `facts` with the namespaces as the whole watch saw them, for the checks to judge: each
    /// with its first reading, and as its sample the last counters and, of each listener, the
    /// reading in which its queue was longest. So a queue that was full at any moment fails,
    /// also when it is empty at the end: whoever waits for the exit code was not there to see it.
    pub fn judged(&self, facts: Facts) -> Facts {
        let kept = self.namespaces.values().chain(&self.gone);
        let namespaces: Vec<Namespace> = kept.map(Kept::judged).collect();
        Facts {
            namespaces: self.seen(namespaces),
            ..facts
        }
    }

    fn seen(&self, namespaces: Vec<Namespace>) -> Fact<Vec<Namespace>> {
        if self.begun {
            return Fact::with_gaps(namespaces, self.unseen.clone());
        }
        let nothing = || Gap::new("network namespaces", Why::Absent);
        Fact::Missing(self.unseen.first().cloned().unwrap_or_else(nothing))
    }

    fn note_unseen(&mut self, namespaces: &Fact<Vec<Timed>>) -> Vec<Event> {
        let gaps = namespaces.gaps();
        let was = std::mem::replace(&mut self.unseen_now, !gaps.is_empty());
        if let Some(gap) = gaps.first() {
            self.unseen = gaps.to_vec();
            let failed = What::failed(Reads::Namespaces, gap);
            return Vec::from_iter((!was).then(|| Event::of_watch(failed)));
        }
        let back = What::ReadingBack(Reads::Namespaces);
        Vec::from_iter(was.then(|| Event::of_watch(back)))
    }

    /// Takes leave of the namespaces that are not there any more, if they can be told from those
    /// that are only out of sight.
    fn leave(&mut self, there: &[Timed], can_tell: bool, events: &mut Vec<Event>) {
        let there: BTreeSet<NetnsId> = there.iter().map(|timed| timed.namespace.id).collect();
        let absent = |id: &NetnsId| !there.contains(id);
        let ids: Vec<NetnsId> = self.namespaces.keys().copied().filter(absent).collect();
        for id in ids {
            let Entry::Occupied(mut entry) = self.namespaces.entry(id) else {
                continue;
            };
            if !can_tell {
                entry.get_mut().miss();
                continue;
            }
            let kept = entry.remove();
            events.push(kept.went());
            self.remember(kept);
        }
    }

    /// What was seen in a namespace counts, also when that is gone. Where there are too many,
    /// those in which something was wrong take the places of others.
    fn remember(&mut self, gone: Kept) {
        if self.gone.len() < GONE_KEPT {
            self.gone.push(gone);
        } else if gone.saw_trouble()
            && let Some(place) = self.gone.iter_mut().find(|kept| !kept.saw_trouble())
        {
            *place = gone;
        }
    }

    fn visit(&mut self, timed: Timed, events: &mut Vec<Event>) {
        let id = timed.namespace.id;
        match self.namespaces.entry(id) {
            Entry::Occupied(mut entry) if entry.get().is_followed_by(&timed) => {
                let (next, seen) = entry.get().meet_next(timed);
                let gone = entry.insert(next);
                events.extend([gone.went(), entry.get().came()]);
                events.extend(seen);
                self.remember(gone);
            }
            Entry::Occupied(mut entry) => events.extend(entry.get_mut().update(timed)),
            Entry::Vacant(entry) => {
                let (kept, seen) = Kept::meet(timed);
                events.extend(self.begun.then(|| kept.came()));
                events.extend(seen);
                entry.insert(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests;
