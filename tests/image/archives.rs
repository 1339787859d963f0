//! What tar makes is read as tar would unpack it.

use crate::support::{Tar, folder, opened, refusal, tar, text};
use sockdoctor::root::{Archive, Entry, Kind, Limits, READ_LIMIT, Root};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn every_format_of_tar_tells_the_same_tree() {
    let long = format!("usr/{}/{}", "d".repeat(120), "f".repeat(200));
    let folder = folder(&[("usr/lib/os-release", "ID=x\n"), (&long, "long")]);
    let inside = |path: &str| folder.path().join(path);
    symlink("/usr/lib", inside("lib")).expect("a link");
    symlink("t".repeat(150), inside("far")).expect("a link");
    std::fs::hard_link(inside("usr/lib/os-release"), inside("same")).expect("a link");
    for format in ["gnu", "oldgnu", "posix"] {
        let root = opened(&tar(folder.path(), &[&format!("--format={format}")]));
        let path = Path::new("/lib/../lib/os-release");
        let real = root.real_path(path).expect("resolved");
        assert_eq!(real, Path::new("/usr/lib/os-release"), "{format}");
        assert_eq!(text(&root, "/same").expect("read"), "ID=x\n", "{format}");
        let long = format!("/{long}");
        assert_eq!(text(&root, &long).expect("read"), "long", "{format}");
        let far = root.kind(Path::new("/far")).expect_err("a link to nothing");
        assert_eq!(far.kind(), ErrorKind::NotFound, "{format}");
        let mut names = root.list(Path::new("/")).expect("listed");
        names.sort();
        let entry = |name: &str, kind| Entry {
            name: name.into(),
            kind,
        };
        let expected = [
            entry("far", Kind::Link),
            entry("lib", Kind::Link),
            entry("same", Kind::File),
            entry("usr", Kind::Directory),
        ];
        assert_eq!(names, expected, "{format}");
    }
}

#[test]
fn ten_gigabytes_of_hole_cost_nothing_and_what_follows_is_read() {
    let folder = folder(&[("etc/a", "a"), ("z", "after")]);
    let big = File::create(folder.path().join("etc/sparse")).expect("a file");
    big.set_len(10 << 30).expect("long");
    let pieces = File::create(folder.path().join("etc/pieces")).expect("a file");
    for piece in 0..40 {
        use std::os::unix::fs::FileExt;
        pieces.write_at(b"x", piece << 20).expect("written");
    }
    for format in [
        &["--format=gnu"][..],
        &["--format=posix", "--sparse-version=0.0"],
        &["--format=posix", "--sparse-version=0.1"],
        &["--format=posix", "--sparse-version=1.0"],
    ] {
        let tar = tar(
            folder.path(),
            &[&["--sparse", "--sort=name"], format].concat(),
        );
        assert!(tar.len() < 1 << 20);
        let root = opened(&tar);
        for name in ["/etc/sparse", "/etc/pieces"] {
            assert_eq!(root.kind(Path::new(name)).expect("there"), Kind::File);
            let error = text(&root, name).expect_err("not read");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
        assert_eq!(text(&root, "/z").expect("read"), "after");
    }
}

#[test]
fn only_what_matters_is_kept_and_the_rest_is_there_by_name() {
    let tar = Tar::new().file("./etc/a", "a").file("./b", "b").bytes();
    let etc_only = |path: &Path| path.starts_with("/etc").then_some(READ_LIMIT);
    let root = Archive::read(&*tar, etc_only, Limits::DEFAULT).expect("an archive");
    assert_eq!(text(&root, "/etc/a").expect("read"), "a");
    assert_eq!(root.kind(Path::new("/b")).expect("there"), Kind::File);
    let error = text(&root, "/b").expect_err("not kept");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn the_last_of_two_members_wins_and_a_directory_keeps_what_it_holds() {
    let tar = Tar::new()
        .file("etc/a", "old")
        .file("etc/b", "b")
        .directory("etc/");
    let tar = tar.file("./etc/a", "new").link("etc/b", "a").bytes();
    let root = opened(&tar);
    assert_eq!(text(&root, "/etc/a").expect("read"), "new");
    assert_eq!(text(&root, "/etc/b").expect("read"), "new");
}

#[test]
fn a_member_below_a_link_lands_where_the_link_leads() {
    let tar = Tar::new().directory("usr/lib").link("lib", "usr/lib");
    let root = opened(&tar.file("lib/modules/a", "a").bytes());
    assert_eq!(text(&root, "/usr/lib/modules/a").expect("read"), "a");
}

#[test]
fn devices_and_pipes_are_what_they_are_and_are_not_read() {
    let tar = Tar::new().entry(tar::EntryType::Char, "dev/null", "", b"");
    let root = opened(&tar.entry(tar::EntryType::Fifo, "pipe", "", b"").bytes());
    let kind = |path: &str| root.kind(Path::new(path)).expect("there");
    assert_eq!(kind("/dev/null"), Kind::CharacterDevice);
    assert_eq!(kind("/pipe"), Kind::Other);
    let error = text(&root, "/dev/null").expect_err("no file");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn layers_of_a_container_image_are_no_root() {
    let saved = Tar::new().file("manifest.json", "[]").directory("blobs/");
    assert!(refusal(&saved.bytes()).contains("docker export"));
    let layout = Tar::new().file("oci-layout", "{}").file("index.json", "{}");
    assert!(refusal(&layout.bytes()).contains("docker export"));
    let root = Tar::new().file("manifest.json", "[]").directory("etc/");
    assert!(crate::support::read(&root.bytes()).is_ok());
}
