//! `sockdoctor trace` as far as any machine can show it. What it sees of dropped requests is held
//! against the kernel's counters in tests/lab/trace, on kernels that are known to let it.

use serde_json::Value;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sockdoctor");

/// What a run printed, a document a line, and its exit code.
fn documents(command: &mut Command) -> (Vec<Value>, Option<i32>) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().expect("it starts");
    let complaint = String::from_utf8_lossy(&stderr);
    assert_eq!(complaint, "", "{status}");
    let text = String::from_utf8(stdout).expect("UTF-8");
    let lines = text.lines().map(serde_json::from_str);
    let documents = lines.map(|line| line.expect("a JSON document a line"));
    (documents.collect(), status.code())
}

fn piece<'a>(document: &'a Value, name: &str) -> &'a Value {
    let pieces = document["pieces"].as_array().expect("a list");
    let found = pieces.iter().find(|piece| piece["name"] == name);
    found.unwrap_or_else(|| panic!("no piece {name}: {document}"))
}

#[test]
fn the_exit_code_says_what_the_pieces_say() {
    let (documents, code) =
        documents(Command::new(PROGRAM).args(["trace", "--can-run", "--format=json"]));
    let [document] = documents.as_slice() else {
        panic!("one document: {documents:?}");
    };
    let pieces = document["pieces"].as_array().expect("a list");
    let missing = pieces.iter().any(|piece| piece["standing"] == "missing");
    assert_eq!(document["can_run"], !missing, "{document}");
    assert_eq!(code, Some(if missing { 4 } else { 0 }));
    assert_eq!(piece(document, "capability")["standing"], "ok", "as root");
    for piece in pieces {
        assert_ne!(piece["why"], "", "every piece says why: {document}");
    }
}

#[test]
fn a_trace_runs_where_it_can_and_says_why_where_it_cannot() {
    let (can, _) = documents(Command::new(PROGRAM).args(["trace", "--can-run", "--format=json"]));
    let arguments = ["trace", "--duration=100ms", "--netns=self", "--format=json"];
    let (documents, code) = documents(Command::new(PROGRAM).args(arguments));
    let last = documents.last().expect("it prints something");
    if can[0]["can_run"] == true {
        assert_eq!(last["kind"], "summary", "{documents:?}");
        assert_eq!(code, Some(i32::from(last["drops"] != 0)));
    } else {
        assert_eq!(last["kind"], "requirements", "{documents:?}");
        assert_eq!(last["can_run"], false);
        assert_eq!(code, Some(4));
    }
}

#[test]
fn nobody_is_told_what_is_missing() {
    let directory = tempfile::tempdir().expect("a folder");
    let copy = directory.path().join("sockdoctor");
    let install = Command::new("install")
        .args(["--mode=755", PROGRAM])
        .arg(&copy)
        .status();
    assert!(install.expect("install runs").success());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), mode).expect("chmod");
    let mut nobody = Command::new("setpriv");
    nobody
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&copy)
        .args(["trace", "--netns=self", "--format=json"]);
    let (documents, code) = documents(&mut nobody);
    assert_eq!(code, Some(4));
    let capability = piece(&documents[0], "capability");
    assert_eq!(capability["standing"], "missing");
    let why = capability["why"].as_str().expect("a sentence");
    assert!(why.contains("CAP_BPF and CAP_PERFMON"), "{why}");
}

#[test]
fn a_namespace_that_is_not_there_is_a_mistake() {
    let output = Command::new(PROGRAM)
        .args(["trace", "--netns", "no-such-namespace"])
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("no-such-namespace"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}
