//! Programs that tests put together.

use std::path::Path;
use std::process::Command;

/// Copies the program `from` to `to`. Another process writes it: a descriptor open for writing
/// here could be inherited by a child of another test just then, and the kernel runs no file
/// that is open for writing (ETXTBSY).
pub(crate) fn install(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    let status = Command::new("install")
        .arg("--mode=755")
        .args([from.as_ref(), to.as_ref()])
        .status()
        .expect("install runs");
    assert!(status.success(), "install: {status}");
}

/// Makes `text` a program at `path`.
#[allow(dead_code)] // not every test program has scripts
pub(crate) fn script(path: &Path, text: &str) {
    let source = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(source.path(), text).expect("the script");
    install(source.path(), path);
}
