//! Roots for tests: directories that look like a machine.

use crate::root::Directory;
use std::path::Path;
use tempfile::TempDir;

/// A root with these files.
pub(super) fn root(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a directory");
    for (path, text) in files {
        write(root.path(), path, text);
    }
    root
}

/// The same, as probes read it.
pub(super) fn opened(root: &TempDir) -> Directory {
    Directory::open(root.path()).expect("a root")
}

/// Writes a file under `root`, and the directories that it lies in.
pub(super) fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::fs::write(path, text).expect("a file");
}
