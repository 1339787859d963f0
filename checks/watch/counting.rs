//! The counters of one namespace, from reading to reading.

use super::event::{Growth, What};
use super::group::Dropped;
use crate::facts::{Counters, Fact, Gap, NetSysctls};
use std::time::Duration;

/// The counters of a namespace since the watch began.
#[derive(Debug, Default)]
pub(super) struct Counting {
    first: Option<Taken>,
    last: Option<Taken>,
    lost: Option<Gap>,
    /// What ListenDrops counted since the watch began.
    dropped: u64,
    /// What the listeners can have dropped of it.
    explained: u64,
    /// How much of the difference was told. Counters and listeners are read one after the
    /// other, so drops between the two show in one reading here and in the next one there; a
    /// difference counts once, and only beyond the largest one so far.
    told: u64,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    at: Duration,
    counters: Counters,
}

/// A reading and the one before it.
struct Pair<'a> {
    before: &'a Counters,
    after: &'a Counters,
    within: Duration,
}

impl Counting {
    /// Whether one of them is less than at the last reading. None ever shrinks: each is a sum of
    /// unsigned longs that only grow, and that wrap on a 32-bit kernel alone.
    pub(super) fn went_backwards(&self, counters: &Fact<Counters>) -> bool {
        let Some((last, now)) = self.last.zip(counters.value()) else {
            return false;
        };
        let columns = last.counters.columns().into_iter().zip(now.columns());
        columns
            .into_iter()
            .any(|(before, after)| after < before && after.is_some())
    }

    /// When these were read last, and the counters of a namespace that began after that. `None`
    /// where they never were.
    pub(super) fn of_the_next(&self) -> Option<(Duration, Self)> {
        let Taken { at, counters } = self.last?;
        let counters = counters.at_its_beginning();
        let beginning = Some(Taken { at, counters });
        let next = Counting {
            first: beginning,
            last: beginning,
            ..Counting::default()
        };
        Some((at, next))
    }

    /// Connection requests that were dropped since the last reading: the most that one listener can
    /// have dropped. `None` where it is not known.
    pub(super) fn newly_dropped(&self, counters: &Fact<Counters>) -> Option<u64> {
        let pair = Pair {
            before: &self.last?.counters,
            after: counters.value()?,
            within: Duration::ZERO,
        };
        pair.dropped()
    }

    /// Takes in a reading, with what the listeners dropped meanwhile.
    pub(super) fn update(
        &mut self,
        counters: &Fact<Counters>,
        sysctls: &NetSysctls,
        dropped: Dropped,
        at: Duration,
    ) -> Vec<What> {
        self.explained += dropped.by;
        let counters = match counters.known() {
            Ok(counters) => *counters,
            Err(gap) => {
                self.lost = Some(gap.clone());
                return Vec::new();
            }
        };
        self.lost = None;
        let now = Taken { at, counters };
        self.first.get_or_insert(now);
        let Some(last) = self.last.replace(now) else {
            return Vec::new();
        };
        let pair = Pair {
            before: &last.counters,
            after: &counters,
            within: at.saturating_sub(last.at),
        };
        let mut happened = Vec::from_iter(self.unexplained(&pair, dropped.all_counted));
        happened.extend(syn_queue(&pair, sysctls));
        happened
    }

    fn unexplained(&mut self, pair: &Pair<'_>, all_counted: bool) -> Option<What> {
        let overflows = pair.grown(|counters| counters.listen_overflows);
        self.dropped += pair.dropped().unwrap_or_default();
        let unexplained = self.dropped.saturating_sub(self.explained);
        let by = unexplained.saturating_sub(self.told);
        self.told = self.told.max(unexplained);
        (by > 0).then(|| What::UnexplainedDrops {
            growth: pair.growth(by),
            overflows,
            all_counted,
        })
    }

    /// Whether a counter moved.
    pub(super) fn has_moved(&self) -> bool {
        let first = self.first.map(|taken| taken.counters);
        first != self.last.map(|taken| taken.counters)
    }

    /// Whether they were ever read.
    pub(super) fn was_read(&self) -> bool {
        self.last.is_some()
    }

    /// The first reading.
    pub(super) fn first(&self) -> Fact<Counters> {
        self.fact(self.first)
    }

    /// The last reading, and the time since the first. When the end could not be read and
    /// nothing had moved until then, it is not known whether anything has.
    pub(super) fn last(&self) -> Fact<Counters> {
        match &self.lost {
            Some(gap) if !self.has_moved() => Fact::Missing(gap.clone()),
            _ => self.fact(self.last),
        }
    }

    /// The time between the first and the last reading.
    pub(super) fn within(&self) -> Option<Duration> {
        Some(self.last?.at.saturating_sub(self.first?.at))
    }

    fn fact(&self, taken: Option<Taken>) -> Fact<Counters> {
        match (taken, &self.lost) {
            (Some(taken), _) => Fact::Known(taken.counters),
            (None, Some(gap)) => Fact::Missing(gap.clone()),
            (None, None) => Fact::Missing(Gap::not_collected("counters", "no reading yet")),
        }
    }
}

impl Counters {
    const fn columns(&self) -> [Option<u64>; 7] {
        let Counters {
            listen_overflows,
            listen_drops,
            req_q_full_do_cookies,
            req_q_full_drop,
            syncookies_sent,
            syncookies_recv,
            syncookies_failed,
        } = *self;
        [
            listen_overflows,
            listen_drops,
            req_q_full_do_cookies,
            req_q_full_drop,
            syncookies_sent,
            syncookies_recv,
            syncookies_failed,
        ]
    }

    /// Those of a namespace in which nothing has happened yet, on the same kernel.
    fn at_its_beginning(&self) -> Self {
        let none = |column: Option<u64>| column.map(|_| 0);
        Counters {
            listen_overflows: none(self.listen_overflows),
            listen_drops: none(self.listen_drops),
            req_q_full_do_cookies: none(self.req_q_full_do_cookies),
            req_q_full_drop: none(self.req_q_full_drop),
            syncookies_sent: none(self.syncookies_sent),
            syncookies_recv: none(self.syncookies_recv),
            syncookies_failed: none(self.syncookies_failed),
        }
    }
}

impl Pair<'_> {
    /// Connection requests that were dropped. Each overflow is such a drop: tcp_listendrop
    /// (include/net/tcp.h) follows it.
    fn dropped(&self) -> Option<u64> {
        let drops = self.grown(|counters| counters.listen_drops);
        drops.or_else(|| self.grown(|counters| counters.listen_overflows))
    }

    /// How much a counter grew. `None` when there is no such column, or when it went backwards in
    /// the same namespace: it wraps on a 32-bit kernel, and how often is not known.
    fn grown(&self, of: impl Fn(&Counters) -> Option<u64>) -> Option<u64> {
        of(self.after)?.checked_sub(of(self.before)?)
    }

    fn growth(&self, by: u64) -> Growth {
        let within = self.within;
        Growth { by, within }
    }

    /// Its growth, if it grew.
    fn growing(&self, of: impl Fn(&Counters) -> Option<u64>) -> Option<Growth> {
        let by = self.grown(of).filter(|by| *by > 0)?;
        Some(self.growth(by))
    }
}

/// With tcp_syncookies at 2 each SYN takes the way of a full queue (tcp_conn_request,
/// net/ipv4/tcp_input.c), so its counter says nothing about the queue; and it may be at 2 where
/// it could not be read.
fn syn_queue(pair: &Pair<'_>, sysctls: &NetSysctls) -> Vec<What> {
    let setting = sysctls.tcp_syncookies.value();
    let full = |growth, cookies| What::SynQueueFull { growth, cookies };
    let cookied = pair.growing(|counters| counters.req_q_full_do_cookies);
    let cookied = cookied.filter(|_| setting.is_some_and(|value| *value != 2));
    let dropped = pair.growing(|counters| counters.req_q_full_drop);
    let sent = pair.growing(|counters| counters.syncookies_sent);
    let happened = [
        dropped.map(|growth| full(growth, false)),
        cookied.map(|growth| full(growth, true)),
        sent.map(|growth| What::CookiesSent {
            growth,
            always: setting == Some(&2),
        }),
    ];
    happened.into_iter().flatten().collect()
}
