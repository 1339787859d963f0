//! A watch that goes on while a test changes what it watches.

use super::doctor::doctor;
use jsonschema::Validator;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

/// A `sockdoctor watch` under way, its lines read one by one.
pub(crate) struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// What was read so far.
    pub(crate) told: Vec<String>,
}

/// What came of it.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) told: Vec<String>,
    pub(crate) stderr: String,
}

impl Watching {
    /// Starts one with readings that follow each other fast. It is killed in the end, so that a test
    /// that waits for something that never happens fails.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        // Whoever started the tests may have had SIGHUP ignored, as nohup does.
        let mut child = Command::new("env")
            .args(["--default-signal", env!("CARGO_BIN_EXE_sockdoctor")])
            .args(["watch", "--interval", "50ms"])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        kill_after(Duration::from_secs(60), &child);
        let stdout = child.stdout.take().expect("its stdout");
        Watching {
            child,
            lines: BufReader::new(stdout),
            told: Vec::new(),
        }
    }

    /// One that tells objects, begun.
    pub(crate) fn objects(arguments: &[&str]) -> Self {
        let mut watching = Watching::start(&[&["--format", "json"], arguments].concat());
        let first = watching.until(|_| true);
        assert_eq!(first["event"], "watching", "{first}");
        watching
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line).expect("a line");
        assert_ne!(length, 0, "it ended: {:#?}", self.told);
        self.told.push(line.clone());
        line
    }

    /// Waits for an object that is as `expected`, and holds that all are of a kind.
    pub(crate) fn until(&mut self, expected: impl Fn(&Value) -> bool) -> Value {
        loop {
            let object = object(&self.line());
            if expected(&object) {
                return object;
            }
        }
    }

    /// Waits until `event` happens to `address`.
    pub(crate) fn until_event(&mut self, event: &str, address: SocketAddr) -> Value {
        let address = address.to_string();
        self.until(|object| {
            object["event"] == event && object["listener"]["address"] == address.as_str()
        })
    }

    /// The reader leaves, and it ends by itself.
    pub(crate) fn leave(mut self) -> Ended {
        drop(self.lines);
        let mut stderr = String::new();
        let pipe = self.child.stderr.as_mut().expect("its stderr");
        pipe.read_to_string(&mut stderr).expect("its stderr");
        Ended {
            code: self.child.wait().expect("its end").code(),
            told: self.told,
            stderr,
        }
    }

    /// Asks it to end, and reads what it still tells.
    pub(crate) fn end(mut self, signal: Signal) -> Ended {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
        for line in self.lines.by_ref().lines() {
            self.told.push(line.expect("a line"));
        }
        self.leave()
    }
}

fn kill_after(time: Duration, child: &Child) {
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).expect("a pidfd");
    std::thread::spawn(move || {
        std::thread::sleep(time);
        // It has ended, unless something went wrong.
        let _ = pidfd_send_signal(process, Signal::KILL);
    });
}

/// What the program itself says of its lines.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = doctor(["generate", "schema-watch"]).run().stdout;
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema")
});

/// An object of the stream.
pub(crate) fn object(line: &str) -> Value {
    let object: Value = serde_json::from_str(line).expect("an object a line");
    let errors: Vec<String> = SCHEMA
        .iter_errors(&object)
        .map(|it| it.to_string())
        .collect();
    assert!(errors.is_empty(), "{line}{errors:#?}");
    assert_eq!(object["schema_version"], 1, "{line}");
    assert!(object["at"].is_string(), "{line}");
    object
}

impl Ended {
    /// The last object, held against the exit code.
    pub(crate) fn totals(&self) -> Value {
        let last = object(self.told.last().expect("a last line"));
        assert_eq!(last["event"], "ended", "{last}");
        assert_eq!(last["exit_code"], self.code.expect("an exit code"));
        last
    }

    /// How many objects tell of this event.
    pub(crate) fn number_of(&self, event: &str, address: SocketAddr) -> usize {
        let address = address.to_string();
        let objects = self.told.iter().map(|line| object(line));
        objects
            .filter(|o| o["event"] == event && o["listener"]["address"] == address.as_str())
            .count()
    }
}
