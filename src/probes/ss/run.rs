//! Runs a program that may hang, flood or fail.

use super::Environment;
use crate::probes::io_gap;
use crate::runner::Deadline;
use crate::text::{shown, text};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::{Gap, Why};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How much of each stream is read.
const OUTPUT_LIMIT: usize = 64 * 1024;
/// How often a program is looked at that has closed its output and does not end.
const REAP_INTERVAL: Duration = Duration::from_millis(1);

/// What a program printed.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// `None` when a signal ended it.
    pub(super) exit_code: Option<i32>,
}

/// Runs `program` to its end, its flood or the deadline.
///
/// # Errors
/// The gap: it could not be run, or it did not end in time.
pub(super) fn run(
    program: &Path,
    arguments: &[&str],
    environment: &Environment,
    deadline: Deadline,
) -> Result<Output, Gap> {
    let what = format!("{} {}", shown(program), arguments.join(" "));
    if deadline.left().is_zero() {
        return Err(deadline.gap(what));
    }
    let started = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that what it started ends with it.
        .process_group(0)
        .spawn()
        .map_err(|error| io_gap(&what, &error))?;
    let mut running = Running {
        child,
        reaped: false,
    };
    match running.outcome(deadline) {
        Ok(Some(output)) => Ok(output),
        Ok(None) => {
            let after_ms = millis(started.elapsed());
            Err(Gap::new(what, Why::TimedOut { after_ms }))
        }
        Err(error) => Err(io_gap(what, &error)),
    }
}

/// A process group that does not outlive this value.
struct Running {
    child: Child,
    reaped: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Until it is waited for, its number cannot belong to anybody else.
        if !self.reaped {
            if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }
}

impl Running {
    /// What it printed; none when the deadline came first.
    fn outcome(&mut self, deadline: Deadline) -> io::Result<Option<Output>> {
        let mut streams = [
            Stream::new(self.child.stdout.take()),
            Stream::new(self.child.stderr.take()),
        ];
        while streams.iter().any(|stream| stream.pipe.is_some()) {
            if deadline.left().is_zero() {
                return Ok(None);
            }
            read_ready(&mut streams, deadline)?;
        }
        let [stdout, stderr] = streams.map(|stream| text(&stream.bytes));
        let status = self.wait(deadline)?;
        Ok(status.map(|status| Output {
            stdout,
            stderr,
            exit_code: status.code(),
        }))
    }

    /// Its exit status. Its output has ended, so in all but odd cases it has too.
    fn wait(&mut self, deadline: Deadline) -> io::Result<Option<ExitStatus>> {
        loop {
            let status = self.child.try_wait()?;
            self.reaped = status.is_some();
            if self.reaped || deadline.left().is_zero() {
                return Ok(status);
            }
            std::thread::sleep(REAP_INTERVAL);
        }
    }
}

/// Waits for the open streams, at most until the deadline, and reads what has come.
fn read_ready(streams: &mut [Stream], deadline: Deadline) -> io::Result<()> {
    let mut polled: Vec<_> = streams
        .iter()
        .filter_map(|stream| stream.pipe.as_ref())
        .map(|pipe| PollFd::new(pipe, PollFlags::IN))
        .collect();
    let left = Timespec::try_from(deadline.left()).map_err(io::Error::other)?;
    match poll(&mut polled, Some(&left)) {
        Err(rustix::io::Errno::INTR) => return Ok(()),
        polled => polled?,
    };
    let ready: Vec<_> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
    let open = streams.iter_mut().filter(|stream| stream.pipe.is_some());
    for (stream, _) in open.zip(ready).filter(|(_, ready)| *ready) {
        stream.read()?;
    }
    Ok(())
}

/// A pipe from the program, closed at its end or when it has brought enough. A program that
/// writes on then ends by SIGPIPE.
struct Stream {
    pipe: Option<File>,
    bytes: Vec<u8>,
}

impl Stream {
    fn new(pipe: Option<impl Into<OwnedFd>>) -> Self {
        Stream {
            pipe: pipe.map(|pipe| File::from(pipe.into())),
            bytes: Vec::new(),
        }
    }

    /// Reads once from a pipe that has something.
    fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(());
        };
        let mut chunk = [0; 4096];
        let read = pipe.read(&mut chunk)?;
        let room = OUTPUT_LIMIT - self.bytes.len();
        self.bytes.extend_from_slice(&chunk[..read.min(room)]);
        if read == 0 || self.bytes.len() == OUTPUT_LIMIT {
            self.pipe = None;
        }
        Ok(())
    }
}
