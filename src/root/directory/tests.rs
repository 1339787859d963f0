use super::*;
use rustix::fs::{CWD, mknodat};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)], links: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
    for (link, target) in links {
        symlink(target, folder.path().join(link)).expect("a link");
    }
    folder
}

fn opened(folder: &TempDir) -> Directory {
    Directory::open(folder.path()).expect("opened")
}

fn kind_of_error<T: std::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.expect_err("an error").kind()
}

#[test]
fn links_end_inside_the_root() {
    let folder = folder(
        &[("etc/a", "inside")],
        &[
            ("absolute", "/etc/a"),
            ("up", "../../../../etc/a"),
            ("etc/twice", "../absolute"),
        ],
    );
    let root = opened(&folder);
    for link in ["/absolute", "/up", "/etc/twice", "/../etc/../up"] {
        let path = Path::new(link);
        assert_eq!(root.read(path).expect("read"), b"inside");
        assert_eq!(root.real_path(path).expect("resolved"), Path::new("/etc/a"));
    }
}

#[test]
fn a_folder_is_reached_through_links_too() {
    let folder = folder(
        &[("usr/lib/modules/6.1/a", "")],
        &[("lib", "usr/lib"), ("all", "/")],
    );
    let root = opened(&folder);
    let path = Path::new("/all/lib/modules/6.1");
    assert_eq!(
        root.real_path(path).expect("resolved"),
        Path::new("/usr/lib/modules/6.1")
    );
    let entries = root.list(path).expect("listed");
    let name = "a".into();
    let kind = Kind::File;
    assert_eq!(entries, [Entry { name, kind }]);
    assert_eq!(
        root.kind(Path::new("/lib")).expect("there"),
        Kind::Directory
    );
}

#[test]
fn links_in_a_circle_end_with_an_error() {
    let folder = folder(&[], &[("a", "b"), ("b", "a")]);
    let error = opened(&folder).kind(Path::new("/a")).expect_err("a loop");
    assert_eq!(error.raw_os_error(), Some(Errno::LOOP.raw_os_error()));
}

#[test]
fn a_link_to_nothing_is_not_there() {
    let folder = folder(&[], &[("a", "/nowhere")]);
    let root = opened(&folder);
    assert_eq!(
        kind_of_error(root.kind(Path::new("/a"))),
        ErrorKind::NotFound
    );
    let kind = Kind::Link;
    let name = "a".into();
    assert_eq!(
        root.list(Path::new("/")).expect("listed"),
        [Entry { name, kind }]
    );
}

#[test]
fn a_way_through_a_file_is_an_error_and_not_absence() {
    let folder = folder(&[("etc", "no folder")], &[]);
    let root = opened(&folder);
    let kind = kind_of_error(root.list(Path::new("/etc/sysctl.d")));
    assert_eq!(kind, ErrorKind::NotADirectory);
    assert_eq!(
        kind_of_error(root.list(Path::new("/etc"))),
        ErrorKind::NotADirectory
    );
}

#[test]
fn devices_and_pipes_are_never_opened() {
    let folder = folder(&[], &[]);
    let nodes = [
        (
            "null",
            FileType::CharacterDevice,
            rustix::fs::makedev(1, 3),
            Kind::CharacterDevice,
        ),
        ("pipe", FileType::Fifo, 0, Kind::Other),
        (
            "disk",
            FileType::BlockDevice,
            rustix::fs::makedev(7, 200),
            Kind::Other,
        ),
    ];
    let root = opened(&folder);
    for (name, file_type, device, kind) in nodes {
        let mode = Mode::RUSR;
        mknodat(CWD, folder.path().join(name), file_type, mode, device).expect("a node");
        let path = Path::new("/").join(name);
        assert_eq!(root.kind(&path).expect("there"), kind);
        assert_eq!(kind_of_error(root.read(&path)), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_file_above_the_limit_is_refused() {
    let folder = folder(&[("a", "")], &[]);
    let file = File::options()
        .write(true)
        .open(folder.path().join("a"))
        .expect("a file");
    file.set_len(READ_LIMIT as u64).expect("long");
    let root = opened(&folder);
    assert_eq!(root.read(Path::new("/a")).expect("read").len(), READ_LIMIT);
    file.set_len(READ_LIMIT as u64 + 1).expect("longer");
    assert_eq!(
        kind_of_error(root.read(Path::new("/a"))),
        ErrorKind::FileTooLarge
    );
}

#[test]
fn what_is_deeper_than_any_real_tree_is_refused() {
    let folder = folder(&[], &[]);
    let deep = "d/".repeat(super::super::walk::DEPTH);
    std::fs::create_dir_all(folder.path().join(&deep).join("d")).expect("folders");
    let root = opened(&folder);
    let path = Path::new("/").join(deep);
    assert_eq!(root.list(&path).expect("listed").len(), 1);
    let error = root.list(&path.join("d")).expect_err("too deep");
    assert_eq!(
        error.raw_os_error(),
        Some(Errno::NAMETOOLONG.raw_os_error())
    );
}
