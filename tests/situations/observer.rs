//! Who looks, and what they can see.

use crate::support::doctor::{check, doctor};
use crate::support::netns::Namespace;
use crate::support::report::{Report, says};
use crate::support::sockets::tcp_listener;
use std::process::Command;

/// Processes of others are not even visible then.
const HIDE_PROCESSES: &str = "mount -t proc -o hidepid=2 proc /proc &&";

/// The verdict that is true on this machine, seen with ss itself: pass when it shows the
/// backlog of a listener whose backlog is known.
fn true_verdict() -> &'static str {
    let (_listener, address) = tcp_listener(7);
    let output = Command::new("ss")
        .args(["-Hltn", "sport", "=", &format!(":{}", address.port())])
        .output()
        .expect("ss runs");
    let row = String::from_utf8_lossy(&output.stdout).into_owned();
    match row.split_whitespace().nth(2) {
        Some("7") => "pass",
        Some("0") => "fail",
        other => panic!("ss shows {other:?} as Send-Q: {row}"),
    }
}

fn assert_true_verdict(report: &Report) {
    assert_eq!(report.verdict("tcp"), true_verdict());
}

#[test]
fn root_gets_the_true_verdict() {
    let report = check([]).report();
    assert_true_verdict(&report);
    assert_eq!(report.part("schema_version"), 1);
}

#[test]
fn root_is_never_told_to_become_root() {
    let outcome = check([]).run();
    let report = outcome.report();
    assert!(!report.says("needs root"), "{}", outcome.stdout);
}

#[test]
fn nobody_gets_the_true_verdict() {
    assert_true_verdict(&check([]).by_nobody().report());
}

#[test]
fn nobody_is_told_which_namespace_only_root_could_judge() {
    let closed = Namespace::new();
    let report = check([]).by_nobody().report();
    assert!(report.says(&closed.name), "the namespace is not named");
    for id in ["accept-queue", "somaxconn"] {
        let undecided = report.findings(id, "unknown");
        assert!(!undecided.is_empty(), "{id} passes over what it cannot see");
    }
    assert!(report.says("root") || report.says("CAP_SYS_ADMIN"));
}

#[test]
fn nobody_who_insists_on_certainty_gets_exit_code_4() {
    let closed = Namespace::new();
    let only = ["--only", "accept-queue", "--fail-on", "unknown"];
    let outcome = check(["--netns", &closed.name].into_iter().chain(only))
        .by_nobody()
        .run();
    assert_eq!(outcome.code, 4, "{}", outcome.stdout);
}

#[test]
fn a_user_namespace_of_root_gets_the_true_verdict() {
    let report = check([]).through(["unshare", "-Urn"]).report();
    assert_true_verdict(&report);
}

#[test]
fn a_namespace_that_is_asked_for_and_cannot_be_read_is_never_fine() {
    let namespace = Namespace::new();
    let only_it = ["--netns", &namespace.name, "-q"];
    let outcome = doctor(only_it).by_nobody().run();
    assert_eq!(outcome.code, 4, "{}", outcome.stdout);
    assert!(
        outcome
            .stdout
            .contains("no network namespace could be judged"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_user_namespace_of_nobody_gets_the_true_verdict() {
    let report = check([]).by_nobody().through(["unshare", "-Urn"]).report();
    assert_true_verdict(&report);
}

#[test]
fn a_proc_that_hides_processes_is_said() {
    let report = check([])
        .through(["unshare", "-m"])
        .after(HIDE_PROCESSES)
        .by_nobody()
        .report();
    assert_true_verdict(&report);
    assert!(report.says("hidepid"), "hidepid is not named");
}

#[test]
fn files_of_modprobe_that_are_hidden_from_a_service_are_not_called_missing() {
    let hide = "mount -t tmpfs -o mode=000 tmpfs /etc/modprobe.d &&";
    let report = check([]).through(["unshare", "-m"]).after(hide).report();
    assert_true_verdict(&report);
    assert!(report.says("the root directory of the host"));
    assert!(!check([]).report().says("the root directory of the host"));
}

#[test]
fn without_proc_what_was_read_there_is_unknown() {
    let report = check([])
        .through(["unshare", "-m"])
        .after("umount -l /proc &&")
        .report();
    for id in ["somaxconn", "syncookies", "listen-overflows"] {
        assert_eq!(report.status(id), "unknown", "{id} cannot be known");
    }
}

#[test]
fn with_few_descriptors_left_nothing_passes_unseen() {
    let outcome = check(["--netns", "self"])
        .through(["prlimit", "--nofile=7:7"])
        .run();
    let report = outcome.report();
    assert_ne!(report.verdict("tcp"), "fail", "{}", outcome.stdout);
}

#[test]
fn the_environment_names_the_observer() {
    let report = check(["--netns", "self"]).by_nobody().report();
    let environment = report.part("environment");
    assert_eq!(environment["uid"], 65534);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("osrelease");
    assert!(says(environment, release.trim()), "{environment}");
}

#[test]
fn another_time_namespace_does_not_know_when_the_machine_booted() {
    let elsewhere = ["unshare", "-T", "--boottime", "1000000", "--fork"];
    let report = check(["--netns", "self"]).through(elsewhere).report();
    assert!(report.part("environment")["uptime_seconds"].is_null());
}
