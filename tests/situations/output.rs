//! A stdout that takes nothing.

use crate::support::doctor::doctor;
use std::fs::OpenOptions;

const REPORT: [&str; 3] = ["check", "--netns", "self"];

#[test]
fn a_closed_stdout_harms_nobody() {
    let outcome = doctor(REPORT).through(["sh", "-c", "exec \"$@\" >&-", "sh"]);
    assert_eq!(outcome.run().stdout, "");
}

#[test]
fn a_full_disk_is_one_line_and_exit_code_2() {
    let full = OpenOptions::new().write(true).open("/dev/full");
    let outcome = doctor(REPORT).stdout(full.expect("/dev/full")).run();
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_reader_that_left_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let outcome = doctor(REPORT).stdout(writer).run();
    assert_ne!(outcome.code, 2);
    assert_eq!(outcome.stderr, "");
}
