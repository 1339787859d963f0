//! Runs the program as a user would, without anything from the environment of the tests.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program with these arguments, in an ASCII locale.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockdoctor"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null());
    command
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    Ran {
        code: status.code(),
        stdout: String::from_utf8(stdout).expect("the output is UTF-8"),
        stderr: String::from_utf8(stderr).expect("the complaint is UTF-8"),
    }
}

/// A file that is gone when the test is over.
pub(crate) struct TemporaryFile {
    directory: tempfile::TempDir,
}

impl TemporaryFile {
    /// A file with this content.
    pub(crate) fn with(content: impl AsRef<[u8]>) -> Self {
        let file = TemporaryFile::absent();
        std::fs::write(file.path(), content).expect("a temporary file can be written");
        file
    }

    /// A name for a file that is not there yet.
    pub(crate) fn absent() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        TemporaryFile { directory }
    }

    /// Its path.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("facts.json")
    }

    /// Its path, as an argument.
    pub(crate) fn argument(&self) -> String {
        self.path().display().to_string()
    }

    /// The names of everything beside it, itself included.
    #[allow(dead_code)] // not every test program asks
    pub(crate) fn neighbours(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).expect("the directory is there");
        entries
            .map(|entry| entry.expect("an entry").file_name().display().to_string())
            .collect()
    }
}
