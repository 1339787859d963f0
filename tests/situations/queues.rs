//! Queues that are full, and who owns them.

use crate::support::doctor::{Doctor, check, doctor};
use crate::support::netns::Namespace;
use crate::support::report::says;
use crate::support::sockets::{FullListener, Holder, full_unix_listener, knock};
use serde_json::Value;

/// Clears the screen of a terminal that is handed it unescaped.
const HOSTILE_NAME: &str = "\x1b[2J";
const HOSTILE_FILE: &str = "a\nb\x1b[31mc";
const ESCAPE: char = '\x1b';

#[test]
fn a_full_accept_queue_names_its_listener_and_its_process() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(1));
    let _holder = Holder::new(HOSTILE_NAME, full.listener);
    let only = ["--netns", &namespace.name, "--only", "accept-queue"];

    let report = check(only).report();
    let finding = finding_about(&report.findings("accept-queue", "fail"), full.address);
    assert!(says(&finding, HOSTILE_NAME), "not faithful: {finding}");

    let human = human(only);
    assert!(!human.contains(ESCAPE), "{human:?}");
    assert!(human.contains(&full.address.to_string()), "{human}");
    assert!(human.contains("[2J"), "the process is not named: {human}");
    drop(full.clients);
}

#[test]
fn an_accept_queue_with_room_left_passes() {
    let namespace = Namespace::new();
    let mut full = namespace.inside(|| FullListener::new(2));
    let waiting = std::net::TcpListener::from(full.listener);
    drop(waiting.accept().expect("a connection waits"));
    let report = check(["--netns", &namespace.name, "--only", "accept-queue"]).report();
    assert_eq!(report.status("accept-queue"), "pass");
    full.clients.clear();
}

#[test]
fn a_full_unix_listener_is_named_whatever_its_path() {
    let namespace = Namespace::new();
    let directory = tempfile::tempdir().expect("a temporary folder");
    let path = directory.path().join(HOSTILE_FILE);
    let _full = namespace.inside(|| full_unix_listener(&path));
    let only = ["--netns", &namespace.name, "--only", "accept-queue"];

    let report = check(only).report();
    finding_about(&report.findings("accept-queue", "fail"), path.display());

    let human = human(only);
    assert!(!human.contains(ESCAPE), "{human:?}");
    assert!(!human.contains("a\nb"), "the path breaks the line: {human}");
}

#[test]
fn an_overflow_during_the_sample_names_the_listener() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(1));
    let sample = ["--sample", "1s", "--only", "listen-overflows"];
    let run = check(["--netns", &namespace.name].into_iter().chain(sample));
    let report = while_knocking(&namespace, &full, run);
    let failed = report.findings("listen-overflows", "fail");
    finding_about(&failed, full.address);
}

#[test]
fn an_overflow_before_the_run_is_history() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(1));
    namespace.inside(|| knock(full.address));
    let report = check(["--netns", &namespace.name, "--only", "listen-overflows"]).report();
    assert_eq!(report.status("listen-overflows"), "warn");
}

/// Runs the doctor while clients knock at `full` all the time.
fn while_knocking(
    namespace: &Namespace,
    full: &FullListener,
    run: Doctor,
) -> crate::support::report::Report {
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run.report());
        namespace.inside(|| {
            while !running.is_finished() {
                knock(full.address);
            }
        });
        running.join().expect("a report")
    })
}

fn finding_about(findings: &[&Value], what: impl std::fmt::Display) -> Value {
    let what = what.to_string();
    let mut findings = findings.iter();
    let finding = findings.find(|finding| says(finding, &what));
    (*finding.unwrap_or_else(|| panic!("no finding about {what:?}"))).clone()
}

fn human<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let always = ["check", "--color", "never"];
    doctor(always.into_iter().chain(arguments)).run().stdout
}
