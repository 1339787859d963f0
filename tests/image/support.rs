//! Folders and tars for the tests, made by the tools that people use or by hand.

use sockdoctor::root::{Archive, Limits, READ_LIMIT, Refused, Root};
use std::fs::Permissions;
use std::io::{self, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// Limits that a test reaches in no time.
pub(crate) const SMALL: Limits = Limits {
    members: 1000,
    steps: 20_000,
    kept: 1 << 20,
    stream: 64 << 20,
    ratio: 50,
    ratio_from: 1 << 20,
};

/// Reads a tar stream and keeps all contents.
pub(crate) fn read(tar: &[u8]) -> Result<Archive, Refused> {
    Archive::read(tar, |_| Some(READ_LIMIT), SMALL)
}

/// Reads one that is fine.
pub(crate) fn opened(tar: &[u8]) -> Archive {
    read(tar).expect("an archive")
}

/// The line that a refused archive gives.
pub(crate) fn refusal(tar: &[u8]) -> String {
    read(tar).expect_err("refused").to_string()
}

/// A file as text.
pub(crate) fn text(root: &dyn Root, path: &str) -> io::Result<String> {
    let bytes = root.read(Path::new(path))?;
    Ok(String::from_utf8(bytes).expect("text"))
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(&path, text).expect("a file");
        if path
            .parent()
            .is_some_and(|parent| parent.ends_with("bin") || parent.ends_with("sbin"))
        {
            std::fs::set_permissions(path, Permissions::from_mode(0o755)).expect("a program");
        }
    }
    folder
}

/// `tar --create OPTIONS .` of a folder.
pub(crate) fn tar(folder: &Path, options: &[&str]) -> Vec<u8> {
    let mut command = Command::new("tar");
    command.current_dir(folder).arg("--create").args(options);
    let output = command.arg(".").output().expect("tar");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// What a program such as `xz` makes of these bytes.
pub(crate) fn piped(program: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program is installed");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes).expect("written"));
    let output = child.wait_with_output().expect("output");
    writer.join().expect("written");
    assert!(output.status.success());
    output.stdout
}

/// Whether a packer finds nothing wrong with these bytes.
pub(crate) fn is_whole(packer: &str, bytes: &[u8]) -> bool {
    let mut packed = tempfile::tempfile().expect("a file");
    packed.write_all(bytes).expect("written");
    packed.rewind().expect("at its start");
    let mut test = Command::new(packer);
    let output = test.arg("-t").stdin(packed).output().expect("installed");
    output.status.success()
}

/// A tar made by hand: names are taken as they are.
pub(crate) struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub(crate) fn new() -> Self {
        Tar(Builder::new(Vec::new()))
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.entry(EntryType::Regular, name, "", text.as_bytes())
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.entry(EntryType::Directory, name, "", b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name, target, b"")
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name, target, b"")
    }

    pub(crate) fn entry(self, kind: EntryType, name: &str, target: &str, contents: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(contents.len() as u64);
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..target.len()].copy_from_slice(target.as_bytes());
        self.raw(header, contents)
    }

    pub(crate) fn raw(mut self, mut header: Header, contents: &[u8]) -> Self {
        header.set_mode(0o755);
        header.set_cksum();
        self.0.append(&header, contents).expect("appended");
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("a tar")
    }
}
