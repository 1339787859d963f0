//! Whether what was seen is what the kernel counted in the same time.

use super::{Outcome, Request};
use crate::facts::{Counters, Fact, Gap, Why};
use crate::namespaces::counter::column;

/// A reading of all counters, which takes some time. CLOCK_MONOTONIC, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Just before it.
    pub begin_ns: u64,
    /// Just after it.
    pub end_ns: u64,
}

/// The time between the two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first reading.
    pub first: Span,
    /// The last; `None` as long as it has not begun.
    pub last: Option<Span>,
}

/// Where in a window a request falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Before it or after it: what happened then is not told.
    Outside,
    /// While the counters were read: they may hold it or not.
    Doubtful,
    /// Between the readings.
    Inside,
}

impl Window {
    /// Where `time_ns` falls.
    pub fn position(&self, time_ns: u64) -> Position {
        let last_begin = self.last.map_or(u64::MAX, |last| last.begin_ns);
        let last_end = self.last.map_or(u64::MAX, |last| last.end_ns);
        match time_ns {
            time if time < self.first.begin_ns || time > last_end => Position::Outside,
            time if time <= self.first.end_ns || time >= last_begin => Position::Doubtful,
            _ => Position::Inside,
        }
    }
}

/// The drops that were seen in one namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// All between the readings: what ListenDrops counts.
    pub drops: u64,
    /// Those with a full accept queue: what ListenOverflows counts.
    pub overflows: u64,
    /// Drops while the counters were read.
    pub doubtful: u64,
}

impl Seen {
    /// Adds a request that was seen at `position`, if it was dropped.
    pub fn add(&mut self, request: &Request, position: Position) {
        if !Outcome::of(request).is_drop() {
            return;
        }
        match position {
            Position::Outside => {}
            Position::Doubtful => self.doubtful += 1,
            Position::Inside => {
                self.drops += 1;
                self.overflows += u64::from(request.growth.overflows > 0);
            }
        }
    }
}

/// What was seen, held against one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// All that was counted was seen.
    All,
    /// So many more were counted than seen.
    Missed(u64),
    /// So many more were seen than counted, which cannot be.
    Excess(u64),
}

impl Held {
    fn of(counted: u64, seen: u64, doubtful: u64) -> Self {
        if counted < seen {
            Held::Excess(seen - counted)
        } else {
            match (counted - seen).saturating_sub(doubtful) {
                0 => Held::All,
                missed => Held::Missed(missed),
            }
        }
    }
}

/// What was seen in a namespace, beside what its counters say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// What was seen.
    pub seen: Seen,
    /// By how much ListenDrops grew.
    pub counted_drops: u64,
    /// By how much ListenOverflows grew.
    pub counted_overflows: u64,
}

impl Agreement {
    /// Holds `seen` against the readings.
    ///
    /// # Errors
    /// The gap of a reading that failed, or of a counter that this kernel lacks. So is one that went
    /// backwards: the number of a namespace is soon given to another.
    pub fn of(seen: Seen, first: &Fact<Counters>, last: &Fact<Counters>) -> Result<Self, Gap> {
        let grew = |name: &str, get: fn(&Counters) -> Option<u64>| {
            let read =
                |fact: &Fact<Counters>| column(name, get(fact.known().map_err(Clone::clone)?));
            let (before, after) = (read(first)?, read(last)?);
            after.checked_sub(before).ok_or_else(|| {
                let why = format!("went from {before} to {after}: they are not of one namespace");
                Gap::new(format!("TcpExt.{name}"), Why::Inconsistent(why))
            })
        };
        Ok(Agreement {
            seen,
            counted_drops: grew("ListenDrops", |counters| counters.listen_drops)?,
            counted_overflows: grew("ListenOverflows", |counters| counters.listen_overflows)?,
        })
    }

    /// How ListenDrops compares.
    pub fn drops(&self) -> Held {
        Held::of(self.counted_drops, self.seen.drops, self.seen.doubtful)
    }

    /// How ListenOverflows compares.
    pub fn overflows(&self) -> Held {
        let seen = self.seen;
        Held::of(self.counted_overflows, seen.overflows, seen.doubtful)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Growth, request};
    use super::*;

    const WINDOW: Window = Window {
        first: Span {
            begin_ns: 10,
            end_ns: 12,
        },
        last: Some(Span {
            begin_ns: 20,
            end_ns: 22,
        }),
    };

    fn seen(times: &[u64]) -> Seen {
        let mut seen = Seen::default();
        for &time_ns in times {
            let growth = Growth {
                drops: 1,
                overflows: 1,
                ..Growth::default()
            };
            let request = Request {
                time_ns,
                growth,
                ..request()
            };
            seen.add(&request, WINDOW.position(time_ns));
        }
        seen
    }

    fn counters(drops: u64) -> Fact<Counters> {
        Fact::Known(Counters {
            listen_drops: Some(drops),
            listen_overflows: Some(drops),
            ..Counters::default()
        })
    }

    #[test]
    fn only_what_lies_between_the_readings_counts() {
        let found = seen(&[9, 11, 15, 16, 21, 23]);
        assert_eq!((found.drops, found.overflows, found.doubtful), (2, 2, 2));
    }

    #[test]
    fn a_window_that_is_still_open_has_no_end() {
        let open = Window {
            last: None,
            ..WINDOW
        };
        assert_eq!(open.position(1000), Position::Inside);
        assert_eq!(open.position(9), Position::Outside);
    }

    #[test]
    fn the_part_of_the_counter_that_was_seen_is_told() {
        let held = |times: &[u64], grew: u64| {
            let found = Agreement::of(seen(times), &counters(100), &counters(100 + grew));
            found.expect("both readings are there").drops()
        };
        assert_eq!(held(&[15, 16], 2), Held::All);
        assert_eq!(held(&[15, 16], 5), Held::Missed(3));
        assert_eq!(held(&[15, 16], 1), Held::Excess(1));
        assert_eq!(
            held(&[15, 21], 2),
            Held::All,
            "the doubtful one was counted"
        );
        assert_eq!(held(&[15, 21], 1), Held::All, "the doubtful one was not");
    }

    #[test]
    fn what_could_not_be_read_is_no_agreement() {
        let gap = Gap::new("netstat", Why::Absent);
        let found = Agreement::of(Seen::default(), &counters(1), &Fact::Missing(gap.clone()));
        assert_eq!(found, Err(gap));
        let lacking = Fact::Known(Counters::default());
        assert!(Agreement::of(Seen::default(), &lacking, &lacking).is_err());
    }

    #[test]
    fn counters_that_went_backwards_are_those_of_another_namespace() {
        let found = Agreement::of(Seen::default(), &counters(33), &counters(3));
        assert!(matches!(found, Err(gap) if matches!(gap.why, Why::Inconsistent(_))));
    }
}
