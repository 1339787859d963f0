//! What the checks make of a whole watch.

use super::testing::{counting, dropping, host, queued, reading, watched};
use super::*;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::finding::Status;
use crate::fixture::{healthy, namespace};
use crate::policy::Policy;

fn diagnosis(watch: &Watch) -> Diagnosis {
    diagnose(&watch.judged(healthy()), &Policy::default(), |_| true)
}

fn status(watch: &Watch, id: &str) -> Status {
    let diagnosis = diagnosis(watch);
    let mut results = diagnosis.results.iter();
    results
        .find(|result| result.check.id == id)
        .expect("the check")
        .status
}

fn dropped(drops: u64) -> Namespace {
    counting(|counters| {
        counters.listen_drops = Some(drops);
        counters.listen_overflows = Some(drops);
    })
}

fn blind() -> Namespace {
    let gap = Gap::new("dump", Why::Absent);
    Namespace {
        listeners: Fact::Missing(gap.clone()),
        counters: Fact::Missing(gap),
        ..host(Vec::new())
    }
}

#[test]
fn a_quiet_watch_passes() {
    let (watch, _) = watched([host(vec![queued(80, 1)]), host(vec![queued(80, 0)])]);
    assert_eq!(status(&watch, "accept-queue"), Status::Pass);
    assert_eq!(status(&watch, "listen-overflows"), Status::Pass);
}

#[test]
fn a_queue_that_was_full_in_between_fails() {
    let queues = [0, 3, 0].map(|queue| host(vec![queued(80, queue)]));
    let (watch, _) = watched(queues);
    assert_eq!(status(&watch, "accept-queue"), Status::Fail);
}

#[test]
fn a_queue_that_was_full_and_whose_listener_is_gone_fails() {
    let (watch, _) = watched([host(vec![queued(80, 3)]), host(Vec::new())]);
    assert_eq!(status(&watch, "accept-queue"), Status::Fail);
}

#[test]
fn overflows_in_between_fail_and_old_ones_are_history() {
    let (watch, _) = watched([dropped(7), dropped(8), dropped(8)]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Fail);
    let (watch, _) = watched([dropped(7), dropped(7)]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Pass);
}

#[test]
fn the_listener_that_dropped_during_the_watch_is_named() {
    let read = |drops: u32| Namespace {
        counters: dropped(drops.into()).counters,
        ..host(vec![dropping(80, drops), dropping(81, 100)])
    };
    let (watch, _) = watched([read(2), read(9), read(9)]);
    let diagnosis = diagnosis(&watch);
    let says: Vec<&str> = diagnosis
        .results
        .iter()
        .filter(|result| result.check.id == "listen-overflows")
        .flat_map(|result| &result.findings[0].evidence)
        .map(|evidence| evidence.says.as_str())
        .collect();
    assert!(
        says.contains(&"0.0.0.0:80, nginx (812): 7 packets discarded"),
        "{says:?}"
    );
    assert!(!says.iter().any(|says| says.contains(":81")), "{says:?}");
}

#[test]
fn overflows_in_a_namespace_that_is_gone_fail() {
    let web = |drops| Namespace {
        counters: dropped(drops).counters,
        ..namespace(2, "web", Vec::new())
    };
    let mut watch = Watch::default();
    watch.feed(reading(0, vec![host(Vec::new()), web(0)]));
    watch.feed(reading(1, vec![host(Vec::new()), web(4)]));
    watch.feed(reading(2, vec![host(Vec::new())]));
    assert_eq!(status(&watch, "listen-overflows"), Status::Fail);
}

/// The kernel gave its number to the next one between two readings.
#[test]
fn overflows_fail_in_the_namespace_that_has_the_number_of_one_that_is_gone() {
    let (watch, _) = watched([dropped(33), dropped(3)]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Fail);
    let (watch, _) = watched([dropped(33), dropped(33), dropped(0)]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Pass);
    let (watch, _) = watched([dropped(33), dropped(34), dropped(0), dropped(0)]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Fail);
}

#[test]
fn a_watch_whose_only_namespace_is_gone_is_judged_by_what_was_seen_of_it() {
    let web = namespace(2, "web", vec![queued(80, 1)]);
    let mut watch = Watch::default();
    watch.feed(reading(0, vec![web]));
    watch.feed(reading(1, Vec::new()));
    assert!(watch.saw_anything());
    assert_eq!(status(&watch, "accept-queue"), Status::Pass);
}

#[test]
fn one_in_which_something_was_wrong_is_kept_however_many_are_gone() {
    let mut watch = Watch::default();
    for number in 0..300 {
        let name = format!("pod-{number}");
        watch.feed(reading(
            number,
            vec![namespace(2 + number, &name, Vec::new())],
        ));
    }
    watch.feed(reading(
        300,
        vec![namespace(900, "web", vec![queued(80, 3)])],
    ));
    watch.feed(reading(301, Vec::new()));
    assert_eq!(status(&watch, "accept-queue"), Status::Fail);
}

#[test]
fn an_end_that_could_not_be_read_is_no_pass() {
    let (watch, _) = watched([host(Vec::new()), blind()]);
    assert_eq!(status(&watch, "accept-queue"), Status::Unknown);
    assert_eq!(status(&watch, "listen-overflows"), Status::Unknown);
}

#[test]
fn a_failure_in_between_that_is_over_leaves_no_doubt() {
    let (watch, _) = watched([host(Vec::new()), blind(), host(Vec::new())]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Pass);
}

#[test]
fn what_overflowed_before_the_end_was_lost_still_fails() {
    let (watch, _) = watched([dropped(7), dropped(8), blind()]);
    assert_eq!(status(&watch, "listen-overflows"), Status::Fail);
}

#[test]
fn a_watch_that_read_nothing_knows_nothing() {
    let mut watch = Watch::default();
    let gap = Gap::new("namespaces", Why::Absent);
    watch.feed(Reading {
        namespaces: Fact::Missing(gap),
    });
    assert!(!watch.saw_anything());
    assert_eq!(status(&watch, "accept-queue"), Status::Unknown);
}
