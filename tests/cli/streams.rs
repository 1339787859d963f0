//! stdout that is closed, full or left, and colours in a pipe.

use crate::program::{Ran, TemporaryFile, program, run};
use sockdoctor_checks::fixture::healthy;
use std::fs::OpenOptions;
use std::process::{Command, Stdio};

fn healthy_file() -> TemporaryFile {
    TemporaryFile::with(serde_json::to_vec(&healthy()).expect("facts are JSON"))
}

fn assert_complains(ran: &Ran, expected: &str) {
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(ran.stderr, expected);
}

#[test]
fn a_full_disk_is_an_output_error() {
    let file = healthy_file();
    for arguments in [&["replay", &file.argument()][..], &["list"], &["--help"]] {
        let full = OpenOptions::new().write(true).open("/dev/full");
        let mut command = program(arguments);
        let ran = run(command.stdout(full.expect("/dev/full is there")));
        assert_complains(&ran, "sockdoctor: stdout: No space left on device\n");
    }
}

#[test]
fn a_closed_stdout_is_an_output_error() {
    let mut shell = Command::new("/bin/sh");
    let line = format!("exec '{}' list >&-", env!("CARGO_BIN_EXE_sockdoctor"));
    let ran = run(shell.args(["-c", &line]).env_clear());
    assert_complains(&ran, "sockdoctor: stdout is closed\n");
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ran = run(program(&["list"]).stdout(writer));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_null_device_is_as_good_as_any() {
    let ran = run(program(&["list"]).stdout(Stdio::null()));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_pipe_gets_no_colours_unless_they_are_forced() {
    let file = healthy_file();
    let path = file.argument();
    let paints = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["replay", &path], arguments].concat();
        let ran = run(program(&arguments).envs(variables.iter().copied()));
        ran.stdout.contains('\u{1b}')
    };
    assert!(!paints(&[], &[]));
    assert!(paints(&["--color=always"], &[("NO_COLOR", "1")]));
    assert!(paints(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!paints(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!paints(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!paints(&["--format=json", "--color=always"], &[]));
}

#[test]
fn without_a_unicode_locale_the_report_is_ascii() {
    let file = healthy_file();
    for variables in [&[][..], &[("LC_ALL", "C"), ("LANG", "C.UTF-8")]] {
        let ran = run(program(&["replay", "-v", &file.argument()]).envs(variables.iter().copied()));
        assert!(ran.stdout.is_ascii(), "{}", ran.stdout);
    }
    let ran = run(program(&["replay", &file.argument()]).env("LANG", "C.UTF-8"));
    assert!(ran.stdout.contains(" · "), "{}", ran.stdout);
}
