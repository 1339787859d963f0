//! The threads that probes run on. One that has done its probe waits for another: to make a
//! thread takes longer than most probes. One that hangs is never asked again.

use std::io::Result;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A probe. It returns what tells its result.
pub(super) type Probe = Box<dyn FnOnce() -> Box<dyn FnOnce()> + Send>;

/// Work for a thread.
pub(super) enum Job {
    /// After this the thread waits for more.
    Probe(Probe),
    /// Whatever this does to its thread, the thread ends with it.
    Last(Box<dyn FnOnce() + Send>),
}

/// The threads that wait.
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

fn idle() -> MutexGuard<'static, Vec<Sender<Job>>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives `job` to a thread that waits, or to a new one.
pub(super) fn give(job: Job) -> Result<()> {
    let waiting = idle().pop();
    let refused = match waiting {
        Some(thread) => thread.send(job).err().map(|refused| refused.0),
        None => Some(job),
    };
    match refused {
        Some(job) => std::thread::Builder::new().spawn(|| work(job)).map(drop),
        None => Ok(()),
    }
}

/// What a thread does.
fn work(first: Job) {
    let (here, next) = channel();
    let mut job = Ok(first);
    while let Ok(Job::Probe(probe)) = job {
        let tell = probe();
        // Whoever hears the result finds this thread waiting.
        idle().push(here.clone());
        tell();
        job = next.recv();
    }
    if let Ok(Job::Last(work)) = job {
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::ThreadId;

    fn thread_of_a_probe() -> ThreadId {
        let (sender, receiver) = channel();
        let probe = || {
            let id = std::thread::current().id();
            Box::new(move || sender.send(id).expect("somebody listens")) as Box<dyn FnOnce()>
        };
        give(Job::Probe(Box::new(probe))).expect("a thread");
        receiver.recv().expect("its id")
    }

    #[test]
    fn a_thread_that_may_have_left_its_namespace_is_not_asked_again() {
        let (sender, receiver) = channel();
        let work = move || {
            let id = std::thread::current().id();
            sender.send(id).expect("somebody listens");
        };
        give(Job::Last(Box::new(work))).expect("a thread");
        let gone = receiver.recv().expect("its id");
        assert!((0..100).all(|_| thread_of_a_probe() != gone));
    }
}
