//! When to read: at a steady beat, however long a reading takes.

use std::time::Duration;

/// After so many readings in time it counts as over that they were late.
const IN_TIME_AGAIN: u32 = 10;

/// The beat. Each reading is due at a multiple of the interval after the start, so that errors
/// do not add up; beats that passed while something was still being read are left out.
#[derive(Debug)]
pub(super) struct Beat {
    interval: Duration,
    number: u128,
}

/// When the next reading is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// After the start.
    pub(super) at: Duration,
    /// The time since the beat before, by now told. What of it the reading took, its reader, or a
    /// stop of the process is not known.
    pub(super) busy: Duration,
    /// Beats that were left out before it.
    pub(super) skipped: u64,
}

impl Due {
    /// The first reading.
    pub(super) const AT_ONCE: Due = Due {
        at: Duration::ZERO,
        busy: Duration::ZERO,
        skipped: 0,
    };
}

impl Beat {
    /// The first reading is due at once.
    pub(super) fn new(interval: Duration) -> Self {
        Beat {
            interval,
            number: 0,
        }
    }

    /// The next beat, so long after the start.
    pub(super) fn next(&mut self, elapsed: Duration) -> Due {
        let following = self.number + 1;
        let busy = elapsed.saturating_sub(self.time());
        let reached = elapsed.as_nanos().div_ceil(self.interval.as_nanos());
        self.number = following.max(reached);
        Due {
            at: self.time(),
            busy,
            skipped: u64::try_from(self.number - following).unwrap_or(u64::MAX),
        }
    }

    fn time(&self) -> Duration {
        let nanos = self.number * self.interval.as_nanos();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Whether readings keep pace.
#[derive(Debug, Default)]
pub(super) struct Pace {
    behind: Option<Behind>,
}

#[derive(Debug, Default)]
struct Behind {
    skipped: u64,
    in_time: u32,
}

/// A change worth telling.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Readings began to be late.
    Late,
    /// They are in time again, after so many were left out.
    InTime(u64),
}

impl Pace {
    /// Takes note of a reading, before which `skipped` were left out.
    pub(super) fn note(&mut self, skipped: u64) -> Option<Change> {
        let Some(behind) = &mut self.behind else {
            self.behind = (skipped > 0).then_some(Behind {
                skipped,
                in_time: 0,
            });
            return self.behind.as_ref().map(|_| Change::Late);
        };
        behind.skipped += skipped;
        behind.in_time = if skipped > 0 { 0 } else { behind.in_time + 1 };
        let skipped = behind.skipped;
        if behind.in_time < IN_TIME_AGAIN {
            return None;
        }
        self.behind = None;
        Some(Change::InTime(skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn due(at_ms: u64, busy_ms: u64, skipped: u64) -> Due {
        let [at, busy] = [at_ms, busy_ms].map(Duration::from_millis);
        Due { at, busy, skipped }
    }

    #[test]
    fn the_beat_does_not_drift_with_the_time_that_readings_take() {
        let mut beat = Beat::new(SECOND);
        let next = [30, 1_400, 2_999, 3_000].map(|ms| beat.next(Duration::from_millis(ms)));
        let expected = [
            due(1_000, 30, 0),
            due(2_000, 400, 0),
            due(3_000, 999, 0),
            due(4_000, 0, 0),
        ];
        assert_eq!(next, expected);
    }

    #[test]
    fn a_slow_reading_leaves_beats_out_and_is_the_one_whose_time_is_told() {
        let mut beat = Beat::new(SECOND);
        assert_eq!(
            beat.next(Duration::from_millis(3_200)),
            due(4_000, 3_200, 3)
        );
        assert_eq!(beat.next(Duration::from_millis(4_001)), due(5_000, 1, 0));
    }

    #[test]
    fn being_late_is_told_once_and_its_end_when_it_lasts() {
        let mut pace = Pace::default();
        assert_eq!(pace.note(0), None);
        assert_eq!(pace.note(2), Some(Change::Late));
        assert_eq!(pace.note(1), None);
        let changes: Vec<_> = (0..IN_TIME_AGAIN).map(|_| pace.note(0)).collect();
        assert_eq!(changes.last(), Some(&Some(Change::InTime(3))));
        assert_eq!(changes.iter().flatten().count(), 1);
    }

    proptest! {
        #[test]
        fn the_next_beat_is_never_in_the_past(interval in 1_u64..10_000, elapsed in any::<u32>()) {
            let mut beat = Beat::new(Duration::from_micros(interval));
            let elapsed = Duration::from_micros(elapsed.into());
            prop_assert!(beat.next(elapsed).at >= elapsed);
        }
    }
}
