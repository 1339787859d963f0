//! gzip, xz and zstd, as the usual programs write them.

use crate::support::{SMALL, Tar, is_whole, opened, piped, read, refusal, text};
use proptest::prelude::*;
use sockdoctor::root::{Archive, READ_LIMIT};
use std::sync::LazyLock;

const PACKERS: [&[&str]; 6] = [
    &["gzip", "-1"],
    &["xz", "-0"],
    &["xz", "--block-size=4096", "--check=sha256"],
    &["zstd"],
    &["zstd", "-1", "--long=27"],
    &["zstd", "--no-check"],
];

fn root() -> Vec<u8> {
    let noise: String = (0..3000).map(|n| format!("{}\n", n * n)).collect();
    Tar::new().file("etc/a", "a").file("b", &noise).bytes()
}

#[test]
fn each_is_recognised_by_its_first_bytes() {
    for packer in PACKERS {
        let root = opened(&piped(packer, &root()));
        assert_eq!(text(&root, "/etc/a").expect("read"), "a", "{packer:?}");
        let noise = text(&root, "/b").expect("read");
        assert!(noise.ends_with("\n8994001\n"), "{packer:?}");
    }
}

#[test]
fn a_stream_in_several_parts_is_one() {
    let (tar, skipped) = (root(), b"\x50\x2a\x4d\x18\x03\0\0\0abc");
    let (start, end) = tar.split_at(1000);
    for packer in PACKERS {
        let packed = [piped(packer, start), piped(packer, end)].concat();
        assert_eq!(
            text(&opened(&packed), "/etc/a").expect("read"),
            "a",
            "{packer:?}"
        );
    }
    let zstd = [
        skipped,
        &*piped(&["zstd"], start),
        skipped,
        &*piped(&["zstd"], end),
    ]
    .concat();
    assert_eq!(text(&opened(&zstd), "/etc/a").expect("read"), "a");
}

/// Held against the programs themselves: `gzip -t`, `xz -t` and `zstd -t`.
#[test]
fn what_follows_a_stream_is_taken_where_its_program_takes_it() {
    let zeros = |number| vec![0; number];
    for packer in ["gzip", "xz", "zstd"] {
        let stream = piped(&[packer], &root());
        let taken_of = |rest: &[u8]| {
            let packed = [&*stream, rest].concat();
            let taken = read(&packed).is_ok();
            assert_eq!(taken, is_whole(packer, &packed), "{packer}: {rest:?}");
            if !taken {
                let refused = refusal(&packed);
                let words = ["is damaged at ", "is cut off "];
                assert!(
                    words.iter().any(|word| refused.starts_with(word)),
                    "{refused}"
                );
            }
            taken
        };
        let taken = [1, 4, 10_240, 300_000].map(|number| taken_of(&zeros(number)));
        let expected = match packer {
            "gzip" => [true; 4],
            "xz" => [false, true, true, true],
            _ => [false; 4],
        };
        assert_eq!(taken, expected, "{packer}");
        assert!(!taken_of(b"x"), "{packer}");
        assert!(!taken_of(&[&*zeros(300_000), b"x"].concat()), "{packer}");
        let again = taken_of(&[&*zeros(8), &stream].concat());
        assert_eq!(again, packer == "xz", "{packer}");
    }
    assert!(refusal(&[&b"\x1f\x8b"[..], &zeros(512)].concat()).starts_with("is damaged"));
}

#[test]
fn a_stream_cut_off_anywhere_is_refused_even_after_the_end_mark_of_the_tar() {
    for packer in PACKERS {
        let packed = piped(packer, &root());
        for length in [packed.len() - 1, packed.len() - 5, packed.len() / 2] {
            let refused = refusal(&packed[..length]);
            assert!(refused.starts_with("is cut off "), "{packer:?}: {refused}");
        }
    }
}

#[test]
fn a_wrong_checksum_is_seen() {
    for (packer, from_end) in [("gzip", 5), ("xz", 30), ("zstd", 2)] {
        let mut packed = piped(&[packer], &root());
        let at = packed.len() - from_end;
        packed[at] ^= 0x55;
        let refused = refusal(&packed);
        assert!(refused.starts_with("is damaged"), "{packer:?}: {refused}");
    }
}

#[test]
fn a_stream_that_wants_too_much_memory_is_refused() {
    let xz = piped(&["xz", "--lzma2=preset=0,dict=1GiB"], &root());
    let expected = "is refused: it has an xz stream that needs more than 192 MiB of memory";
    assert_eq!(refusal(&xz), expected);
    let zstd = piped(&["zstd", "-1", "--long=28"], &root());
    let expected = "is refused: it has a zstd window of more than 134217728 bytes";
    assert_eq!(refusal(&zstd), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_change_is_read_or_refused(which in 0..PACKERS.len(), at: usize, byte: u8) {
        static PACKED: LazyLock<Vec<Vec<u8>>> =
            LazyLock::new(|| PACKERS.iter().map(|packer| piped(packer, &root())).collect());
        let mut packed = PACKED[which].clone();
        let at = at % packed.len();
        packed[at] = byte;
        let _ = read(&packed);
    }

    #[test]
    fn any_bytes_after_the_magic_are_refused(
        magic in prop::sample::select(vec![&b"\x1f\x8b"[..], b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"]),
        bytes: Vec<u8>,
    ) {
        let packed = [magic, &*bytes].concat();
        prop_assert!(Archive::read(&*packed, |_| Some(READ_LIMIT), SMALL).is_err());
    }
}
