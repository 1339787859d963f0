//! What happens while somebody watches.

use crate::support::doctor::doctor;
use crate::support::netns::Namespace;
use crate::support::options::defer_accept;
use crate::support::sockets::{FullListener, Holder, knock, tcp_listener, tcp_listener_at};
use crate::support::until;
use crate::support::watching::Watching;
use rustix::fs::{CWD, Mode, OFlags, mkfifoat, open};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

fn fill(namespace: &Namespace, address: SocketAddr) -> Vec<TcpStream> {
    let connect = || TcpStream::connect(address).expect("room in the queue");
    namespace.inside(|| vec![connect(), connect()])
}

#[test]
fn a_queue_that_fills_is_told_with_its_process_and_fails_though_it_is_over() {
    let namespace = Namespace::new();
    let (listener, address) = namespace.inside(|| tcp_listener(1));
    let mut watching = Watching::objects(&["--netns", &namespace.name]);
    let _clients = fill(&namespace, address);
    let full = watching.until_event("queue-full", address);
    assert_eq!(full["namespace"], namespace.name.as_str());
    assert_eq!(full["listener"]["process"]["pid"], std::process::id());
    assert_eq!((&full["queue"], &full["backlog"]), (&2.into(), &1.into()));

    let listener = TcpListener::from(listener);
    drop(listener.accept().expect("a connection waits"));
    watching.until_event("queue-has-room", address);
    let ended = watching.end(Signal::TERM);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    let totals = ended.totals();
    assert_eq!(totals["events"]["queue-full"], 1);
    assert_eq!(totals["checks"][0]["id"], "accept-queue");
    assert_eq!(totals["checks"][0]["status"], "fail");
}

#[test]
fn of_two_full_listeners_the_one_that_drops_is_told() {
    let namespace = Namespace::new();
    let [idle, busy] = [0; 2].map(|_| namespace.inside(|| FullListener::new(1)));
    let mut watching = Watching::objects(&["--netns", &namespace.name]);
    namespace.inside(|| knock(busy.address));
    let drops = watching.until_event("drops", busy.address);
    assert!(drops["by"].as_u64() > Some(0), "{drops}");
    assert!(drops["within_ms"].as_u64() > Some(0), "{drops}");
    let ended = watching.end(Signal::INT);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.number_of("drops", idle.address), 0);
    assert!(ended.totals()["events"]["unexplained-drops"].is_null());
}

/// As a server that is restarted and leaves its sockets to the next one.
#[test]
fn the_process_that_is_named_holds_the_listener_now() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(1));
    let shared = full.listener.try_clone().expect("a duplicate");
    let mut holders = [
        Holder::new("before", full.listener),
        Holder::new("after", shared),
    ];
    // Of the two the one with the lower pid is named.
    holders.sort_by_key(Holder::pid);
    let [first, heir] = holders;
    let named = |object: &Value, holder: &Holder| {
        assert_eq!(object["listener"]["process"]["pid"], holder.pid());
    };
    let mut watching = Watching::objects(&["--netns", &namespace.name]);
    named(&watching.until_event("queue-full", full.address), &first);
    drop(first);
    namespace.inside(|| knock(full.address));
    named(&watching.until_event("drops", full.address), &heir);
    watching.end(Signal::TERM);
}

#[test]
fn a_bare_ack_behind_defer_accept_is_no_dropped_connection_request() {
    let namespace = Namespace::new();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (_listener, address) = namespace.inside(|| tcp_listener_at(local, 9, defer_accept));
    let mut watching = Watching::objects(&["--netns", &namespace.name]);
    let _client = namespace.inside(|| TcpStream::connect(address).expect("a SYN/ACK"));
    let (_later, later) = namespace.inside(|| tcp_listener(5));
    watching.until_event("listener-came", later);
    let ended = watching.end(Signal::TERM);
    assert_eq!(ended.number_of("drops", address), 0);
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_listener_that_comes_and_goes_is_told() {
    let namespace = Namespace::new();
    let mut watching = Watching::objects(&["--netns", &namespace.name]);
    let (listener, address) = namespace.inside(|| tcp_listener(5));
    let came = watching.until_event("listener-came", address);
    assert_eq!(came["listener"]["protocol"], "tcp");
    drop(listener);
    let went = watching.until_event("listener-went", address);
    assert_eq!(went["listener"]["process"], came["listener"]["process"]);
    assert_eq!(watching.end(Signal::TERM).code, Some(0));
}

#[test]
fn a_namespace_that_goes_is_told_and_hides_no_other() {
    let [stays, goes] = [0; 2].map(|_| Namespace::new());
    let mut watching = Watching::objects(&["--netns", &stays.name, "--netns", &goes.name]);
    let gone = goes.name.clone();
    drop(goes);
    watching.until(|object| {
        object["event"] == "namespace-went" && object["namespace"] == gone.as_str()
    });
    let (_listener, address) = stays.inside(|| tcp_listener(5));
    watching.until_event("listener-came", address);
    assert_eq!(watching.end(Signal::TERM).code, Some(0));
}

#[test]
fn a_namespace_is_watched_on_when_the_process_that_it_was_asked_for_by_has_ended() {
    let namespace = Namespace::new();
    let (held, _) = namespace.inside(|| tcp_listener(1));
    let holder = namespace.inside(|| Holder::new("short-lived", held));
    let mut watching = Watching::objects(&["--netns", &holder.pid().to_string()]);
    drop(holder);
    let (_listener, address) = namespace.inside(|| tcp_listener(5));
    watching.until_event("listener-came", address);
    let ended = watching.end(Signal::TERM);
    assert!(ended.totals()["events"]["namespace-went"].is_null());
}

#[test]
fn lines_for_people_come_at_once_and_control_no_terminal() {
    let namespace = Namespace::new();
    let (listener, address) = namespace.inside(|| tcp_listener(1));
    let _holder = Holder::new("\x1b[2J", listener);
    let mut watching = Watching::start(&["--netns", &namespace.name]);
    let first = watching.line();
    assert!(first.contains("watching"), "{first}");
    assert!(
        first.contains("1 listener in 1 network namespace"),
        "{first}"
    );
    let _clients = fill(&namespace, address);
    let full = loop {
        let line = watching.line();
        if line.contains("queue-full") {
            break line;
        }
    };
    assert!(full.contains("[2J"), "the process is not named: {full}");
    let ended = watching.end(Signal::TERM);
    let last = ended.told.last().expect("a last line");
    assert!(last.contains("accept-queue fails"), "{last}");
    assert!(!ended.told.concat().contains('\x1b'), "{:?}", ended.told);
}

#[test]
fn a_quiet_watch_ends_after_its_readings_and_passes() {
    let namespace = Namespace::new();
    let arguments = [
        "watch",
        "--interval=10ms",
        "--count=3",
        "--format=json",
        "--netns",
    ];
    let outcome = doctor([arguments.as_slice(), &[&namespace.name]].concat()).run();
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    let last = outcome.stdout.lines().last().expect("a last line");
    let last: serde_json::Value = serde_json::from_str(last).expect("an object");
    assert_eq!(
        (&last["event"], &last["readings"]),
        (&"ended".into(), &3.into())
    );
}

#[test]
fn a_reader_that_left_ends_a_watch_in_which_nothing_happens() {
    let namespace = Namespace::new();
    let watching = Watching::objects(&["--netns", &namespace.name]);
    let ended = watching.leave();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_reader_that_left_still_gets_the_code_of_what_was_seen() {
    let namespace = Namespace::new();
    let _full = namespace.inside(|| FullListener::new(1));
    let watching = Watching::objects(&["--netns", &namespace.name]);
    assert_eq!(watching.leave().code, Some(1));
}

#[test]
fn a_namespace_that_is_not_there_is_a_mistake() {
    let outcome = doctor(["watch", "--netns", "no-such-namespace"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_gate_that_was_cut_short_does_not_pass() {
    let namespace = Namespace::new();
    let arguments = ["--netns", &namespace.name, "--count", "1000"];
    let watching = Watching::objects(&arguments);
    let ended = watching.end(Signal::TERM);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let totals = ended.totals();
    assert_eq!(totals["asked_for"], 1000);
    assert!(totals["readings"].as_u64() < Some(1000));
}

/// It hangs at a setting, which never comes out of the pipe that is mounted over it. Nothing was
/// told yet, so nothing is left to be ended in order.
#[test]
fn a_signal_ends_it_while_the_first_look_hangs() {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let pipe = directory.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).expect("a pipe");
    let script = "mount --bind \"$1\" /proc/sys/net/core/somaxconn && shift && exec \"$@\"";
    let mut child = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(&pipe)
        .arg(env!("CARGO_BIN_EXE_sockdoctor"))
        .args(["watch", "--netns=self", "--timeout=10m"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("unshare runs");
    let mut writer = None;
    until("it waits for the setting", || {
        // Without a reader it cannot be opened for writing.
        writer = open(&pipe, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).ok();
        writer.is_some()
    });
    kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal");
    let mut status = None;
    until("it ends", || {
        status = child.try_wait().expect("its end");
        status.is_some()
    });
    let signal = status.and_then(|status| status.signal());
    assert_eq!(signal, Some(Signal::TERM.as_raw()));
}

#[test]
fn a_signal_that_it_was_started_to_ignore_does_not_end_it() {
    let namespace = Namespace::new();
    let mut child = Command::new("nohup")
        .arg(env!("CARGO_BIN_EXE_sockdoctor"))
        .args(["watch", "--interval", "50ms", "--count", "10"])
        .args(["--netns", &namespace.name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("nohup starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
    lines.next().expect("it begins").expect("a line");
    kill_process(Pid::from_child(&child), Signal::HUP).expect("a signal");
    let last = lines.last().expect("an end").expect("a line");
    assert!(last.contains("10 readings"), "{last}");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
}
