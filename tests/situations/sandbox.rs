//! Sandboxes in which sock_diag cannot be reached.

use crate::support::doctor::{Outcome, check, doctor};
use crate::support::sockets::tcp_listener;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use std::collections::BTreeMap;

/// ss is blind there, or nothing could be decided: never a pass, and the error is named.
fn assert_blind(outcome: &Outcome, errno: &str) {
    let report = outcome.report();
    for kind in ["tcp", "unix"] {
        let verdict = report.verdict(kind);
        assert!(["fail", "unknown"].contains(&verdict), "{kind}: {verdict}");
    }
    assert_ne!(report.status("sock-diag-round-trip"), "pass");
    assert!(
        report.says(errno),
        "{errno} is not named: {}",
        outcome.stdout
    );
    if report.verdict("tcp") == "fail" {
        assert_eq!(outcome.code, 1);
    }
}

#[test]
fn gvisor_has_no_sock_diag() {
    let state = tempfile::tempdir().expect("a temporary folder");
    let root = format!("--root={}", state.path().display());
    let options = ["--rootless=false", "--network=none", "--ignore-cgroups"];
    let outcome = check([])
        .through(["runsc", &root].into_iter().chain(options).chain(["do"]))
        .run();
    assert_blind(&outcome, "EPROTONOSUPPORT");
    assert!(outcome.report().says("gvisor") || outcome.report().says("gVisor"));
}

#[test]
fn seccomp_that_forbids_netlink_is_named() {
    let outcome = check([]).before(|| refuse_netlink(libc::EPERM)).run();
    assert_blind(&outcome, "EPERM");
}

#[test]
fn a_unit_without_the_netlink_family_is_named() {
    // What RestrictAddressFamilies= of systemd does.
    let outcome = check([])
        .before(|| refuse_netlink(libc::EAFNOSUPPORT))
        .run();
    assert_blind(&outcome, "EAFNOSUPPORT");
}

/// A limit on processes is no mistake in the arguments.
#[test]
fn where_no_thread_can_be_made_nothing_is_judged_and_that_is_said() {
    let watch = with_so_many_threads(1, &["watch", "--count=1"]);
    assert_eq!((watch.code, watch.stdout.as_str()), (4, ""));
    let said = "a thread for signals could not be started";
    assert!(watch.stderr.contains(said), "{}", watch.stderr);
    let listeners = with_so_many_threads(1, &["listeners"]);
    assert_eq!((listeners.code, listeners.stderr.as_str()), (4, ""));
    assert!(
        listeners.stdout.contains("ulimit -u"),
        "{}",
        listeners.stdout
    );
}

/// Nobody has waited where there was no thread that could have answered.
#[test]
fn where_few_threads_can_be_made_no_time_out_is_made_up() {
    for most in 1..=5 {
        let text = with_so_many_threads(most, &["listeners", "--netns=self"]).stdout;
        assert!(!text.contains("no answer within"), "{most}: {text}");
        assert!(!text.contains("Os {"), "{most}: {text}");
    }
}

fn with_so_many_threads(most: u32, arguments: &[&str]) -> Outcome {
    let limit = format!("--nproc={most}");
    let limited = doctor(arguments).by_nobody();
    limited.through(["prlimit", &limit]).run()
}

#[test]
fn a_shortage_of_descriptors_does_not_blind_ss() {
    let report = check([]).before(|| refuse_netlink(libc::EMFILE)).report();
    assert_eq!(report.status("sock-diag-round-trip"), "unknown");
    assert!(report.says("EMFILE"));
}

#[test]
fn root_under_a_filter_is_not_told_to_become_root() {
    let outcome = check([])
        .before(|| refuse(libc::SYS_listen, Vec::new(), libc::EPERM))
        .run();
    let report = outcome.report();
    assert_eq!(report.status("tcp-diag"), "unknown");
    assert!(report.says("EPERM"), "{}", outcome.stdout);
    assert!(!report.says("needs root"), "{}", outcome.stdout);
}

#[test]
fn without_netlink_the_table_has_queues_and_says_that_ss_shows_zeros() {
    let (_listener, address) = tcp_listener(7);
    let port = address.port().to_string();
    let arguments = [
        "listeners",
        "--netns=self",
        "--format=json",
        "--port",
        &port,
    ];
    let run = doctor(arguments)
        .before(|| refuse_netlink(libc::EPERM))
        .run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(document["ss"]["shows"], "proc-net", "{document:#}");
    let socket = &document["listeners"][0]["sockets"][0];
    assert_eq!(socket["accept_queue"], 0);
    assert_eq!(socket["ss"]["send_q"], 0);
    assert_eq!(socket["backlog"], 7);
    assert_eq!(socket["source"], "descriptor");
}

/// From here on socket(AF_NETLINK) fails with `errno` for this thread and its children.
pub(crate) fn refuse_netlink(errno: i32) {
    let netlink = libc::AF_NETLINK.unsigned_abs().into();
    let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, netlink)
        .expect("a condition");
    let rule = SeccompRule::new(vec![family]).expect("a rule");
    refuse(libc::SYS_socket, vec![rule], errno);
}

/// From here on `call` fails with `errno` where one of the rules holds, or always.
fn refuse(call: libc::c_long, rules: Vec<SeccompRule>, errno: i32) {
    let filter = SeccompFilter::new(
        BTreeMap::from([(call, rules)]),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        std::env::consts::ARCH.try_into().expect("an architecture"),
    )
    .expect("a filter");
    let program: BpfProgram = filter.try_into().expect("a program");
    seccompiler::apply_filter(&program).expect("seccomp");
}
