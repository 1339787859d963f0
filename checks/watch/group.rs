//! The listeners of one kind in one namespace.

use super::event::{Event, Protocol, What};
use super::listener::{self, Key};
use super::tracked::Tracked;
use crate::facts::{Gap, Namespace};
use crate::namespaces::listening::Listening;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Listeners that are gone, and are kept because something was wrong with them. A program can
/// listen and stop listening for ever; the judgement names fewer than these.
const GONE_KEPT: usize = 256;

/// The listeners of one kind in one namespace.
#[derive(Debug)]
pub(super) struct Group {
    protocol: Protocol,
    pub(super) tracked: BTreeMap<Key, Tracked>,
    gone: Vec<Tracked>,
    last: Option<Last>,
    lost: Option<Gap>,
}

/// The last reading that succeeded.
#[derive(Debug)]
struct Last {
    at: Duration,
    gaps: Vec<Gap>,
}

/// What the listeners dropped between two readings, at most.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Dropped {
    pub(super) by: u64,
    /// Every listener has a counter, and it was read.
    pub(super) all_counted: bool,
}

impl Group {
    pub(super) fn new(protocol: Protocol) -> Self {
        Group {
            protocol,
            tracked: BTreeMap::new(),
            gone: Vec::new(),
            last: None,
            lost: None,
        }
    }

    /// The same, where it is known that at this time there were none.
    pub(super) fn without_any(protocol: Protocol, at: Duration) -> Self {
        let gaps = Vec::new();
        Group {
            last: Some(Last { at, gaps }),
            ..Group::new(protocol)
        }
    }

    /// Takes in a reading. In the namespace `lost` connection requests were dropped meanwhile, where
    /// that is known.
    pub(super) fn update(
        &mut self,
        namespace: &Namespace,
        at: Duration,
        lost: Option<u64>,
    ) -> Vec<Event> {
        match listener::read(namespace, self.protocol) {
            Ok((listeners, gaps)) => {
                self.lost = None;
                let mut events = self.forget_gone(&listeners, gaps);
                events.extend(self.read(&listeners, gaps, at, lost));
                let gaps = gaps.to_vec();
                self.last = Some(Last { at, gaps });
                events
            }
            Err(gap) => {
                self.lost = Some(gap.clone());
                self.miss();
                Vec::new()
            }
        }
    }

    /// Nothing of it could be read this time.
    pub(super) fn miss(&mut self) {
        self.tracked.values_mut().for_each(Tracked::miss);
    }

    /// Those that are not there any more. Where there is a gap that the last reading did not
    /// have, a listener may only be out of sight.
    fn forget_gone(&mut self, listeners: &[Listening<'_>], gaps: &[Gap]) -> Vec<Event> {
        let there: BTreeSet<Key> = listeners.iter().map(Listening::key).collect();
        let tracked = self.tracked.iter_mut();
        let not_there = tracked.filter(|(key, _)| !there.contains(key));
        let last = self.last.iter().flat_map(|last| &last.gaps);
        let last: Vec<&Gap> = last.collect();
        if gaps.iter().any(|gap| !last.contains(&gap)) {
            not_there.for_each(|(_, hidden)| hidden.miss());
            return Vec::new();
        }
        let gone: Vec<Key> = not_there.map(|(key, _)| key.clone()).collect();
        let mut events = Vec::new();
        for tracked in gone.iter().filter_map(|key| self.tracked.remove(key)) {
            events.push(tracked.event(What::ListenerWent));
            if tracked.saw_trouble() && self.gone.len() < GONE_KEPT {
                self.gone.push(tracked);
            }
        }
        events
    }

    fn read(
        &mut self,
        listeners: &[Listening<'_>],
        gaps: &[Gap],
        at: Duration,
        lost: Option<u64>,
    ) -> Vec<Event> {
        // One that was hidden by a gap has not come when the gap closes.
        let last = self.last.as_ref();
        let last = last.filter(|last| last.gaps.iter().all(|gap| gaps.contains(gap)));
        let since = last.map(|last| last.at);
        let mut events = Vec::new();
        for listening in listeners {
            if let Some(tracked) = self.tracked.get_mut(&listening.key()) {
                events.extend(tracked.update(listening, at, lost));
                continue;
            }
            let tracked = Tracked::meet(listening, at, since, lost);
            if since.is_some() {
                events.push(tracked.event(What::ListenerCame));
            }
            events.extend(tracked.at_first_sight(since.is_some()));
            self.tracked.insert(listening.key(), tracked);
        }
        events
    }

    /// What they dropped between the last two readings, at most: each of several can have dropped
    /// the same of the `lost` connection requests.
    pub(super) fn dropped(&self, lost: Option<u64>) -> Dropped {
        let complete = |last: &Last| last.gaps.is_empty();
        let mut dropped = Dropped {
            by: 0,
            all_counted: self.lost.is_none() && self.last.as_ref().is_some_and(complete),
        };
        for tracked in self.tracked.values() {
            match tracked.dropped {
                Some(growth) => dropped.by += growth.by,
                None => dropped.all_counted = false,
            }
        }
        dropped.by = dropped.by.min(lost.unwrap_or(u64::MAX));
        dropped
    }

    /// Every listener that the judgement is to see.
    pub(super) fn all(&self) -> impl Iterator<Item = &Tracked> {
        self.tracked.values().chain(&self.gone)
    }

    /// Whether it was ever read.
    pub(super) fn was_read(&self) -> bool {
        self.last.is_some()
    }

    /// The gaps of the last reading, all of them when it failed.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let last = self.last.iter().flat_map(|last| last.gaps.iter().cloned());
        self.lost.iter().cloned().chain(last).collect()
    }
}
