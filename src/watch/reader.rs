//! Takes readings: finds the namespaces anew each time, and visits each.

use super::asked::Asked;
use super::pace::{Beat, Due};
use super::watched;
use crate::netns::{self, Found, NoSuchNamespace, Selector};
use crate::probes::MayAsk;
use crate::probes::namespaces::{self, Visit};
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{Fact, Gap, NetnsId};
use sockdoctor_checks::watch::{Reading, Timed};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

/// How to take a reading.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    asked: Asked,
    visit: Visit,
    timeout: Duration,
    start: Instant,
}

/// A reading, and how it came about.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) reading: Reading,
    /// By the clock on the wall, when it was complete.
    pub(super) when: SystemTime,
    /// From when the one before was due until it was told.
    pub(super) busy: Duration,
    /// Beats that were left out before it.
    pub(super) skipped: u64,
}

impl Reader {
    pub(super) fn new(selectors: &[Selector], may_ask: MayAsk, timeout: Duration) -> Self {
        Reader {
            asked: Asked::new(selectors),
            visit: Visit {
                topics: watched(),
                may_ask,
                sample: None,
                iterators: false,
                cookies: true,
            },
            timeout,
            start: Instant::now(),
        }
    }

    /// Time since the watch began.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The first reading.
    ///
    /// # Errors
    /// A namespace that was asked for by name or process and is not there.
    pub(super) fn first(&mut self) -> Result<Taken, NoSuchNamespace> {
        let selectors = self.asked.selectors();
        let taken = self.take(&Due::AT_ONCE, move || netns::discover(&selectors))?;
        self.asked.settle(&taken.reading.namespaces);
        Ok(taken)
    }

    /// Takes reading after reading, at the beat, until `deliver` does not want any more.
    pub(super) fn keep_reading(mut self, interval: Duration, deliver: impl Fn(Taken) -> bool) {
        let mut beat = Beat::new(interval);
        loop {
            let due = beat.next(self.elapsed());
            std::thread::sleep(due.at.saturating_sub(self.elapsed()));
            let selectors = self.asked.selectors();
            let again = self.take(&due, move || Ok(discover_again(&selectors)));
            let Ok(mut taken) = again else { return };
            self.asked.leave_out_others(&mut taken.reading.namespaces);
            if !deliver(taken) {
                return;
            }
        }
    }

    fn take(
        &self,
        due: &Due,
        discover: impl FnOnce() -> Result<Fact<Vec<Found>>, NoSuchNamespace> + Send + 'static,
    ) -> Result<Taken, NoSuchNamespace> {
        let deadline = Deadline::after(self.timeout);
        let found = runner::start("network namespaces", deadline, || Fact::Known(discover()));
        let found = found.wait().into_result();
        let found = found.unwrap_or_else(|gap| Ok(Fact::Missing(gap)))?;
        let namespaces = found.map(|found| self.visit(found, deadline));
        Ok(Taken {
            reading: Reading { namespaces },
            when: SystemTime::now(),
            busy: due.busy,
            skipped: due.skipped,
        })
    }

    fn visit(&self, found: Vec<Found>, deadline: Deadline) -> Vec<Timed> {
        namespaces::read(found, &self.visit, deadline)
            .into_iter()
            .map(|look| Timed {
                at: look.at.saturating_duration_since(self.start),
                cookie: look.cookie,
                namespace: look.namespace,
            })
            .collect()
    }
}

/// What was asked for by name or process was there at first: where it is not any more, that is
/// no mistake of the user, and hides none of the others.
fn discover_again(selectors: &[Selector]) -> Fact<Vec<Found>> {
    if let Ok(found) = netns::discover(selectors) {
        return found;
    }
    let mut all: BTreeMap<NetnsId, Found> = BTreeMap::new();
    let mut gaps: Vec<Gap> = Vec::new();
    for selector in selectors {
        if let Ok(fact) = netns::discover(std::slice::from_ref(selector)) {
            gaps.extend(fact.gaps().iter().cloned());
            let found = fact.value().cloned().into_iter().flatten();
            all.extend(found.map(|found| (found.id, found)));
        }
    }
    gaps.sort();
    gaps.dedup();
    Fact::with_gaps(all.into_values().collect(), gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Since Linux 5.14.
    #[test]
    fn a_namespace_has_the_same_cookie_each_time() {
        let cookie = || {
            let patience = Duration::from_secs(60);
            let mut reader = Reader::new(&[Selector::Own], MayAsk::ANYTHING, patience);
            let taken = reader.first().expect("the own namespace");
            let found = taken.reading.namespaces.into_result();
            found.expect("what was found")[0].cookie
        };
        let first = cookie();
        assert!(first.is_some());
        assert_eq!(cookie(), first);
    }
}
