//! One namespace, from reading to reading.

use super::counting::Counting;
use super::event::{Event, Protocol, Reads, Subject, What};
use super::group::Group;
use super::listener;
use super::reading::Timed;
use super::row::Row;
use super::tracked::Tracked;
use crate::duration::millis;
use crate::facts::{Fact, Gap, Namespace, Sample, TcpListener};
use std::collections::BTreeMap;
use std::time::Duration;

/// A namespace and what became of it.
#[derive(Debug)]
pub(super) struct Kept {
    /// As it was read last.
    latest: Namespace,
    /// Of the last reading that had one.
    cookie: Option<u64>,
    readings: u64,
    from: Duration,
    to: Duration,
    /// The first reading of its TCP listeners that succeeded.
    first: Option<Vec<TcpListener>>,
    counting: Counting,
    tcp: Group,
    unix: Group,
    failing: BTreeMap<Reads, Gap>,
}

impl Kept {
    /// A namespace that is seen for the first time, and what there is to say of it.
    pub(super) fn meet(timed: Timed) -> (Self, Vec<Event>) {
        let mut kept = Kept::unread(&timed);
        let events = kept.update(timed);
        (kept, events)
    }

    fn unread(timed: &Timed) -> Self {
        Kept {
            latest: timed.namespace.clone(),
            cookie: None,
            readings: 0,
            from: timed.at,
            to: timed.at,
            first: None,
            counting: Counting::default(),
            tcp: Group::new(Protocol::Tcp),
            unix: Group::new(Protocol::Unix),
            failing: BTreeMap::new(),
        }
    }

    /// Whether a reading is of another namespace, which got the identity of this one when this one
    /// had ended. Without a cookie the counters tell, if they tell anything.
    pub(super) fn is_followed_by(&self, timed: &Timed) -> bool {
        match (self.cookie, timed.cookie) {
            (Some(one), Some(other)) => one != other,
            _ => self.counting.went_backwards(&timed.namespace.counters),
        }
    }

    /// The namespace that followed this one. It began after the last reading of this one, so what
    /// it counts and what listens in it came since then.
    pub(super) fn meet_next(&self, timed: Timed) -> (Self, Vec<Event>) {
        let Some((since, counting)) = self.counting.of_the_next() else {
            return Kept::meet(timed);
        };
        let mut next = Kept {
            readings: 1,
            from: since,
            first: Some(Vec::new()),
            counting,
            tcp: Group::without_any(Protocol::Tcp, since),
            unix: Group::without_any(Protocol::Unix, since),
            ..Kept::unread(&timed)
        };
        let mut events = next.update(timed);
        // They are told with the namespace.
        events.retain(|event| event.what != What::ListenerCame);
        (next, events)
    }

    /// Takes in a reading, and says what happened since the one before.
    pub(super) fn update(&mut self, timed: Timed) -> Vec<Event> {
        let Timed {
            at,
            cookie,
            namespace,
        } = timed;
        let mut events = self.note_failures(&namespace);
        let lost = self.counting.newly_dropped(&namespace.counters);
        events.extend(self.tcp.update(&namespace, at, lost));
        events.extend(self.unix.update(&namespace, at, None));
        let dropped = self.tcp.dropped(lost);
        let sysctls = &namespace.sysctls;
        let counters = &namespace.counters;
        let happened = self.counting.update(counters, sysctls, dropped, at);
        events.extend(happened.into_iter().map(|what| about(&namespace, what)));
        if self.first.is_none() {
            self.first = namespace.listeners.value().cloned();
        }
        self.readings += 1;
        self.to = at;
        self.cookie = cookie.or(self.cookie);
        self.latest = namespace;
        events
    }

    fn note_failures(&mut self, namespace: &Namespace) -> Vec<Event> {
        let failing = failures(namespace);
        let was = std::mem::replace(&mut self.failing, failing);
        let new = self
            .failing
            .iter()
            .filter(|(read, _)| !was.contains_key(read));
        let new = new.map(|(&reads, gap)| What::failed(reads, gap));
        let back = was.keys().filter(|read| !self.failing.contains_key(read));
        let back = back.map(|&reads| What::ReadingBack(reads));
        new.chain(back).map(|what| about(namespace, what)).collect()
    }

    /// It could not be seen this time.
    pub(super) fn miss(&mut self) {
        self.tcp.miss();
        self.unix.miss();
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.latest
    }

    pub(super) fn came(&self) -> Event {
        let listeners = listener::count(&self.latest);
        about(&self.latest, What::NamespaceCame { listeners })
    }

    pub(super) fn went(&self) -> Event {
        let was_read = self.tcp.was_read() || self.unix.was_read();
        let listeners = was_read.then_some(self.listeners());
        about(&self.latest, What::NamespaceWent { listeners })
    }

    pub(super) fn listeners(&self) -> usize {
        self.tcp.tracked.len() + self.unix.tracked.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let groups = [&self.tcp, &self.unix].into_iter();
        groups.flat_map(|group| group.tracked.values().filter_map(Row::of))
    }

    pub(super) fn saw_anything(&self) -> bool {
        self.tcp.was_read() || self.unix.was_read() || self.counting.was_read()
    }

    /// Whether the judgement has something to say about it.
    pub(super) fn saw_trouble(&self) -> bool {
        let mut listeners = self.tcp.all().chain(self.unix.all());
        self.counting.has_moved() || listeners.any(Tracked::saw_trouble)
    }

    /// As the whole watch saw it: see [`super::Watch::judged`].
    pub(super) fn judged(&self) -> Namespace {
        let worst: Vec<TcpListener> = self.tcp.all().filter_map(Tracked::tcp).collect();
        let unix = self.unix.all().filter_map(Tracked::unix).collect();
        Namespace {
            counters: self.counting.first(),
            listeners: seen(&self.tcp, self.first.clone().unwrap_or_default()),
            unix_listeners: seen(&self.unix, unix),
            sample: (self.readings > 1).then(|| self.sample(worst)),
            ..self.latest.clone()
        }
    }

    fn sample(&self, worst: Vec<TcpListener>) -> Sample {
        let within = self.counting.within();
        let within = within.unwrap_or_else(|| self.to.saturating_sub(self.from));
        Sample {
            interval_ms: millis(within),
            counters: self.counting.last(),
            listeners: seen(&self.tcp, worst),
        }
    }
}

/// `listeners`, if they were ever read, and what the last reading did not see.
fn seen<T>(group: &Group, listeners: Vec<T>) -> Fact<Vec<T>> {
    let gaps = group.gaps();
    match gaps.first() {
        Some(gap) if !group.was_read() => Fact::Missing(gap.clone()),
        _ => Fact::with_gaps(listeners, gaps),
    }
}

/// What could not be read of a namespace, or not in full. All of it counts once.
fn failures(namespace: &Namespace) -> BTreeMap<Reads, Gap> {
    let missing = [
        namespace.counters.value().is_none(),
        namespace.listeners.value().is_none(),
        namespace.unix_listeners.value().is_none(),
    ];
    let all = missing.into_iter().all(|missing| missing);
    let gaps = [
        (Reads::Namespace, namespace.listeners.gaps(), all),
        (Reads::Counters, namespace.counters.gaps(), !all),
        (Reads::TcpListeners, namespace.listeners.gaps(), !all),
        (Reads::UnixListeners, namespace.unix_listeners.gaps(), !all),
    ];
    let gaps = gaps.into_iter().filter(|(.., counts)| *counts);
    gaps.filter_map(|(reads, gaps, _)| Some((reads, gaps.first()?.clone())))
        .collect()
}

fn about(namespace: &Namespace, what: What) -> Event {
    let subject = Subject::Namespace(namespace.label());
    Event { subject, what }
}
