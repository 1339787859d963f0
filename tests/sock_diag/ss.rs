//! The installed `ss`, and programs that only call themselves so.

use crate::netns::with_loopback;
use crate::programs;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use sockdoctor::probes::ss::{Environment, Observed, collect_in};
use sockdoctor::runner::Deadline;
use sockdoctor_checks::facts::{Fact, Gap, SsRun, Topic, Why};
use std::time::Duration;

/// Runs the `ss` of this environment in a namespace of its own.
fn run(environment: &Environment) -> Observed {
    run_for(environment, Duration::from_secs(60))
}

fn run_for(environment: &Environment, limit: Duration) -> Observed {
    let all = Topic::SsInstalled | Topic::SsTcp | Topic::SsUnix;
    with_loopback(|| collect_in(environment, all, Deadline::after(limit)))
}

fn real() -> Environment {
    Environment::of_this_process()
}

fn known(fact: &Fact<SsRun>) -> &SsRun {
    match fact {
        Fact::Known(run) => run,
        fact => panic!("{:?}", fact.gaps()),
    }
}

/// The queues of the only row.
fn queues(run: &SsRun) -> (u64, u64) {
    let [row] = run.rows.as_slice() else {
        panic!("{run:?}");
    };
    (row.recv_q, row.send_q)
}

#[test]
fn the_installed_ss_prints_what_is_true() {
    let observed = run(&real());
    let installed = observed.installed.known().unwrap().clone().unwrap();
    assert!(installed.path.ends_with("/ss"));
    let version = installed.version.known().unwrap();
    assert!(version.starts_with("iproute2-"), "{version}");
    let tcp = known(&observed.tcp);
    assert_eq!((tcp.truth.recv, tcp.truth.send), (Some(1), Some(7)));
    assert_eq!(queues(tcp), (1, 7));
    assert!(tcp.rows[0].local.starts_with("127.0.0.1:"));
    assert!(tcp.command.starts_with("ss -tn state listening sport = :"));
    let unix = known(&observed.unix);
    assert_eq!(queues(unix), (9, 0));
    assert_eq!(unix.command, format!("ss -xn src {}", unix.rows[0].local));
}

#[test]
fn a_variable_that_blinds_it_shows_in_what_it_prints() {
    let blind = real()
        .with("PROC_NET_TCP", "/proc/net/tcp")
        .with("PROC_NET_UNIX", "/proc/net/unix");
    let observed = run(&blind);
    assert_eq!(queues(known(&observed.tcp)), (1, 0));
    assert_eq!(queues(known(&observed.unix)), (0, 0));
}

#[test]
fn an_empty_variable_silences_a_table() {
    let observed = run(&real().with("PROC_NET_TCP", ""));
    let tcp = known(&observed.tcp);
    assert_eq!(
        (tcp.rows.as_slice(), tcp.exit_code),
        ([].as_slice(), Some(0))
    );
}

/// An `ss` with this script, found before the real one.
fn scripted(script: &str) -> (tempfile::TempDir, Environment) {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("#!/bin/sh\n{script}\n");
    programs::script(&directory.path().join("ss"), &text);
    let old = std::env::var("PATH").unwrap();
    let environment = real().with("PATH", format!("{}:{old}", directory.path().display()));
    (directory, environment)
}

fn only_gap<T: std::fmt::Debug>(fact: &Fact<T>) -> &Gap {
    match fact {
        Fact::Missing(gap) => gap,
        fact => panic!("{fact:?}"),
    }
}

#[test]
fn a_program_that_hangs_is_a_time_out_and_is_killed_with_what_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let alive = directory.path().join("alive");
    mkfifo(&alive);
    let reader = rustix::fs::open(&alive, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty());
    let reader = reader.unwrap();
    // Both hold the pipe open for as long as they live.
    let script = format!("exec 9> {}; sleep 1000 & wait", alive.display());
    let (_directory, environment) = scripted(&script);
    let observed = run_for(&environment, Duration::from_millis(300));
    for gap in [only_gap(&observed.tcp), only_gap(&observed.unix)] {
        assert!(matches!(gap.why, Why::TimedOut { .. }), "{gap}");
    }
    let mut end = [PollFd::new(&reader, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: 30,
        tv_nsec: 0,
    };
    assert_eq!(
        poll(&mut end, Some(&patience)),
        Ok(1),
        "something still lives"
    );
    assert!(end[0].revents().contains(PollFlags::HUP));
}

fn mkfifo(path: &std::path::Path) {
    use rustix::fs::{CWD, FileType, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn it_is_run_for_nothing_but_what_is_asked() {
    let (directory, environment) = scripted(r#"echo "$1" >> "${0%ss}calls"; exec /bin/ss "$@""#);
    let limit = Deadline::after(Duration::from_secs(60));
    let observed = with_loopback(|| collect_in(&environment, Topic::SsUnix.into(), limit));
    assert_eq!(queues(known(&observed.unix)), (9, 0));
    let calls = std::fs::read_to_string(directory.path().join("calls"));
    assert_eq!(calls.unwrap(), "-xn\n");
}

#[test]
fn a_program_that_fails_is_malformed_with_what_it_complained_of() {
    let (_directory, environment) = scripted("echo no such luck >&2; echo more >&2; exit 3");
    let observed = run(&environment);
    let gap = only_gap(&observed.tcp).to_string();
    assert!(gap.contains("exit code 3, stderr `no such luck`"), "{gap}");
    let installed = observed.installed.known().unwrap().clone().unwrap();
    let version = only_gap(&installed.version).to_string();
    assert!(version.contains("no such luck"), "{version}");
}

#[test]
fn garbage_is_malformed() {
    let (_directory, environment) = scripted("echo I am not ss");
    let gap = only_gap(&run(&environment).tcp).to_string();
    assert!(gap.contains("printed `I am not ss`"), "{gap}");
}

#[test]
fn a_flood_is_cut() {
    let (_directory, environment) = scripted("exec yes 1 7 127.0.0.1:1");
    let observed = run(&environment);
    let gap = only_gap(&observed.tcp).to_string();
    assert!(gap.contains("ended by a signal"), "{gap}");
}

#[test]
fn rows_about_other_sockets_prove_nothing() {
    let (_directory, environment) = scripted("echo LISTEN 1 7 10.1.1.1:1 0.0.0.0:*");
    let observed = run(&environment);
    assert_eq!(known(&observed.tcp).rows, []);
}
