//! Visits network namespaces and reads their settings, counters and listeners.

mod pool;
mod reading;
mod syn_recv;
mod unread;
mod visitor;

use super::MayAsk;
use super::descriptors::{self, Place};
use crate::netns::Found;
use crate::runner::{Deadline, threads_for};
use pool::Limits;
use reading::{Reading, Second};
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::{Gap, Namespace, NetnsId, Sample, Topics};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use syn_recv::COUNTED;
use visitor::Visitor;

/// What to read in each namespace.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The topics to read; the others become gaps.
    pub topics: Topics,
    /// What sock_diag may be asked.
    pub may_ask: MayAsk,
    /// Time between the first and the second reading, when there is to be a second.
    pub sample: Option<Duration>,
    /// Ask BPF iterators for what neither sock_diag nor a descriptor tells.
    pub iterators: bool,
    /// Ask for the cookies of namespaces, for who looks again later.
    pub cookies: bool,
}

/// The part of the whole time that one namespace may take. A visit with a thousand listeners
/// takes milliseconds.
const VISIT_PARTS: u32 = 5;

/// Visits each namespace. One that cannot be entered is read through /proc/PID/net as far as
/// that goes, and the rest is a gap. With a sample, every namespace is read a second time, at
/// least that long after its first reading. Listeners that /proc alone told of are completed
/// through descriptors of their processes. The calling thread stays where it is.
pub fn collect(found: Vec<Found>, visit: &Visit, deadline: Deadline) -> Vec<Namespace> {
    let round = Round::new(found, visit, deadline);
    let mut first = round.first();
    round.complete(&mut first, deadline);
    let mut samples = match visit.sample {
        Some(interval) => round.second(&first, interval),
        None => first.iter().map(|_| None).collect(),
    };
    complete_samples(&mut samples, deadline);
    let visited = round.found.iter().zip(first).zip(samples);
    visited
        .map(|((found, first), sample)| namespace(found, reading(first, visit), sample))
        .collect()
}

/// One look at a namespace.
#[derive(Debug)]
pub struct Look {
    /// When its counters and listeners were read.
    pub at: Instant,
    /// What tells it from a later one with the same inode, which the kernel gives again at once.
    /// `None` before Linux 5.14, and where no socket could be opened in it or nobody asked.
    pub cookie: Option<u64>,
    /// What was read.
    pub namespace: Namespace,
}

/// Visits each namespace once, as [`collect`] does.
pub fn read(found: Vec<Found>, visit: &Visit, deadline: Deadline) -> Vec<Look> {
    let round = Round::new(found, visit, deadline);
    let mut first = round.first();
    round.complete(&mut first, deadline);
    let visited = round.found.iter().zip(first);
    let look = |(found, first): (&Found, Result<Reading, Gap>)| {
        let reading = reading(first, visit);
        Look {
            at: reading.at,
            cookie: reading.cookie,
            namespace: namespace(found, reading, None),
        }
    };
    visited.map(look).collect()
}

fn complete_samples(samples: &mut [Option<Sample>], deadline: Deadline) {
    let listeners = samples.iter_mut().flatten().map(|one| &mut one.listeners);
    descriptors::complete(listeners, [], for_descriptors(deadline));
}

fn for_descriptors(overall: Deadline) -> Deadline {
    overall.at_most(overall.share(VISIT_PARTS))
}

fn limits(namespaces: usize, overall: Deadline) -> Limits {
    Limits {
        threads: threads_for(namespaces),
        per_job: overall.share(VISIT_PARTS),
        overall,
    }
}

/// The readings of all namespaces.
struct Round {
    limits: Limits,
    visit: Arc<Visit>,
    found: Arc<[Found]>,
    /// The namespaces in which SYN_RECV is counted: the first, the own one among them.
    counted: Arc<BTreeSet<NetnsId>>,
}

impl Round {
    fn new(mut found: Vec<Found>, visit: &Visit, deadline: Deadline) -> Self {
        // The first job is the first one of its thread, so the own namespace is read by a thread
        // that has never left it, and needs no privilege.
        found.sort_by_key(|found| !found.own);
        Round {
            limits: limits(found.len(), deadline),
            visit: Arc::new(visit.clone()),
            counted: Arc::new(found.iter().take(COUNTED).map(|one| one.id).collect()),
            found: found.into(),
        }
    }

    fn first(&self) -> Vec<Result<Reading, Gap>> {
        let (visit, count) = (Arc::clone(&self.visit), self.found.len());
        let counted = Arc::clone(&self.counted);
        pool::run(
            "a look into the network namespaces",
            Arc::clone(&self.found),
            self.limits,
            move || {
                let mut visitor = Visitor::new(Arc::clone(&visit), count, Arc::clone(&counted));
                move |found: &Found| visitor.first(found)
            },
        )
    }

    /// What sock_diag did not tell is asked of the sockets themselves, right after each reading,
    /// and what those did not tell of the kernel's tables.
    fn complete<'a>(&'a self, readings: &'a mut [Result<Reading, Gap>], deadline: Deadline) {
        let deadline = for_descriptors(deadline);
        let readings = self.found.iter().zip(readings);
        let read = readings.filter_map(|(found, reading)| Some((found, reading.as_mut().ok()?)));
        if self.visit.iterators {
            let place = |(found, reading): (_, &'a mut Reading)| Place {
                found,
                listeners: &mut reading.listeners,
                streams: &mut reading.unix_streams,
                unix_listeners: &mut reading.unix_listeners,
            };
            descriptors::complete_with_iterators(read.map(place).collect(), deadline);
        } else {
            let facts = read.map(|(_, one)| (&mut one.listeners, &mut one.unix_streams));
            let (listeners, streams): (Vec<_>, Vec<_>) = facts.unzip();
            descriptors::complete(listeners, streams, deadline);
        }
    }

    /// Waits until the interval has passed since the last of the first readings, so that it
    /// has for all, and reads again where the first visit came back.
    fn second(&self, first: &[Result<Reading, Gap>], interval: Duration) -> Vec<Option<Sample>> {
        let readings = first.iter().flatten();
        let due = readings.map(|reading| reading.at + interval).max();
        let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
        std::thread::sleep(wait.unwrap_or_default().min(self.limits.overall.left()));

        let (visit, count) = (Arc::clone(&self.visit), self.found.len());
        let counted = Arc::clone(&self.counted);
        let again = first.iter().enumerate().filter(|(_, first)| first.is_ok());
        let jobs: Vec<usize> = again.map(|(index, _)| index).collect();
        let found = Arc::clone(&self.found);
        let mut seconds = pool::run("second visit", jobs.into(), self.limits, move || {
            let mut visitor = Visitor::new(Arc::clone(&visit), count, Arc::clone(&counted));
            let found = Arc::clone(&found);
            move |index: &usize| visitor.second(&found[*index])
        })
        .into_iter();
        first
            .iter()
            .map(|first| first.as_ref().ok().map(|first| (first, seconds.next())))
            .map(|pair| pair.and_then(|(first, second)| Some(sample(first, second?))))
            .collect()
    }
}

fn sample(first: &Reading, second: Result<Second, Gap>) -> Sample {
    let second = second.unwrap_or_else(Second::missing);
    let interval = second.at.saturating_duration_since(first.at);
    Sample {
        interval_ms: millis(interval),
        counters: second.counters,
        listeners: second.listeners,
    }
}

fn reading(first: Result<Reading, Gap>, visit: &Visit) -> Reading {
    first.unwrap_or_else(|gap| unread::reading(visit.topics, &gap))
}

fn namespace(found: &Found, reading: Reading, sample: Option<Sample>) -> Namespace {
    Namespace {
        id: found.id,
        names: found.names.clone(),
        own: found.own,
        host: found.host,
        sysctls: reading.sysctls,
        counters: reading.counters,
        listeners: reading.listeners,
        unix_listeners: reading.unix_listeners,
        syn_recv: reading.syn_recv,
        unix_streams: reading.unix_streams,
        sample,
    }
}
