//! The policy file, from outside.

use crate::program::{Ran, TemporaryFile, program, run};
use serde_json::Value;
use std::path::Path;

const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/lab/facts/install-true.json"
);

/// Waives what the recording fails with, for longer than this program will be around.
const WAIVER: &str =
    "[[waivers]]\nid = \"tcp-diag\"\nreason = \"so it is\"\nexpires = 9999-12-31\n";

/// What replay says of `recording` under this policy, which is named.
fn judged(recording: &str, policy: &str, arguments: &[&str]) -> Ran {
    let file = TemporaryFile::with(policy);
    let config = file.argument();
    run(&mut program(
        &[&["replay", recording, "--config", &config], arguments].concat(),
    ))
}

fn lab(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/facts");
    folder.join(format!("{name}.json")).display().to_string()
}

fn status(ran: &Ran, id: &str) -> String {
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let checks = document["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["id"] == id);
    check.expect(id)["status"]
        .as_str()
        .expect("a word")
        .to_owned()
}

#[test]
fn a_policy_in_the_working_directory_is_applied_and_named() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let run = |arguments: &[&str]| run(program(arguments).current_dir(folder.path()));
    assert_eq!(run(&["replay", RECORDING]).code, Some(1));
    std::fs::write(folder.path().join("sockdoctor.toml"), WAIVER).expect("written");
    for arguments in [&["replay", RECORDING][..], &["replay", RECORDING, "-q"]] {
        let waived = run(arguments);
        assert_eq!(waived.code, Some(0), "{}", waived.stdout);
        let named = waived
            .stdout
            .lines()
            .any(|line| line == "policy sockdoctor.toml");
        assert!(named, "{}", waived.stdout);
        let expected = "WAIVED  ss shows Send-Q 0 for every TCP listener";
        assert!(waived.stdout.contains(expected), "{}", waived.stdout);
    }
    assert_eq!(
        run(&["replay", RECORDING, "--config=/dev/null"]).code,
        Some(1)
    );
}

#[test]
fn a_live_check_obeys_it_too() {
    let file = TemporaryFile::with("[limits]\nsomaxconn.min = 4294967295\n");
    let arguments = [
        "--only=somaxconn",
        "--netns=self",
        "--config",
        &file.argument(),
    ];
    let ran = run(&mut program(&arguments));
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("lower than the 4294967295"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_mistake_in_it_is_one_line_with_its_place_before_any_work() {
    let file = TemporaryFile::with("[limits]\n\n[checks]\nfatal = [\"tcp-dig\"]\n");
    let config = file.argument();
    for command in [&["check"][..], &["replay", RECORDING]] {
        let ran = run(&mut program(&[command, &["--config", &config]].concat()));
        let why = "there is no check `tcp-dig`; did you mean `tcp-diag`?";
        assert_eq!(ran.stderr, format!("sockdoctor: {config}:4:10: {why}\n"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    }
    let absent = TemporaryFile::absent().argument();
    let ran = run(&mut program(&["replay", RECORDING, "--config", &absent]));
    let expected = format!("sockdoctor: {absent}: No such file or directory\n");
    assert_eq!((ran.code, ran.stderr), (Some(2), expected));
}

#[test]
fn a_module_that_is_required_and_not_to_be_had_fails() {
    for (recording, module, check, without) in [
        ("unix-gone", "unix_diag", "unix-diag", "fail"),
        ("inet-gone", "udp_diag", "udp-diag", "warn"),
        ("healthy-loaded", "udp_diag", "udp-diag", "pass"),
    ] {
        let policy = format!("[modules]\nrequired = [\"{module}\"]\n");
        let judged = |policy: &str| judged(&lab(recording), policy, &["--format=json"]);
        assert_eq!(status(&judged(""), check), without, "{recording}");
        let expected = if without == "pass" { "pass" } else { "fail" };
        assert_eq!(status(&judged(&policy), check), expected, "{recording}");
    }
}

#[test]
fn a_warning_of_a_fatal_check_is_exit_code_1() {
    let recording = lab("abort-on-overflow");
    assert_eq!(judged(&recording, "", &[]).code, Some(0));
    let fatal = "[checks]\nfatal = [\"abort-on-overflow\"]\n";
    let ran = judged(&recording, fatal, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("FAIL  abort-on-overflow"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_waiver_is_over_when_its_day_is() {
    let over = WAIVER.replace("9999-12-31", "2026-01-01");
    let ran = judged(RECORDING, &over, &["--format=json"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(status(&ran, "waivers"), "fail");
    assert_eq!(status(&ran, "tcp-diag"), "fail");
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(document["policy"]["waivers"][0]["standing"], "expired");
}

#[test]
fn an_unused_waiver_warns() {
    let ran = judged(&lab("healthy-loaded"), WAIVER, &["--fail-on=warn"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("the waiver of tcp-diag accepts nothing")
    );
}

#[test]
fn the_list_has_no_use_for_the_formats_of_ci() {
    for format in ["junit", "sarif"] {
        assert_eq!(
            run(&mut program(&["list", "--format", format])).code,
            Some(2)
        );
    }
}
