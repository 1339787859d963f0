//! One listener, from reading to reading.

use super::event::{Event, Growth, Subject, What};
use super::history::{History, Point};
use crate::facts::{TcpListener, UnixListener};
use crate::namespaces::dropping::grown;
use crate::namespaces::listening::{Fill, Listening, Socket};
use std::time::Duration;

/// A listener and what became of it.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) subject: Subject,
    pub(super) queue: Option<u32>,
    pub(super) backlog: Option<u32>,
    pub(super) fill: Fill,
    /// The last reading that could tell said that it is full.
    is_full: bool,
    pub(super) history: History,
    /// Packets that were discarded at it before the last reading, and not before the one before
    /// that, for which no step of ListenDrops was seen.
    unclaimed: u64,
    /// Connection requests that it dropped between the last two readings, at most. `None` when one
    /// of the two lacked its counter.
    pub(super) dropped: Option<Growth>,
    /// It has dropped since the watch began.
    has_dropped: bool,
    /// From when and what to count on.
    since: Option<(Duration, u32)>,
    /// The last count of its own that was read.
    counted: Option<u32>,
    worst: Worst,
}

/// A listener as it was when most connections waited.
#[derive(Debug)]
struct Worst {
    fill: Fill,
    queue: Option<u32>,
    socket: Owned,
}

#[derive(Debug)]
enum Owned {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Tracked {
    /// A listener that is seen for the first time. One that came since `before` has dropped all
    /// that it counts since then.
    pub(super) fn meet(
        listening: &Listening<'_>,
        at: Duration,
        before: Option<Duration>,
        lost: Option<u64>,
    ) -> Self {
        let mut tracked = Tracked {
            subject: listening.named(),
            queue: None,
            backlog: None,
            fill: Fill::Unknown,
            is_full: false,
            history: History::default(),
            unclaimed: 0,
            dropped: None,
            has_dropped: false,
            since: before.map(|before| (before, 0)),
            counted: None,
            worst: Worst::of(listening),
        };
        tracked.read(listening, at, lost);
        tracked
    }

    /// Takes in a reading of it, and says what happened to it. In its namespace `lost` connection
    /// requests were dropped meanwhile, where that is known.
    pub(super) fn update(
        &mut self,
        listening: &Listening<'_>,
        at: Duration,
        lost: Option<u64>,
    ) -> Vec<Event> {
        let was_full = self.is_full;
        self.read(listening, at, lost);
        let mut events = Vec::from_iter(self.queue_event(was_full, false));
        events.extend(self.drop_event());
        events
    }

    /// What there is to say of one that is seen for the first time.
    pub(super) fn at_first_sight(&self, has_come: bool) -> Vec<Event> {
        let mut events = Vec::from_iter(self.queue_event(false, !has_come));
        events.extend(self.drop_event());
        events
    }

    /// It could not be read this time.
    pub(super) fn miss(&mut self) {
        self.queue = None;
        self.fill = Fill::Unknown;
        self.dropped = None;
        self.history.push(Point::default());
    }

    fn read(&mut self, listening: &Listening<'_>, at: Duration, lost: Option<u64>) {
        self.queue = listening.accept_queue();
        self.backlog = listening.backlog();
        self.fill = listening.fill();
        if self.fill != Fill::Unknown {
            self.is_full = self.fill == Fill::Full;
        }
        let drops = listening.drops();
        let counted = self.since.zip(drops);
        self.dropped = counted.map(|((since, before), after)| Growth {
            by: self.claim(grown(before, after), lost),
            within: at.saturating_sub(since),
        });
        self.has_dropped |= self.dropped.is_some_and(|dropped| dropped.by > 0);
        self.since = drops.map(|drops| (at, drops)).or(self.since);
        self.counted = drops.or(self.counted);
        self.worst.consider(listening);
        self.history.push(Point {
            queue: self.queue,
            drops: self.dropped.and_then(|dropped| dropped.per_second()),
        });
    }

    /// How many of the `lost` connection requests of its namespace it can have dropped, of so many
    /// packets that were discarded. Listeners are read after the counters, so what is discarded
    /// between the two meets its step of ListenDrops in the next reading.
    fn claim(&mut self, discarded: u64, lost: Option<u64>) -> u64 {
        let Some(lost) = lost else {
            self.unclaimed = 0;
            return discarded;
        };
        let all = discarded + self.unclaimed;
        let claimed = all.min(lost);
        self.unclaimed = discarded.min(all - claimed);
        claimed
    }

    fn queue_event(&self, was_full: bool, at_first_sight: bool) -> Option<Event> {
        let (queue, backlog) = self.queue.zip(self.backlog)?;
        let what = match (was_full, self.is_full) {
            (false, true) => What::QueueFull {
                queue,
                backlog,
                at_first_sight,
            },
            (true, false) => What::QueueHasRoom { queue, backlog },
            _ => return None,
        };
        Some(self.event(what))
    }

    fn drop_event(&self) -> Option<Event> {
        let growth = self.dropped.filter(|dropped| dropped.by > 0)?;
        Some(self.event(What::DropsGrew { growth }))
    }

    pub(super) fn event(&self, what: What) -> Event {
        let subject = self.subject.clone();
        Event { subject, what }
    }

    /// Whether the judgement has something to say about it.
    pub(super) fn saw_trouble(&self) -> bool {
        self.has_dropped || matches!(self.worst.fill, Fill::Full | Fill::Nearly)
    }

    /// As it was when most connections waited, with the drops that it counted last.
    pub(super) fn tcp(&self) -> Option<TcpListener> {
        match &self.worst.socket {
            Owned::Tcp(listener) => Some(TcpListener {
                drops: self.counted,
                ..listener.clone()
            }),
            Owned::Unix(_) => None,
        }
    }

    /// As it was when most connections waited.
    pub(super) fn unix(&self) -> Option<UnixListener> {
        match &self.worst.socket {
            Owned::Unix(listener) => Some(listener.clone()),
            Owned::Tcp(_) => None,
        }
    }
}

impl Worst {
    fn of(listening: &Listening<'_>) -> Self {
        Worst {
            fill: listening.fill(),
            queue: listening.accept_queue(),
            socket: match listening.socket {
                Socket::Tcp(listener) => Owned::Tcp(listener.clone()),
                Socket::Unix(listener) => Owned::Unix(listener.clone()),
            },
        }
    }

    fn consider(&mut self, listening: &Listening<'_>) {
        let now = (listening.fill().badness(), listening.accept_queue());
        if now > (self.fill.badness(), self.queue) {
            *self = Worst::of(listening);
        }
    }
}
