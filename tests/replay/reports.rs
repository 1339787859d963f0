//! What people and scripts read, for each machine.

use crate::machines::{self, Machine, machine};
use crate::replay;

/// A snapshot that a new version of the program does not change.
fn snapshot(name: &str, text: &str) {
    let text = text
        .replace(
            concat!("sockdoctor ", env!("CARGO_PKG_VERSION")),
            "sockdoctor VERSION",
        )
        .replace(
            concat!("\"version\": \"", env!("CARGO_PKG_VERSION")),
            "\"version\": \"VERSION",
        );
    insta::assert_snapshot!(name, text);
}

fn blocked() -> Machine {
    machine("tcp-diag-blocked", machines::tcp_diag_blocked)
}

#[test]
fn human_reports() {
    for machine in machines::all() {
        snapshot(machine.name, &replay(&machine, &[], &[]));
    }
}

#[test]
fn human_report_in_a_wide_unicode_terminal() {
    let variables = [("LANG", "C.UTF-8"), ("COLUMNS", "120")];
    snapshot("wide", &replay(&blocked(), &[], &variables));
}

#[test]
fn human_report_with_everything() {
    snapshot("verbose", &replay(&blocked(), &["-v"], &[]));
}

#[test]
fn human_report_with_little() {
    snapshot("quiet", &replay(&blocked(), &["-q"], &[]));
}

#[test]
fn human_report_of_one_group() {
    let full = machine("queues", machines::accept_queue_full);
    snapshot("queues-only", &replay(&full, &["--only=queues"], &[]));
}

#[test]
fn json_report() {
    snapshot("json", &replay(&blocked(), &["--format=json"], &[]));
}

#[test]
fn no_line_is_longer_than_the_page() {
    for machine in machines::all() {
        let json = replay(&machine, &["--format=json"], &[]);
        // A command stays on one line, however long, and so does a single word.
        let may_be_long = |line: &str| {
            let step = line.get(12..).unwrap_or_default();
            !line.trim().contains(' ') || json.contains(&format!("\"{step}\""))
        };
        for columns in ["60", "80", "120"] {
            let text = replay(&machine, &["-v"], &[("COLUMNS", columns)]);
            let width: usize = columns.parse().expect("a number");
            let long = |line: &&str| line.len() > width && !may_be_long(line);
            let too_long: Vec<&str> = text.lines().filter(long).collect();
            assert!(too_long.is_empty(), "{}: {too_long:#?}", machine.name);
        }
    }
}
