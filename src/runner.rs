//! Runs probes side by side, and keeps them apart: one that hangs or panics is a gap in the
//! report and stops nobody else.

mod threads;

use crate::gap::io_gap;
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::{Fact, Gap, Why};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::{Duration, Instant};
use threads::Job;

/// More threads than this do not help: they wait for the same locks in the kernel.
const MOST_THREADS: usize = 4;

/// How many threads to share so many jobs among. Of what limits the cores only the affinity
/// counts: to look for quotas takes a dozen files of the cgroup, for so few threads.
pub(crate) fn threads_for(jobs: usize) -> usize {
    static CORES: LazyLock<usize> = LazyLock::new(|| {
        let cores = rustix::thread::sched_getaffinity(None).map(|cores| cores.count());
        cores.map_or(1, |cores| cores as usize)
    });
    if jobs < 2 {
        return jobs;
    }
    jobs.min(*CORES).min(MOST_THREADS)
}

/// How many items are worth a thread; one for fewer would cost more than it saves.
const WORTH_A_THREAD: usize = 64;

/// Maps all items, in order, and waits: for what is quick for each of many, such as a file or
/// two of every process.
pub(crate) fn map_shared<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = threads_for(items.len() / WORTH_A_THREAD).max(1);
    let mut shares = items.chunks(items.len().div_ceil(threads).max(1));
    let work = |share: &[T]| share.iter().map(&map).collect::<Vec<R>>();
    std::thread::scope(|scope| {
        let ours = shares.next().unwrap_or_default();
        let theirs: Vec<_> = shares
            .map(|share| {
                (
                    share,
                    Builder::new().spawn_scoped(scope, move || work(share)),
                )
            })
            .collect();
        let mut results = work(ours);
        for (share, thread) in theirs {
            results.extend(match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // A limit on threads or memory makes it slower, not less.
                Err(_) => work(share),
            });
        }
        results
    })
}

/// A moment after which nobody waits any more.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// `limit` from now.
    pub fn after(limit: Duration) -> Self {
        Deadline {
            at: Instant::now() + limit,
            limit,
        }
    }

    /// So much later, while the share of one probe stays what it is.
    #[must_use]
    pub(crate) fn later_by(self, more: Duration) -> Self {
        let at = self.at + more;
        Deadline { at, ..self }
    }

    /// The sooner of this deadline and `limit` from now.
    #[must_use]
    pub fn at_most(self, limit: Duration) -> Self {
        self.sooner(Deadline::after(limit))
    }

    fn sooner(self, other: Deadline) -> Self {
        if other.at < self.at { other } else { self }
    }

    /// The share of the whole limit that one of `parts` may take. So a longer `--timeout` gives
    /// every probe more time, and a slow machine can be looked at as well.
    pub fn share(&self, parts: u32) -> Duration {
        self.limit / parts
    }

    /// A little sooner: for work that has to clean up before it is given up.
    #[must_use]
    pub fn with_time_to_clean_up(self) -> Self {
        Deadline::after(self.left() * 9 / 10)
    }

    /// Time left, zero when it has passed.
    pub fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The gap to report for `what` when this deadline has passed.
    pub fn gap(&self, what: impl Into<String>) -> Gap {
        let after_ms = millis(self.limit);
        Gap::new(what, Why::TimedOut { after_ms })
    }
}

/// A probe under way.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    name: &'static str,
    deadline: Deadline,
    result: Receiver<Fact<T>>,
    /// Why there is no thread for it.
    refused: Option<Gap>,
}

/// Starts `probe` on a thread that does nothing else meanwhile. The thread is detached, because
/// a scope would join, and so wait for, a thread that hangs in a system call.
pub(crate) fn start<T: Send + 'static>(
    name: &'static str,
    deadline: Deadline,
    probe: impl FnOnce() -> Fact<T> + Send + 'static,
) -> Pending<T> {
    let (sender, result) = sync_channel(1);
    let run = move || {
        let fact = guarded(name, probe);
        // The receiver is gone when the deadline has passed: nobody wants the answer any more.
        let tell = move || drop(sender.send(fact));
        Box::new(tell) as Box<dyn FnOnce()>
    };
    let given = threads::give(Job::Probe(Box::new(run)));
    Pending {
        name,
        deadline,
        result,
        refused: given.err().map(|error| no_thread(name, &error)),
    }
}

/// The gap for work that has no thread. The error is EAGAIN whatever the limit, and this says where
/// to look.
pub(crate) fn no_thread(name: &str, error: &std::io::Error) -> Gap {
    let limits = "ulimit -u, ulimit -v, pids.max";
    io_gap(format!("a thread for {name} (limits: {limits})"), error)
}

/// Starts `work` on a thread that does nothing after it, and so may leave its namespace.
///
/// # Errors
/// No thread could be made.
pub(crate) fn start_last(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    threads::give(Job::Last(Box::new(work)))
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics of guarded probes off stderr, because the report tells them. Others are
/// printed as ever.
pub(crate) fn tell_panics_in_the_report() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !GUARDED.get() {
            default(panic);
        }
    }));
}

/// Runs `probe` here and turns a panic into a gap.
pub(crate) fn guarded<T>(name: &str, probe: impl FnOnce() -> Fact<T>) -> Fact<T> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(probe));
    GUARDED.set(outer);
    result.unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Fact::Missing(Gap::new(name, Why::Panicked(message)))
    })
}

impl<T> Pending<T> {
    /// Waits for the probe, at most until its deadline.
    pub(crate) fn wait(self) -> Fact<T> {
        let fact = self.wait_until(self.deadline);
        fact.unwrap_or_else(|| Fact::Missing(self.deadline.gap(self.name)))
    }

    /// Waits for the probe. `None` when it is still under way.
    fn wait_until(&self, deadline: Deadline) -> Option<Fact<T>> {
        if let Some(gap) = &self.refused {
            return Some(Fact::Missing(gap.clone()));
        }
        match self.result.recv_timeout(deadline.left()) {
            Ok(fact) => Some(fact),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Fact::Missing(Gap::new(
                self.name,
                Why::Panicked("its thread ended".to_owned()),
            ))),
        }
    }
}

/// A probe that is not under way yet.
pub(crate) struct Work<F> {
    /// What it is called where it fails.
    pub(crate) name: &'static str,
    /// When it is given up.
    pub(crate) deadline: Deadline,
    /// What it does.
    pub(crate) probe: F,
}

impl<F> Work<F> {
    /// Starts it on a thread of its own.
    pub(crate) fn start<T>(self) -> Pending<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Fact<T> + Send + 'static,
    {
        start(self.name, self.deadline, self.probe)
    }
}

/// Runs one probe and then another on one thread, and waits for both: to wake a thread, and to be
/// woken, takes longer than most probes. Where the first one hangs, the second gets a thread of its
/// own; should the first wake up again, it runs there a second time, and nobody hears of it. What
/// the two share, they share in hanging, too.
pub(crate) fn in_turn<A, B>(
    first: Work<impl FnOnce() -> Fact<A> + Send + 'static>,
    second: Work<impl FnOnce() -> Fact<B> + Clone + Send + 'static>,
) -> (Fact<A>, Fact<B>)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let Work { name, deadline, .. } = first;
    let both_due = deadline.sooner(second.deadline);
    let (sender, of_first) = sync_channel(1);
    let after = second.probe.clone();
    let both = start(second.name, second.deadline, move || {
        drop(sender.send(guarded(name, first.probe)));
        after()
    });
    // Whoever hears of the second has heard of both.
    let of_second = both.wait_until(both_due);
    match (of_first.recv_timeout(deadline.left()), of_second) {
        (Ok(of_first), Some(of_second)) => (of_first, of_second),
        (Ok(of_first), None) => (of_first, both.wait()),
        (Err(_), None) => (Fact::Missing(deadline.gap(name)), second.start().wait()),
        // There was no thread for either.
        (Err(_), Some(of_second)) => {
            let gap = of_second.gaps().first().cloned();
            let gap = gap.unwrap_or_else(|| deadline.gap(name));
            (Fact::Missing(gap), of_second)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    #[test]
    fn work_that_cleans_up_has_to_stop_sooner() {
        let deadline = soon();
        assert!(deadline.with_time_to_clean_up().at < deadline.at);
    }

    #[test]
    fn shared_work_keeps_its_order() {
        for length in [0, 1, WORTH_A_THREAD, 10 * WORTH_A_THREAD + 1] {
            let items: Vec<usize> = (0..length).collect();
            assert_eq!(map_shared(&items, |item| *item), items);
        }
    }

    #[test]
    fn a_probe_that_answers_is_known() {
        let pending = start("answer", soon(), || Fact::Known(7));
        assert_eq!(pending.wait(), Fact::Known(7));
    }

    #[test]
    fn a_probe_that_panics_is_a_gap() {
        let pending = start::<u8>("broken", soon(), || std::panic::panic_any("boom"));
        let gap = Gap::new("broken", Why::Panicked("boom".to_owned()));
        assert_eq!(pending.wait(), Fact::Missing(gap));
    }

    #[test]
    fn a_sample_gives_no_probe_more_time() {
        let sampled = soon().later_by(Duration::from_secs(3600));
        assert!(sampled.at > soon().at);
        assert_eq!(sampled.share(5), soon().share(5));
    }

    #[test]
    fn a_longer_timeout_gives_every_probe_more_time() {
        let share = |seconds| Deadline::after(Duration::from_secs(seconds)).share(5);
        assert_eq!(share(60), share(10) * 6);
    }

    fn hang() -> Fact<u8> {
        loop {
            std::thread::park();
        }
    }

    fn hung() -> Fact<u8> {
        Fact::Missing(Gap::new("hangs", Why::TimedOut { after_ms: 5 }))
    }

    fn work<F>(name: &'static str, deadline: Deadline, probe: F) -> Work<F> {
        Work {
            name,
            deadline,
            probe,
        }
    }

    #[test]
    fn a_probe_that_hangs_is_a_gap_and_is_not_joined() {
        let limit = Duration::from_millis(5);
        let pending = start("hangs", Deadline::after(limit), hang);
        assert_eq!(pending.wait(), hung());
    }

    #[test]
    fn two_in_turn_share_a_thread() {
        let thread = || Fact::Known(std::thread::current().id());
        let (one, other) = in_turn(work("one", soon(), thread), work("other", soon(), thread));
        assert_eq!(one, other);
    }

    #[test]
    fn of_two_in_turn_neither_stops_the_other() {
        let limit = || Deadline::after(Duration::from_millis(5));
        let well = || Fact::Known(7);
        let first_hangs = in_turn(work("hangs", limit(), hang), work("well", soon(), well));
        assert_eq!(first_hangs, (hung(), Fact::Known(7)));
        let started = Instant::now();
        let second_hangs = in_turn(work("well", soon(), well), work("hangs", limit(), hang));
        assert_eq!(second_hangs, (Fact::Known(7), hung()));
        assert!(started.elapsed() < soon().limit, "it waited for the first");
        let broken = || std::panic::panic_any("boom");
        let (first, second) = in_turn(work("broken", soon(), broken), work("well", soon(), well));
        assert!(matches!(first, Fact::<u8>::Missing(_)));
        assert_eq!(second, Fact::Known(7));
    }
}
