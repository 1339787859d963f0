//! A few threads that share a list of jobs, each job with a deadline of its own.
//!
//! The threads are made for one run and end with it. They are detached: one that hangs in a
//! system call is given up, its job becomes a gap, and another thread takes its place.

use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{Fact, Gap};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many threads there may be, and how long they may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) threads: usize,
    pub(super) per_job: Duration,
    pub(super) overall: Deadline,
}

/// Runs every job, in order, and returns their results in the same order. `make` is called once
/// on each thread, for what the thread keeps from job to job; the first job is always the first
/// one of its thread. `what` names a job in the gap of one that failed.
pub(super) fn run<J, T, W>(
    what: &'static str,
    jobs: Arc<[J]>,
    limits: Limits,
    make: impl Fn() -> W + Send + Sync + 'static,
) -> Vec<Result<T, Gap>>
where
    J: Send + Sync + 'static,
    T: Send + 'static,
    W: FnMut(&J) -> T + 'static,
{
    let shared = Arc::new(Shared::new(what, jobs.len(), limits));
    let body = {
        let shared = Arc::clone(&shared);
        Arc::new(move |thread| shared.work(thread, &jobs, make()))
    };
    shared.oversee(&body)
}

struct Shared<T> {
    what: &'static str,
    limits: Limits,
    state: Mutex<State<T>>,
    /// A thread has ended.
    ended: Condvar,
}

struct State<T> {
    next_job: usize,
    next_thread: usize,
    results: Vec<Option<Result<T, Gap>>>,
    /// The threads that are not given up, and what they are at.
    at_work: BTreeMap<usize, Option<(usize, Deadline)>>,
    /// Why the last thread that was asked for could not be made.
    refused: Option<Gap>,
}

impl<T> State<T> {
    fn finish(&mut self, job: usize, result: Result<T, Gap>) {
        self.results[job] = Some(result);
    }

    /// Hands out the next job, or takes the thread off the list.
    fn take(&mut self, thread: usize, per_job: Duration) -> Option<usize> {
        let at = self.at_work.get_mut(&thread)?;
        if self.next_job == self.results.len() {
            self.at_work.remove(&thread);
            return None;
        }
        let job = self.next_job;
        self.next_job += 1;
        *at = Some((job, Deadline::after(per_job)));
        Some(job)
    }

    fn stop(&mut self) {
        self.next_job = self.results.len();
        self.at_work.clear();
    }
}

impl<T: Send + 'static> Shared<T> {
    fn new(what: &'static str, jobs: usize, limits: Limits) -> Self {
        Shared {
            what,
            limits,
            state: Mutex::new(State {
                next_job: 0,
                next_thread: 0,
                results: (0..jobs).map(|_| None).collect(),
                at_work: BTreeMap::new(),
                refused: None,
            }),
            ended: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does.
    fn work<J>(&self, thread: usize, jobs: &[J], mut worker: impl FnMut(&J) -> T) {
        let mut next = self.state().take(thread, self.limits.per_job);
        while let Some(job) = next {
            let outcome = runner::guarded(self.what, || Fact::Known(worker(&jobs[job])));
            let mut state = self.state();
            if !state.at_work.contains_key(&thread) {
                return; // Given up: the job is a gap already.
            }
            next = match outcome.into_result() {
                Ok(value) => {
                    state.finish(job, Ok(value));
                    state.take(thread, self.limits.per_job)
                }
                // What the worker kept may be half changed: another thread takes over.
                Err(gap) => {
                    state.finish(job, Err(gap));
                    state.at_work.remove(&thread);
                    None
                }
            };
        }
        self.ended.notify_one();
    }

    /// Keeps threads at work until the jobs are done or the time is up.
    fn oversee(&self, body: &Arc<impl Fn(usize) + Send + Sync + 'static>) -> Vec<Result<T, Gap>> {
        let mut state = self.state();
        loop {
            self.give_up_overdue(&mut state);
            self.spawn_missing(&mut state, body);
            let left = self.limits.overall.left();
            if state.at_work.is_empty() || left.is_zero() {
                break;
            }
            let patience = left.min(soonest(&state, self.limits.per_job));
            let waited = self.ended.wait_timeout(state, patience);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.stop();
        let results = std::mem::take(&mut state.results);
        let refused = state.refused.take();
        let refused = refused.filter(|_| !self.limits.overall.left().is_zero());
        let gap = refused.unwrap_or_else(|| self.limits.overall.gap(self.what));
        let unfinished = || Err(gap.clone());
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(unfinished))
            .collect()
    }

    fn give_up_overdue(&self, state: &mut State<T>) {
        let overdue: Vec<(usize, usize, Deadline)> = state
            .at_work
            .iter()
            .filter_map(|(thread, at)| at.map(|(job, deadline)| (*thread, job, deadline)))
            .filter(|(_, _, deadline)| deadline.left().is_zero())
            .collect();
        for (thread, job, deadline) in overdue {
            state.at_work.remove(&thread);
            state.finish(job, Err(deadline.gap(self.what)));
        }
    }

    fn spawn_missing(
        &self,
        state: &mut State<T>,
        body: &Arc<impl Fn(usize) + Send + Sync + 'static>,
    ) {
        let jobs_left = state.results.len() - state.next_job;
        let idle_places = self.limits.threads.saturating_sub(state.at_work.len());
        for _ in 0..idle_places.min(jobs_left) {
            let thread = state.next_thread;
            state.next_thread += 1;
            let body = Arc::clone(body);
            match runner::start_last(move || body(thread)) {
                Ok(()) => drop(state.at_work.insert(thread, None)),
                Err(error) => state.refused = Some(runner::no_thread(self.what, &error)),
            }
        }
    }
}

/// Time until the first job under way is overdue. A thread that has yet to take its job will
/// not be before `per_job`.
fn soonest<T>(state: &State<T>, per_job: Duration) -> Duration {
    let jobs = state.at_work.values().flatten();
    jobs.map(|(_, deadline)| deadline.left())
        .min()
        .map_or(per_job, |soonest| soonest.min(per_job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::Why;

    fn limits(threads: usize, per_job: Duration) -> Limits {
        Limits {
            threads,
            per_job,
            overall: Deadline::after(Duration::from_secs(60)),
        }
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(5);

    fn hang() -> u32 {
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let jobs: Arc<[u32]> = (0..100).collect();
        let results = run("job", jobs, limits(4, LONG), || |job: &u32| job * 2);
        let expected: Vec<_> = (0..100).map(|job| Ok(job * 2)).collect();
        assert_eq!(results, expected);
    }

    #[test]
    fn a_job_that_hangs_stops_none_of_the_others() {
        let jobs: Arc<[u32]> = Arc::new([0, 1, 2]);
        let work = |job: &u32| if *job == 0 { hang() } else { *job };
        let results = run("job", jobs, limits(1, SHORT), move || work);
        let gap = Gap::new("job", Why::TimedOut { after_ms: 5 });
        assert_eq!(results, [Err(gap), Ok(1), Ok(2)]);
    }

    #[test]
    fn a_job_that_panics_stops_none_of_the_others() {
        let jobs: Arc<[u32]> = Arc::new([0, 1, 2]);
        let work = |job: &u32| match job {
            1 => std::panic::panic_any("boom"),
            other => *other,
        };
        let results = run("job", jobs, limits(1, LONG), move || work);
        let gap = Gap::new("job", Why::Panicked("boom".to_owned()));
        assert_eq!(results, [Ok(0), Err(gap), Ok(2)]);
    }

    #[test]
    fn when_time_is_up_the_rest_are_gaps() {
        let jobs: Arc<[u32]> = Arc::new([0, 1]);
        let limits = Limits {
            threads: 1,
            per_job: LONG,
            overall: Deadline::after(SHORT),
        };
        let results = run("job", jobs, limits, || |_: &u32| hang());
        let gap = Gap::new("job", Why::TimedOut { after_ms: 5 });
        assert_eq!(results, [Err(gap.clone()), Err(gap)]);
    }

    #[test]
    fn no_jobs_need_no_thread() {
        let jobs: Arc<[u32]> = Arc::new([]);
        assert_eq!(run("job", jobs, limits(4, LONG), || |job: &u32| *job), []);
    }
}
