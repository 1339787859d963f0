//! What was made to harm: it stays inside the root, or one line says what is wrong.

use crate::support::{SMALL, Tar, opened, piped, read, refusal, text};
use proptest::prelude::*;
use sockdoctor::root::{Archive, Root};
use std::path::Path;
use tar::{EntryType, Header};

#[test]
fn names_that_go_up_or_begin_at_the_root_stay_inside() {
    let tar = Tar::new()
        .file("../../etc/up", "up")
        .file("/etc/absolute", "absolute");
    let tar = tar.link("out", "../../../etc").link("abs", "/etc");
    let root = opened(&tar.file("out/through", "through").bytes());
    for (path, expected) in [
        ("/etc/up", "up"),
        ("/abs/absolute", "absolute"),
        ("/etc/through", "through"),
        ("/out/../../../out/up", "up"),
    ] {
        assert_eq!(text(&root, path).expect("read"), expected);
    }
}

#[test]
fn a_loop_of_links_ends() {
    let tar = Tar::new().link("a", "b").link("b", "a").file("c", "c");
    let root = opened(&tar.bytes());
    assert!(root.read(Path::new("/a")).is_err());
    assert_eq!(text(&root, "/c").expect("read"), "c");
    let through = Tar::new().link("a", "a").file("a/b", "b").bytes();
    assert!(refusal(&through).starts_with("is damaged at a/b: its name leads nowhere"));
}

#[test]
fn a_directory_that_holds_something_gives_its_place_to_nothing() {
    let etc = || {
        Tar::new()
            .file("etc/modprobe.d/cis.conf", "blacklist x")
            .file("a", "")
    };
    for tar in [
        etc().link("etc/modprobe.d", "/nowhere"),
        etc().file("etc/modprobe.d", ""),
        etc().hard_link("etc/modprobe.d", "a"),
    ] {
        let refused = refusal(&tar.bytes());
        assert!(refused.contains("holds files"), "{refused}");
    }
    let empty = Tar::new().directory("etc/x/").link("etc/x", "/nowhere");
    assert!(opened(&empty.bytes()).kind(Path::new("/etc/x")).is_err());
}

#[test]
fn a_hard_link_to_nothing_or_to_a_directory_is_refused() {
    for target in ["gone", "etc", "../../etc/passwd"] {
        let tar = Tar::new().directory("etc/").hard_link("a", target);
        let expected = "is damaged at a: a hard link to what is not in the archive";
        assert_eq!(refusal(&tar.bytes()), expected);
    }
}

#[test]
fn a_file_is_no_directory_to_put_others_in() {
    let tar = Tar::new().file("etc", "a file").file("etc/a", "a").bytes();
    assert!(refusal(&tar).starts_with("is damaged at etc/a: "));
}

#[test]
fn what_is_no_archive_is_called_so() {
    let zeros = vec![0; 4096];
    assert_eq!(refusal(&zeros), "is a tar archive of nothing");
    for bytes in [&b""[..], b"#!/bin/sh\n", &[b'x'; 4096], b"PK\x03\x04"] {
        let expected = "is no tar archive, plain or in gzip, xz or zstd";
        assert_eq!(refusal(bytes), expected);
    }
}

#[test]
fn an_archive_cut_off_anywhere_is_refused() {
    let whole = Tar::new()
        .file("etc/a", &"a".repeat(700))
        .directory("b")
        .bytes();
    let end_mark = whole.len() - 1024;
    for length in (0..=end_mark).step_by(64) {
        assert!(read(&whole[..length]).is_err(), "{length} bytes");
    }
    let expected = "is cut off after the header of etc/a";
    assert_eq!(refusal(&whole[..600]), expected);
    let expected = "is cut off after the header of b";
    assert_eq!(refusal(&whole[..end_mark]), expected);
}

#[test]
fn a_damaged_header_is_named_by_the_member_before_it() {
    let mut tar = Tar::new().file("etc/a", "a").file("etc/b", "b").bytes();
    tar[1024] ^= 1;
    let expected = "is damaged at etc/a: the next header has a wrong checksum";
    assert_eq!(refusal(&tar), expected);
}

#[test]
fn a_header_that_claims_a_huge_name_holds_no_memory() {
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(1 << 33);
        let tar = Tar::new().raw(header, b"").bytes();
        assert_eq!(
            refusal(&tar),
            "is refused: it has a header of more than 1048576 bytes"
        );
    }
}

#[test]
fn a_name_longer_than_a_kernel_takes_is_refused() {
    let long = |length: usize| "n/".repeat(length / 2).into_bytes();
    let tar = |name: &[u8]| Tar::new().entry(EntryType::GNULongName, "x", "", name);
    let refused = |name: &[u8]| refusal(&tar(name).file("x", "").bytes());
    let expected = "is refused: it has a name of more than 4096 bytes";
    assert_eq!(refused(&long(5000)), expected);
    let expected = "is refused: it has a name of more than 255 bytes";
    assert_eq!(refused(&[b'n'; 300]), expected);
    assert!(
        refused(&long(1024)).contains("its name leads nowhere"),
        "too deep"
    );
}

#[test]
fn too_many_members_end_it() {
    let many = (0..=SMALL.members).fold(Tar::new(), |tar, n| tar.file(&n.to_string(), ""));
    let expected = "is refused: it has more than 1000 members";
    assert_eq!(refusal(&many.bytes()), expected);
    let same = (0..=SMALL.members).fold(Tar::new(), |tar, _| tar.file("a", ""));
    assert_eq!(refusal(&same.bytes()), expected);
    let linked = Tar::new().file("a", "");
    let linked = (0..=SMALL.members).fold(linked, |tar, n| tar.hard_link(&n.to_string(), "a"));
    assert_eq!(refusal(&linked.bytes()), expected);
}

#[test]
fn a_short_archive_that_is_a_long_walk_ends() {
    let around = Tar::new().link("a", &"b/../".repeat(19));
    let tar = (0..100).fold(around, |tar, _| tar.file("a/a/a/a/c", ""));
    let expected = "is refused: it has more than 20000 steps on the way to its members";
    assert_eq!(refusal(&tar.bytes()), expected);
}

#[test]
fn too_much_that_matters_ends_it() {
    let text = "x".repeat(SMALL.kept / 4);
    let tar = (0..4).fold(Tar::new(), |tar, n| tar.file(&n.to_string(), &text));
    let expected = "is refused: it has more than 1048576 bytes of names and contents that matter";
    assert_eq!(refusal(&tar.bytes()), expected);
}

#[test]
fn bombs_end_early() {
    let bomb = Tar::new().file("bomb", &"\0".repeat(4 << 20)).bytes();
    for program in [&["gzip"][..], &["xz", "-1"], &["zstd"]] {
        let packed = piped(program, &bomb);
        let refused = Archive::read(&*packed, |_| None, SMALL).expect_err("refused");
        let expected = "is refused: it has more than 50 times its compressed size in tar";
        assert_eq!(refused.to_string(), expected, "{program:?}");
    }
}

#[test]
fn a_stream_that_never_ends_is_ended() {
    let mut header = Header::new_gnu();
    header.set_path("endless").expect("a name");
    header.set_size(1 << 40);
    header.set_cksum();
    let endless = std::io::Read::chain(&header.as_bytes()[..], std::io::repeat(0));
    let refused = Archive::read(endless, |_| None, SMALL).expect_err("refused");
    let expected = "is refused: it has more than 67108864 bytes of tar";
    assert_eq!(refused.to_string(), expected);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_change_of_an_archive_is_read_or_refused(
        changes in proptest::collection::vec((0usize..6144, any::<u8>()), 1..20),
        mend: bool,
    ) {
        let mut tar = Tar::new().entry(EntryType::XHeader, "p", "", b"11 path=/a\n").file("b", "b")
            .entry(EntryType::GNULongName, "l", "", b"long\0").link("c", "d")
            .entry(EntryType::GNUSparse, "s", "", b"s").bytes();
        for (at, byte) in changes {
            let at = at % tar.len();
            tar[at] = byte;
        }
        if mend {
            for block in tar.chunks_exact_mut(512) {
                let mut header = Header::from_byte_slice(block).clone();
                header.set_cksum();
                block.copy_from_slice(header.as_bytes());
            }
        }
        let _ = read(&tar);
    }
}
