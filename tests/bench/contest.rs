//! Programs that take turns, and what each run of them took.
#![allow(unsafe_code)] // No crate in use wraps wait4(2).

use crate::netns::inside;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A command, the name that its row carries, and where it runs.
pub(crate) struct Contender {
    label: String,
    words: Vec<OsString>,
    namespace: Option<String>,
    slow: bool,
}

/// One run of a whole process, with the children that it waited for.
struct Run {
    /// Seconds on the clock.
    elapsed: f64,
    /// Seconds of the processor.
    cpu: f64,
    /// Most memory at one time, in KiB.
    peak: i64,
}

impl Contender {
    pub(crate) fn new<S: Into<OsString>>(
        label: impl Into<String>,
        words: impl IntoIterator<Item = S>,
    ) -> Self {
        Contender {
            label: label.into(),
            words: words.into_iter().map(Into::into).collect(),
            namespace: None,
            slow: false,
        }
    }

    pub(crate) fn of(command: &str) -> Self {
        Contender::new(command, command.split(' '))
    }

    /// Under another name.
    pub(crate) fn called(self, label: String) -> Self {
        Contender { label, ..self }
    }

    /// Takes so long that it runs only in the first rounds.
    pub(crate) fn slow(self) -> Self {
        let slow = true;
        Contender { slow, ..self }
    }

    /// Runs in the network namespace with this name.
    pub(crate) fn inside(self, name: &str) -> Self {
        let namespace = Some(name.to_owned());
        Contender { namespace, ..self }
    }

    fn run(&self) -> Run {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut run = move || run(&mut command);
        let (status, run) = match &self.namespace {
            Some(name) => inside(name, run),
            None => run(),
        };
        // 1 is a report of a failure, which is none of the bench.
        assert!(matches!(status, 0 | 1), "{}: {status}", self.label);
        run
    }
}

/// Runs `command` to its end: its exit code, and what it took.
#[expect(clippy::zombie_processes)] // wait4 waits, because `wait` does not tell what it took.
fn run(command: &mut Command) -> (i32, Run) {
    let start = Instant::now();
    let child = command.spawn().expect("the program starts");
    let pid = child.id().cast_signed();
    let mut status = 0;
    // SAFETY: a rusage is numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both results have a place; the child is ours, and nobody else waits for it.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    let elapsed = start.elapsed().as_secs_f64();
    assert_eq!(waited, pid, "wait4");
    assert!(libc::WIFEXITED(status), "{command:?} was ended");
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let run = Run {
        elapsed,
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        peak: usage.ru_maxrss,
    };
    (libc::WEXITSTATUS(status), run)
}

/// How many rounds there are, and in how many of them the slow ones run.
#[derive(Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) all: usize,
    pub(crate) slow: usize,
}

/// Lets all contenders take turns, round after round, and prints what each took against the
/// first one of its round.
pub(crate) fn compare(title: &str, contenders: &[Contender], rounds: Rounds) {
    let mut runs: Vec<Vec<Run>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds.all {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            if round < rounds.slow || !contender.slow {
                runs.push(contender.run());
            }
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\n{title:<52} {:>21} {:>21} {:>9}",
        "time", "CPU", "peak KiB"
    )
    .expect("stdout");
    for (contender, own) in contenders.iter().zip(&runs) {
        let against = |of: fn(&Run) -> f64| spread(own, &runs[0], of);
        let (time, cpu) = (against(|run| run.elapsed), against(|run| run.cpu));
        let peak = own.iter().map(|run| run.peak).max().unwrap_or(0);
        let label = &contender.label;
        writeln!(out, "  {label:<50} {time:>21} {cpu:>21} {peak:>9}").expect("stdout");
    }
}

/// Median and quartiles of the ratios of each round. A machine that is slow in one round is
/// slow for all of that round.
fn spread(own: &[Run], first: &[Run], of: fn(&Run) -> f64) -> String {
    let pairs = own.iter().zip(first);
    let mut ratios: Vec<f64> = pairs.map(|(own, first)| of(own) / of(first)).collect();
    ratios.sort_by(f64::total_cmp);
    let at = |quarter: usize| ratios[(ratios.len() - 1) * quarter / 4];
    format!("{:.2} ({:.2}–{:.2})", at(2), at(1), at(3))
}
