//! An environment that turns ss away from netlink, and programs that only claim to be ss.

use crate::support::doctor::{check, doctor};
use crate::support::programs::script;
use crate::support::report::Report;
use crate::support::until;
use std::fs::read_to_string;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn an_empty_proc_net_tcp_blinds_ss_for_tcp() {
    assert_blinded("PROC_NET_TCP", "", &["tcp"]);
}

#[test]
fn a_proc_root_blinds_ss_for_all() {
    assert_blinded("PROC_ROOT", "/proc", &["tcp", "unix"]);
}

#[test]
fn a_tcpdiag_file_blinds_ss_for_tcp() {
    assert_blinded("TCPDIAG_FILE", "/dev/null", &["tcp"]);
}

/// ss is blind by its environment, while sock_diag itself is as well as without it.
fn assert_blinded(variable: &str, value: &str, kinds: &[&str]) {
    let outcome = check(["--netns", "self"]).env(variable, value).run();
    let report = outcome.report();
    assert_eq!(outcome.code, 1);
    assert_eq!(report.status("ss-environment"), "fail");
    assert!(report.says(variable), "{variable} is not named");
    for kind in kinds {
        assert_eq!(report.verdict(kind), "fail", "{kind}");
        assert_eq!(report.step(kind, "environment"), "fail", "{kind}");
    }
    let undisturbed = check(["--netns", "self"]).report();
    let id = "sock-diag-round-trip";
    assert_eq!(report.status(id), undisturbed.status(id));
}

#[test]
fn an_ss_that_hangs_is_given_up_and_ended() {
    let fake = FakeSs::new("echo $$ >>\"$0.pids\"; exec sleep infinity");
    let report = fake.report();
    assert_eq!(report.status("ss-agrees"), "unknown");
    assert_is_no_pass(&report);
    assert_rest_is_judged(&report);
    let pids = read_to_string(fake.path().join("ss.pids")).expect("the fake ss was run");
    for pid in pids.lines() {
        until("the hanging ss is gone", || is_gone(pid));
    }
}

/// What ends sockdoctor meanwhile leaves nothing behind.
#[test]
fn a_recording_begins_when_the_facts_are_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = format!("ls -A {} >>\"$0.seen\"; exit 3", folder.path().display());
    let fake = FakeSs::new(&list);
    let recording = folder.path().join("facts.json");
    let path = recording.to_str().expect("text");
    let check = check(["--netns", "self", "--record", path]);
    check.env("PATH", fake.search_path()).run();
    let seen = read_to_string(fake.path().join("ss.seen"));
    assert_eq!(seen.expect("the fake ss was run"), "");
    assert!(recording.exists());
}

#[test]
fn an_ss_that_prints_garbage_is_not_believed() {
    let fake = FakeSs::new("head -c 100000 /dev/urandom");
    let report = fake.report();
    assert!(["unknown", "fail"].contains(&report.status("ss-agrees")));
    assert_is_no_pass(&report);
    assert_rest_is_judged(&report);
}

#[test]
fn an_ss_that_never_stops_printing_is_not_believed() {
    let fake = FakeSs::new("exec yes LISTEN 0 7 127.0.0.1:1 0.0.0.0:*");
    let report = fake.report();
    assert!(["unknown", "fail"].contains(&report.status("ss-agrees")));
    assert_is_no_pass(&report);
    assert_rest_is_judged(&report);
}

#[test]
fn of_an_ss_that_fails_nobody_claims_to_know_what_it_shows() {
    let fake = FakeSs::new("echo broken >&2; exit 3");
    let report = fake.report();
    assert_is_no_pass(&report);
    assert!(
        report.says("stderr `broken`"),
        "what it complained of is not told"
    );
    let outcome = doctor(["listeners", "--netns", "self"])
        .env("PATH", fake.search_path())
        .run();
    assert!(!outcome.stdout.contains("ss shows the same queues"));
    assert!(
        outcome.stdout.contains("is not known"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn an_ss_that_lies_is_named_by_its_path() {
    let fake = FakeSs::new("PROC_NET_TCP=/proc/net/tcp exec /bin/ss \"$@\"");
    let report = fake.report();
    assert_eq!(report.verdict("tcp"), "fail");
    let program = fake.path().join("ss").display().to_string();
    assert!(report.says(&program), "{program} is not named");
}

/// What the kernel answers is one thing, and what this ss shows another.
fn assert_is_no_pass(report: &Report) {
    for kind in ["tcp", "unix"] {
        assert_ne!(report.verdict(kind), "pass", "{kind}");
        assert_ne!(report.step(kind, "ss"), "ok", "{kind}");
    }
}

/// What does not depend on the installed ss comes out as without the fake one.
fn assert_rest_is_judged(report: &Report) {
    let undisturbed = check(["--netns", "self"]).report();
    for id in ["sock-diag-round-trip", "tcp-diag", "somaxconn"] {
        assert_eq!(report.status(id), undisturbed.status(id), "{id}");
    }
}

/// A folder with a program called `ss`.
struct FakeSs(TempDir);

impl FakeSs {
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        script(&folder.path().join("ss"), &format!("#!/bin/sh\n{body}\n"));
        FakeSs(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A PATH with this ss first.
    fn search_path(&self) -> String {
        format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.path().display())
    }

    fn report(&self) -> Report {
        let path = self.search_path();
        check(["--netns", "self"]).env("PATH", path).report()
    }
}

/// Ended; a zombie is left where nobody reaps orphans.
fn is_gone(pid: &str) -> bool {
    match read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    }
}
