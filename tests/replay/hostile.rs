//! Names that mean harm: escaped for people, faithful for programs.

use crate::machines::{self, Machine, machine};
use crate::replay;
use serde_json::Value;
use sockdoctor_checks::facts::{Fact, NetnsName, Owner, SocketSource, UnixListener};

const HOSTILE: &str = "\u{1b}[2J\u{7}\nPASS  all is well\r\u{202e}";

/// Everything that a machine names is named to do harm.
pub(crate) fn hostile() -> Machine {
    machine("hostile", |facts| {
        machines::accept_queue_full(facts);
        facts.machine.hostname = Fact::Known(HOSTILE.to_owned());
        facts.owners = Fact::Known(vec![Owner {
            inode: 5080,
            pid: 812,
            name: HOSTILE.to_owned(),
            container: None,
        }]);
        if let Fact::Known(namespaces) = &mut facts.namespaces {
            namespaces[1].names = vec![NetnsName::Netns(HOSTILE.to_owned())];
            namespaces[1].sysctls.somaxconn = Fact::Known(128);
            namespaces[0].unix_listeners = Fact::Known(vec![UnixListener {
                name: HOSTILE.to_owned(),
                accept_queue: Some(9),
                backlog: Some(5),
                inode: 77,
                source: SocketSource::SockDiag,
            }]);
        }
    })
}

#[test]
fn people_read_them_escaped() {
    for options in [
        &[][..],
        &["-q"],
        &["-v"],
        &["--color=never", "--only=queues"],
    ] {
        for locale in ["C", "C.UTF-8"] {
            let text = replay(&hostile(), options, &[("LANG", locale)]);
            let harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.contains(harmful), "{text:?}");
            assert!(
                !text
                    .lines()
                    .any(|line| line.starts_with("PASS  all is well")),
                "{text}"
            );
        }
    }
}

#[test]
fn people_see_that_something_was_there() {
    let text = replay(&hostile(), &[], &[("COLUMNS", "120")]);
    assert!(
        text.contains(r"\x1b[2J\x07\nPASS  all is well\r\u{202e}"),
        "{text}"
    );
}

#[test]
fn programs_read_them_as_they_are() {
    let text = replay(&hostile(), &["--format=json"], &[]);
    assert!(!text.contains('\u{1b}'), "JSON has its own escapes");
    let document: Value = serde_json::from_str(&text).expect("one JSON document");
    assert_eq!(document["environment"]["hostname"], HOSTILE);
    assert_eq!(document["namespaces"][1]["names"][0]["name"], HOSTILE);
}
