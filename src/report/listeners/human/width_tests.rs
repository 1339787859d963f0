//! The table on terminals of all widths: nothing is cut, and nothing is hard to find.

use super::tests::{all, facts, listing, request, screen, unix};
use super::*;
use crate::report::escape::Charset::Unicode;
use crate::report::page::plain;
use proptest::prelude::*;
use sockdoctor_checks::facts::{Fact, Facts, NetnsName, Owner, TcpListener};
use sockdoctor_checks::fixture::listener;
use sockdoctor_checks::listeners::{Filter, Kind, Request};
use textwrap::core::display_width;

const LONG: &str = "2001:db8:85a3:1111:2222:8a2e:370:7334";

/// The machine of the other tests with a container, a long address in it and long numbers.
fn wide() -> Facts {
    let mut facts = facts();
    let (Fact::Known(namespaces), Fact::Known(owners)) = (&mut facts.namespaces, &mut facts.owners)
    else {
        panic!("both are known");
    };
    namespaces[1].names = vec![NetnsName::Container("9c".repeat(32))];
    let Fact::Known(listeners) = &mut namespaces[1].listeners else {
        panic!("the listeners are known");
    };
    listeners.push(TcpListener {
        inode: 90,
        accept_queue: 70_000,
        backlog: Some(4_294_967_294),
        drops: Some(u32::MAX),
        ..listener(LONG, 65_535)
    });
    owners.push(Owner {
        inode: 90,
        pid: 4_194_304,
        name: "kube-controller".to_owned(),
        container: Some("9c".repeat(32)),
    });
    facts
}

fn long_paths() -> Facts {
    let mut facts = unix();
    let Fact::Known(namespaces) = &mut facts.namespaces else {
        panic!("the namespaces are known");
    };
    let Fact::Known(listeners) = &mut namespaces[0].unix_listeners else {
        panic!("the listeners are known");
    };
    let folder =
        "/run/containerd/s/b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    listeners[1].name = folder.to_owned();
    let Fact::Known(streams) = &mut namespaces[0].unix_streams else {
        panic!("the streams are known");
    };
    streams[0].name = format!("{folder}.ttrpc");
    facts
}

fn shown(facts: &Facts, request: &Request, columns: usize) -> String {
    listing(facts, request, |it| render(it, screen(columns, Unicode)))
}

/// What stands on the page whatever its width: the words, in any order.
fn words(text: &str) -> Vec<&str> {
    let bar = |word: &&str| !word.starts_with(['█', '▏', '▎', '▍', '▌', '▋', '▊', '▉']);
    let mut words: Vec<&str> = text.split_whitespace().filter(bar).collect();
    words.sort_unstable();
    words
}

#[test]
fn tcp_at_200_columns() {
    insta::assert_snapshot!(shown(&wide(), &all(), 200));
}

#[test]
fn tcp_at_120_columns() {
    insta::assert_snapshot!(shown(&wide(), &all(), 120));
}

#[test]
fn tcp_at_80_columns() {
    insta::assert_snapshot!(shown(&wide(), &all(), 80));
}

#[test]
fn tcp_at_60_columns() {
    insta::assert_snapshot!(shown(&wide(), &all(), 60));
}

#[test]
fn unix_at_80_columns() {
    let request = request(Kind::Unix, Filter::default());
    insta::assert_snapshot!(shown(&long_paths(), &request, 80));
}

#[test]
fn unix_at_50_columns() {
    let request = request(Kind::Unix, Filter::default());
    insta::assert_snapshot!(shown(&long_paths(), &request, 50));
}

#[test]
fn a_pipe_has_a_line_for_each_row_however_narrow_the_terminal_is() {
    let text = listing(&wide(), &all(), |it| render(it, plain(40, Unicode)));
    let row = text
        .lines()
        .find(|line| line.contains(LONG))
        .expect("a row");
    for value in ["tcp6", "70000", "4294967295", "kube-controller (4194304)"] {
        assert!(row.contains(value), "{row}");
    }
}

proptest! {
    /// What it says at 400 columns it says at every width, but for the family of an address,
    /// which its brackets tell.
    #[test]
    fn no_width_hides_an_address_a_number_or_a_name(columns in 40_usize..240) {
        let tcp = (wide(), all());
        let unix = (long_paths(), request(Kind::Unix, Filter::default()));
        for (facts, request) in [tcp, unix] {
            let most = shown(&facts, &request, 400);
            let text = shown(&facts, &request, columns);
            let there = words(&text);
            let optional = ["proto", "tcp", "tcp6", "netns", "process", "source", "somaxconn"];
            for word in words(&most).into_iter().filter(|word| !optional.contains(word)) {
                prop_assert!(there.iter().any(|it| it.contains(word)), "{word}:\n{text}");
            }
        }
    }

    #[test]
    fn no_line_is_wider_than_the_screen(columns in 60_usize..240) {
        let text = shown(&wide(), &all(), columns);
        for line in text.lines() {
            prop_assert!(display_width(line) <= columns, "{line}\n{text}");
        }
    }
}
