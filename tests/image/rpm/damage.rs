//! Databases that were damaged or made up: nothing in them panics, takes long, or makes a file that
//! of another package.

use super::{OF_THE_KERNEL, image, made::made};
use proptest::prelude::*;
use proptest::sample::Index;
use sockdoctor::image::{open, owners};
use sockdoctor_checks::facts::{Fact, OwnedFile};
use std::path::PathBuf;

const ASKED: [&str; 4] = [
    super::MODULE,
    "/etc/modprobe.d/hardening.conf",
    "/opt/small7",
    "/opt/gone/a-file-7",
];

fn asked(name: &str, database: &[u8]) -> Fact<Vec<OwnedFile>> {
    let image = image(&[(&format!("var/lib/rpm/{name}"), database)]);
    let root = open(image.path()).expect("opened");
    owners(&*root, &ASKED.map(PathBuf::from))
}

/// Every owner that is named is one.
fn holds(packages: &Fact<Vec<OwnedFile>>) -> Result<(), TestCaseError> {
    let found = packages.value().map(|_| crate::inventory::lines(packages));
    for line in found.iter().flatten() {
        prop_assert!(made().files.contains(line), "{line}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_database_that_is_cut_off_is_a_gap(at in any::<Index>(), format in 0..4_usize) {
        let (name, database) = made().all()[format];
        let packages = asked(name, &database[..at.index(database.len())]);
        holds(&packages)?;
        prop_assert!(!packages.gaps().is_empty());
    }

    #[test]
    fn flipped_bits_make_no_other_owner(
        at in any::<Index>(),
        bit in 0..8_u8,
        format in 0..4_usize,
    ) {
        let (name, database) = made().all()[format];
        let mut damaged = database.to_vec();
        damaged[at.index(database.len())] ^= 1 << bit;
        holds(&asked(name, &damaged))?;
    }

    /// Most of a database is text. Its structure is in the first bytes of its pages.
    #[test]
    fn damaged_structure_makes_no_other_owner(
        page in any::<Index>(),
        damage in prop::collection::vec((0..64_usize, any::<u8>()), 1..4),
        format in 0..4_usize,
    ) {
        let (name, database) = made().all()[format];
        let mut damaged = database.to_vec();
        let start = 4096 * page.index(database.len() / 4096);
        for (at, byte) in damage {
            damaged[start + at] = byte;
        }
        holds(&asked(name, &damaged))?;
    }

    #[test]
    fn anything_after_the_first_bytes_is_read_without_harm(
        head in 0..600_usize,
        rest in prop::collection::vec(any::<u8>(), 0..9000),
        format in 0..4_usize,
    ) {
        let (name, database) = made().all()[format];
        let bytes = [&database[..head], &rest].concat();
        let packages = asked(name, &bytes);
        prop_assert!(packages.value().is_none_or(Vec::is_empty));
    }
}

/// One page of 64 KiB, whose rows lie on one another: together they have 300 MB.
#[test]
fn rows_are_no_more_than_the_file() {
    let mut page = vec![0; 65536];
    page[..100].copy_from_slice(&made().sqlite[..100]);
    page[16..18].copy_from_slice(&[0, 1]);
    page[28..32].copy_from_slice(&[0, 0, 0, 1]);
    page[32..40].fill(0);
    page[100] = 13;
    let rows = 5000_u16;
    page[103..105].copy_from_slice(&rows.to_be_bytes());
    for row in 0..rows {
        let cell = 10_200 + 5 * row;
        let at = 108 + 2 * usize::from(row);
        page[at..at + 2].copy_from_slice(&cell.to_be_bytes());
        // 30 000 bytes, and a key that grows.
        let [high, low] = [(row >> 7) as u8 | 0x80, row as u8 & 0x7f];
        let at = usize::from(cell);
        page[at..at + 5].copy_from_slice(&[0x81, 0xea, 0x30, high, low]);
    }
    let gap = asked("rpmdb.sqlite", &page).gaps()[0].to_string();
    assert!(
        gap.ends_with("a row that is larger than it may be"),
        "{gap}"
    );
}

/// The table of packages begins on page 2, which has the number of its last page at byte 8.
#[test]
fn a_page_that_is_in_use_or_free_is_no_page_of_packages() {
    let free = <[u8; 4]>::try_from(&made().sqlite[32..36]).expect("a number");
    assert_ne!(
        free, [0; 4],
        "the package that was removed leaves pages behind"
    );
    for page in [[0, 0, 0, 2], free] {
        let mut looped = made().sqlite.clone();
        looped[4096 + 8..4096 + 12].copy_from_slice(&page);
        let packages = asked("rpmdb.sqlite", &looped);
        let gap = packages.gaps()[0].to_string();
        let page = u32::from_be_bytes(page);
        assert!(
            gap.ends_with(&format!("two references to page {page}")),
            "{gap}"
        );
    }
}

#[test]
fn a_row_is_read_once() {
    let mut doubled = made().sqlite.clone();
    let number = |at: usize| usize::from(u16::from_be_bytes([doubled[at], doubled[at + 1]]));
    // The first cell of page 2 begins with the number of a leaf.
    let first = 4096 + number(4096 + 12);
    let leaf = 4096 * (number(first + 2) - 1);
    assert_eq!(doubled[leaf], 13);
    doubled.copy_within(leaf + 8..leaf + 10, leaf + 10);
    let gap = asked("rpmdb.sqlite", &doubled).gaps()[0].to_string();
    assert!(gap.ends_with("rows that are not in their order"), "{gap}");
}

/// Each could be as large as the file, and there could be as many as it has blocks.
#[test]
fn packages_that_lie_on_one_another_are_not_read() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let word = |text: &[u8; 4]| u32::from_le_bytes(*text);
    let package = |number: u32, header: &[u8]| -> Vec<u8> {
        let length = u32::try_from(header.len()).expect("small");
        let head: Vec<u8> = words(&[word(b"BlbS"), number, 1, length]);
        let tail: Vec<u8> = words(&[0, length, word(b"BlbE")]);
        [&head, header, &tail].concat()
    };
    let outer = package(1, &[&package(2, &[0; 20])[..], &[0; 4]].concat());
    let mut slots: Vec<u8> = words(&[word(b"RpmP"), 0, 1, 1, 3, 0, 0, 0]);
    let blocks = u32::try_from(outer.len() / 16).expect("small");
    slots.extend::<Vec<u8>>(words(&[word(b"Slot"), 1, 256, blocks]));
    slots.extend::<Vec<u8>>(words(&[word(b"Slot"), 2, 257, 3]));
    while slots.len() < 4096 {
        slots.extend::<Vec<u8>>(words(&[word(b"Slot"), 0, 0, 0]));
    }
    let packages = asked("Packages.db", &[slots, outer].concat());
    let gaps: Vec<_> = packages.gaps().iter().map(ToString::to_string).collect();
    let expected = "/var/lib/rpm/Packages.db: malformed: packages that lie on one another";
    assert!(gaps.contains(&expected.to_owned()), "{gaps:?}");
}

#[test]
fn a_package_whose_name_was_changed_has_no_files_and_that_is_a_gap() {
    for (name, database) in made().all() {
        let mut damaged = database.to_vec();
        let places = damaged.windows(12).enumerate();
        let places = places
            .filter(|(_, part)| part == b"kernel-core\0")
            .map(|(at, _)| at);
        for at in places.collect::<Vec<_>>() {
            damaged[at] = b'K';
        }
        let packages = asked(name, &damaged);
        let lines = crate::inventory::lines(&packages);
        assert!(
            lines.iter().all(|line| !line.ends_with(OF_THE_KERNEL)),
            "{lines:?}"
        );
        let gap = packages.gaps()[0].to_string();
        assert!(gap.ends_with("its checksum does not fit"), "{gap}");
    }
}
