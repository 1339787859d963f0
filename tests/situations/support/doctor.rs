//! Runs the real program: through other programs, as another user, with other streams.

use super::programs::install;
use super::report::Report;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sockdoctor");

/// One run of the program, being prepared.
pub(crate) struct Doctor {
    launchers: Vec<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdout: Stdio,
    /// Runs on the thread that starts the program, which inherits what it changes.
    before: Box<dyn FnOnce() + Send>,
    /// A copy of the program that anybody may run.
    copy: Option<TempDir>,
}

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run with these arguments.
pub(crate) fn doctor<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Doctor {
    assert!(
        rustix::process::geteuid().is_root(),
        "these tests need root: use tests/run"
    );
    Doctor {
        launchers: Vec::new(),
        arguments: owned(arguments),
        environment: Vec::new(),
        stdout: Stdio::piped(),
        before: Box::new(|| ()),
        copy: None,
    }
}

/// `sockdoctor check --format json` with these further arguments.
pub(crate) fn check<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Doctor {
    doctor(["check", "--format", "json"].into_iter().chain(arguments))
}

fn owned<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Vec<OsString> {
    words.into_iter().map(|w| w.as_ref().to_owned()).collect()
}

impl Doctor {
    /// Started by `launcher`, which is started by the launchers given before.
    pub(crate) fn through<S: AsRef<OsStr>>(
        mut self,
        launcher: impl IntoIterator<Item = S>,
    ) -> Self {
        self.launchers.extend(owned(launcher));
        self
    }

    /// Started by a shell, after `script`.
    pub(crate) fn after(self, script: &str) -> Self {
        self.through(["sh", "-c", &format!("{script} exec \"$@\""), "sh"])
    }

    /// As a user without any privilege.
    pub(crate) fn by_nobody(mut self) -> Self {
        self.copy = Some(copy_for_anybody());
        self.through([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ])
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = stdout.into();
        self
    }

    pub(crate) fn before(mut self, change: impl FnOnce() + Send + 'static) -> Self {
        self.before = Box::new(change);
        self
    }

    /// Runs it. However hard the situation, it must end by itself, with an exit code of its
    /// own and without a panic.
    pub(crate) fn run(self) -> Outcome {
        let output = std::thread::spawn(|| self.output())
            .join()
            .expect("the situation could not be made");
        Outcome::new(&output)
    }

    /// Runs it and reads its JSON.
    pub(crate) fn report(self) -> Report {
        self.run().report()
    }

    fn output(self) -> Output {
        let program = match &self.copy {
            Some(directory) => directory.path().join("sockdoctor"),
            None => PROGRAM.into(),
        };
        (self.before)();
        // `timeout` ends a run that hangs with a code that the program itself never uses.
        Command::new("/usr/bin/timeout")
            .args(["--kill-after=5", "120"])
            .args(self.launchers)
            .arg(program)
            .args(self.arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(self.environment)
            .stdin(Stdio::null())
            .stdout(self.stdout)
            .stderr(Stdio::piped())
            .output()
            .expect("timeout runs")
    }
}

impl Outcome {
    fn new(output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(!stderr.contains("panicked"), "{stderr}");
        let stdout = String::from_utf8(output.stdout.clone()).expect("stdout is UTF-8");
        // The words of `Why::Panicked`.
        assert!(!stdout.contains("the probe failed"), "{stdout}");
        assert!(
            matches!(code, Some(0..=4)),
            "{:?} is no exit code of sockdoctor: {stderr}",
            output.status
        );
        Outcome {
            code: code.expect("an exit code"),
            stdout,
            stderr,
        }
    }

    /// The JSON report that it printed.
    pub(crate) fn report(&self) -> Report {
        Report::parse(self)
    }
}

/// The target folder may be closed to other users.
fn copy_for_anybody() -> TempDir {
    let directory = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .expect("a temporary folder");
    install(PROGRAM, directory.path().join("sockdoctor"));
    directory
}
