//! A mistake gets one clear line on stderr, exit code 2, and nothing on stdout.

use crate::program::{Ran, TemporaryFile, program, run};
use serde_json::{Value, json};
use sockdoctor_checks::fixture::healthy;

/// The one line that complains.
fn complaint(ran: &Ran) -> String {
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    ran.stderr.trim_end().to_owned()
}

fn replayed(content: impl AsRef<[u8]>) -> String {
    let file = TemporaryFile::with(content);
    let complaint = complaint(&run(&mut program(&["replay", &file.argument()])));
    let place = format!("sockdoctor: {}: ", file.argument());
    match complaint.strip_prefix(&place) {
        Some(rest) => rest.to_owned(),
        None => panic!("{complaint} does not begin with {place}"),
    }
}

fn facts() -> Value {
    serde_json::to_value(healthy()).expect("facts are JSON")
}

#[test]
fn an_unknown_check_is_answered_with_the_nearest() {
    for arguments in [
        &["--only", "tcp-dig"][..],
        &["--skip=tcp-dig"],
        &["check", "--only=queues,tcp-dig"],
        &["explain", "tcp-dig"],
    ] {
        let line = complaint(&run(&mut program(arguments)));
        assert!(line.contains("`tcp-dig`"), "{line}");
        assert!(line.ends_with("did you mean `tcp-diag`?"), "{line}");
    }
}

#[test]
fn a_selection_without_checks_is_refused() {
    let line = complaint(&run(&mut program(&["--only=syn", "--skip=syn"])));
    assert_eq!(line, "sockdoctor: --only and --skip leave no check to run");
}

#[test]
fn a_file_that_is_not_there() {
    let file = TemporaryFile::absent();
    let line = complaint(&run(&mut program(&["replay", &file.argument()])));
    let expected = format!("sockdoctor: {}: No such file or directory", file.argument());
    assert_eq!(line, expected);
}

#[test]
fn a_file_that_is_not_json_says_where() {
    let why = replayed("State  Recv-Q Send-Q\n");
    assert_eq!(why, "not JSON: expected value at line 1 column 1");
}

#[test]
fn an_empty_file_and_a_cut_one_end_too_early() {
    assert_eq!(replayed(""), "ends too early, at line 1 column 0");
    let text = serde_json::to_string_pretty(&healthy()).expect("facts are JSON");
    let why = replayed(&text[..text.len() / 2]);
    assert!(why.starts_with("ends too early, at line "), "{why}");
}

#[test]
fn a_newer_file_is_refused_before_it_is_misread() {
    let why = replayed(json!({"facts_version": 99, "machine": "new"}).to_string());
    assert_eq!(
        why,
        "holds facts of version 99, and this sockdoctor reads version 1"
    );
}

#[test]
fn foreign_json_is_refused() {
    for foreign in ["[]", "{}", "null", r#"{"facts_version": "1"}"#] {
        let why = replayed(foreign);
        assert!(
            why.starts_with("not facts that sockdoctor recorded: "),
            "{why}"
        );
    }
}

#[test]
fn a_field_that_does_not_fit_is_named_with_its_place() {
    let mut facts = facts();
    facts["machine"]["effective_uid"] = json!(-1);
    let why = replayed(serde_json::to_string_pretty(&facts).expect("JSON"));
    assert!(why.contains("invalid value: integer `-1`"), "{why}");
    assert!(why.contains(" at line "), "{why}");
}

#[test]
fn a_hostile_file_cannot_write_to_the_terminal() {
    let mut facts = facts();
    facts["collection"] = json!("\u{1b}[2J\n");
    let why = replayed(facts.to_string());
    assert!(!why.contains('\u{1b}'), "{why}");
}

#[test]
fn a_file_of_nested_brackets_does_not_overflow_the_stack() {
    let deep = format!(
        "{{\"facts_version\": 1, \"deep\": {}",
        "[".repeat(1_000_000)
    );
    let why = replayed(deep);
    assert!(why.starts_with("ends too early"), "{why}");
}

#[test]
fn a_namespace_that_is_not_there_has_no_table() {
    let line = complaint(&run(&mut program(&["listeners", "--netns=\u{1b}[2J"])));
    assert!(line.contains("no network namespace called"), "{line}");
    assert!(!line.contains('\u{1b}'), "{line}");
}

#[test]
fn usage_errors_are_exit_code_2() {
    for arguments in [
        &["--no-such-option"][..],
        &["-q", "-v"],
        &["replay"],
        &["check", "extra"],
        &["listeners", "--port=80", "--unix"],
        &["listeners", "--no-process", "--process=nginx"],
        &["listeners", "--sample=1s"],
        &["listeners", "80"],
    ] {
        let ran = run(&mut program(arguments));
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}

#[test]
fn to_sort_by_what_is_left_out_is_a_mistake() {
    let arguments = ["listeners", "--no-process", "--sort=process"];
    let line = complaint(&run(&mut program(&arguments)));
    assert!(line.contains("--no-process"), "{line}");
}

#[test]
fn a_wrong_value_is_answered_with_what_is_accepted() {
    const PORT: &str = "a port is a number from 1 to 65535";
    const TIME: &str = "a time is written as 2s, 500ms or 1m, and is more than 0 and at most 1h";
    const COUNT: &str = "a number of readings is 1 or more";
    const NETNS: &str = "a namespace is all, self, host, a name, or the pid of a process in it";
    const LIST: &str = "one of human, json is accepted";
    for (command, option, value, accepted) in [
        ("listeners", "--port", "0", PORT),
        ("listeners", "--port", "65536", PORT),
        ("listeners", "--port", "-1", PORT),
        ("listeners", "--port", "http", PORT),
        ("listeners", "--port", "", PORT),
        ("trace", "--port", "0", PORT),
        ("listeners", "--timeout", "soon", TIME),
        ("listeners", "--process", "", "a process is a name or a pid"),
        (
            "listeners",
            "--process",
            "0",
            "a process is a name or a pid, and no pid is 0",
        ),
        (
            "listeners",
            "--sort",
            "age",
            "one of queue, fill, drops, address, process is accepted",
        ),
        ("listeners", "--format", "xml", LIST),
        ("watch", "--format", "junit", LIST),
        ("watch", "--interval", "0", TIME),
        ("watch", "--interval", "5", TIME),
        ("watch", "--interval", "2h", TIME),
        ("watch", "--count", "0", COUNT),
        ("watch", "--count", "-1", COUNT),
        ("watch", "--count", "many", COUNT),
        ("watch", "--netns", "", NETNS),
        (
            "watch",
            "--fail-on",
            "all",
            "one of fail, warn, unknown, never is accepted",
        ),
        ("check", "--sample", "0s", TIME),
        (
            "check",
            "--color",
            "red",
            "one of auto, always, never is accepted",
        ),
    ] {
        let line = complaint(&run(&mut program(&[command, option, value])));
        assert_eq!(line, format!("sockdoctor: {option} '{value}': {accepted}"));
    }
}

#[test]
fn a_value_that_is_missing_is_missed() {
    for (arguments, expected) in [
        (
            &["watch", "--interval"][..],
            "--interval <TIME>: the value is missing",
        ),
        (
            &["listeners", "--format"],
            "--format '': one of human, json is accepted",
        ),
    ] {
        let line = complaint(&run(&mut program(arguments)));
        assert_eq!(line, format!("sockdoctor: {expected}"));
    }
}

#[test]
fn a_wrong_value_cannot_write_to_the_terminal() {
    let line = complaint(&run(&mut program(&["listeners", "--port=\u{1b}[2J"])));
    assert!(line.contains(r"\x1b[2J"), "{line}");
}
