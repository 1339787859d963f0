//! Namespaces that are new, many, missing, different from each other, or dying.

use crate::support::doctor::{check, doctor};
use crate::support::netns::{Namespace, Namespaces};
use crate::support::report::says;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_fresh_namespace_with_its_loopback_down_gets_the_true_verdict() {
    let inside = check(["--netns", "self"]).through(["unshare", "-n"]);
    let report = inside.report();
    let outside = check(["--netns", "self"]).report();
    assert_eq!(report.verdict("tcp"), outside.verdict("tcp"));
    assert_eq!(report.verdict("unix"), outside.verdict("unix"));
}

#[test]
fn canaries_are_none_of_the_listeners_of_the_machine() {
    let report = check(["--netns", "self"])
        .through(["unshare", "-n"])
        .report();
    assert_eq!(report.own_listeners(), [0, 0]);
}

#[test]
fn a_namespace_that_is_not_there_is_one_line_and_exit_code_2() {
    let outcome = doctor(["check", "--netns", "no-such-namespace"]).run();
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("no-such-namespace"));
}

#[test]
fn namespaces_that_die_while_they_are_visited_break_nothing() {
    let stop = AtomicBool::new(false);
    let come_and_go = || {
        while !stop.load(Ordering::Relaxed) {
            drop(Namespaces::new(8));
        }
    };
    std::thread::scope(|scope| {
        let churn = scope.spawn(come_and_go);
        let runs = scope.spawn(|| (0..20).for_each(|_| drop(check([]).report())));
        let outcome = runs.join();
        stop.store(true, Ordering::Relaxed);
        churn.join().expect("ip makes and deletes namespaces");
        outcome.expect("every run ends with a report");
    });
}

#[test]
fn the_namespace_with_another_somaxconn_is_named() {
    let (low, high) = (Namespace::new(), Namespace::new());
    low.inside(|| set_somaxconn("16"));
    high.inside(|| set_somaxconn("8192"));
    let both = ["--netns", &low.name, "--netns", &high.name];
    let report = check(both.into_iter().chain(["--only", "somaxconn"])).report();
    let bad = report.findings("somaxconn", report.status("somaxconn"));
    assert!(["warn", "fail"].contains(&report.status("somaxconn")));
    assert!(bad.iter().any(|finding| says(finding, &low.name)));
    assert!(
        bad.iter()
            .all(|finding| !says(&finding["subject"], &high.name))
    );
}

#[test]
fn two_hundred_namespaces_are_all_seen_and_shown_together() {
    let many = Namespaces::new(200);
    let report = check([]).report();
    for name in &many.names {
        assert!(says(report.part("namespaces"), name), "{name} was not seen");
    }
    let each = many.names.iter().flat_map(|name| ["--netns", name]);
    let human = doctor(["check", "--color", "never"].into_iter().chain(each));
    let human = human.run().stdout;
    let lines = human.lines().count();
    assert!(lines < 200, "{lines} lines for namespaces that look alike");
}

/// In the namespace of the calling thread.
fn set_somaxconn(value: &str) {
    std::fs::write("/proc/sys/net/core/somaxconn", value).expect("somaxconn");
}
