//! A line on stderr while the work takes long, on a terminal only.

use super::say;
use crate::collect::Plan;
use std::io::IsTerminal;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Nobody wants to know about less.
const PATIENCE: Duration = Duration::from_secs(1);
/// Back to the first column, and nothing to the right of it.
const CLEAR: &str = "\r\x1b[K";

/// The line, gone when this is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    under_way: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Says what goes on, should it go on for more than a second.
    pub(super) fn start(plan: &Plan) -> Self {
        if !std::io::stderr().is_terminal() {
            return Progress { under_way: None };
        }
        let line = line(plan);
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || show(&line, &stopped));
        Progress {
            under_way: thread.ok().map(|thread| (stop, thread)),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.under_way.take() {
            drop(stop);
            // The line must be gone before the report begins.
            let _ = thread.join();
        }
    }
}

fn show(line: &str, stopped: &Receiver<()>) {
    if stopped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        say(line);
        let _ = stopped.recv();
        say(CLEAR);
    }
}

fn line(plan: &Plan) -> String {
    let most = humantime::format_duration(plan.timeout + plan.sample.unwrap_or_default());
    match plan.sample {
        Some(sample) => {
            let sample = humantime::format_duration(sample);
            format!("sampling for {sample}, {most} at most ")
        }
        None => format!("still looking, for {most} at most "),
    }
}
