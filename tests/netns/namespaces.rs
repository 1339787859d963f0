//! Real namespaces, cleaned up whatever happens.

pub(crate) use crate::guards::Namespace as Netns;

use crate::guards::inside;
use sockdoctor::netns::{Found, Selector, discover};
use sockdoctor::probes::MayAsk;
use sockdoctor::probes::namespaces::{Visit, collect};
use sockdoctor::runner::Deadline;
use sockdoctor_checks::facts::{Fact, Namespace, Topic};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Sets a sysctl in a namespace of `ip netns`.
pub(crate) fn set(netns: &str, key: &str, value: u32) {
    let path = format!("/proc/sys/net/{key}");
    inside(netns, || std::fs::write(path, value.to_string())).expect("a sysctl");
}

pub(crate) fn selector(netns: &Netns) -> Selector {
    Selector::Name(netns.name.clone())
}

/// A process that sits in namespaces of its own until it is dropped.
pub(crate) struct Resident(Child);

impl Resident {
    /// `unshare` with these options.
    pub(crate) fn unshared(options: &str) -> Self {
        let mut child = Command::new("unshare")
            .args([options, "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare");
        let stdin = child.stdin.as_mut().expect("piped");
        stdin.write_all(b"here\n").expect("cat reads");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "here\n", "unshare {options} failed");
        Resident(child)
    }

    /// A process in a network namespace of its own whose first thread has ended.
    pub(crate) fn whose_first_thread_has_ended() -> Self {
        let script = format!(
            "import ctypes, sys, threading\n\
             threading.Thread(target=sys.stdin.read).start()\n\
             ctypes.CDLL(None).syscall({}, 0)",
            libc::SYS_exit
        );
        let child = Command::new("unshare")
            .args(["-n", "python3", "-c", &script])
            .stdin(Stdio::piped())
            .spawn()
            .expect("unshare");
        let status = format!("/proc/{}/stat", child.id());
        while !std::fs::read_to_string(&status).is_ok_and(|stat| stat.contains(") Z ")) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Resident(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What these selectors find, gaps apart.
pub(crate) fn found(selectors: &[Selector]) -> Vec<Found> {
    match discover(selectors).expect("they are there") {
        Fact::Known(found) | Fact::Partial { value: found, .. } => found,
        Fact::Missing(gap) => panic!("{gap}"),
    }
}

pub(crate) fn everything() -> Visit {
    Visit {
        topics: Topic::Listeners
            | Topic::UnixListeners
            | Topic::Counters
            | Topic::Somaxconn
            | Topic::TcpSysctls,
        may_ask: MayAsk::ANYTHING,
        sample: None,
        iterators: false,
        cookies: false,
    }
}

pub(crate) fn visited(found: Vec<Found>, visit: &Visit) -> Vec<Namespace> {
    let deadline = Deadline::after(Duration::from_secs(60));
    collect(found, visit, deadline)
}

/// The identity of the calling thread's namespace.
pub(crate) fn here() -> String {
    let link = std::fs::read_link("/proc/thread-self/ns/net").expect("our namespace");
    link.display().to_string()
}
