//! `check --expect`: this machine held against what an image promised.

use crate::command::{document, healthy};
use crate::program::{Ran, TemporaryFile, program, run};
use serde_json::{Value, json};

/// What `check` says with this file.
fn held_against(report: &str, options: &[&str]) -> Ran {
    let file = TemporaryFile::with(report);
    let file = file.argument();
    let arguments = ["check", "--netns=self", "--format=json", "--expect", &file];
    run(&mut program(&[&arguments, options].concat()))
}

/// The report of an image with the kernel that runs here, which promises nothing of it yet.
fn report() -> Value {
    let mut report = document(healthy().root(), &[]);
    let release = rustix::system::uname();
    let release = release.release().to_str().expect("text").to_owned();
    let kernel = &mut report["promises"]["kernels"][0];
    kernel["release"] = json!(release);
    kernel["handlers"] = json!([]);
    kernel["settings"] = json!([]);
    report["promises"]["ss"] = Value::Null;
    report
}

fn drift(ran: &Ran) -> Value {
    let document: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
    let mut checks = document["checks"].as_array().expect("checks").iter();
    let found = checks.find(|check| check["id"] == "image-drift");
    found.expect("judged").clone()
}

#[test]
fn a_machine_as_promised_passes() {
    let ran = held_against(&report().to_string(), &["--only=image-drift"]);
    assert_eq!(drift(&ran)["status"], "pass", "{}", ran.stdout);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn a_setting_that_is_not_as_promised_is_drift() {
    let mut report = report();
    report["promises"]["kernels"][0]["settings"] =
        json!([{"key": "net.core.somaxconn", "value": 17, "from": "/etc/sysctl.d/9.conf:2"}]);
    let ran = held_against(
        &report.to_string(),
        &["--only=image-drift", "--fail-on=warn"],
    );
    let drift = drift(&ran);
    assert_eq!((ran.code, &drift["status"]), (Some(3), &json!("warn")));
    let text = drift.to_string();
    assert!(text.contains("was to be 17"), "{text}");
    assert!(text.contains("/etc/sysctl.d/9.conf:2"), "{text}");
}

#[test]
fn a_kernel_that_the_image_does_not_have_fails() {
    let report = document(healthy().root(), &[]);
    let ran = held_against(&report.to_string(), &["--only=image-drift"]);
    assert_eq!(
        (ran.code, &drift(&ran)["status"]),
        (Some(1), &json!("fail"))
    );
}

#[test]
fn a_file_without_promises_is_a_mistake() {
    for (text, says) in [
        ("{}", "no promises"),
        ("[]", "not a report of an image"),
        ("", "EOF"),
    ] {
        let ran = held_against(text, &[]);
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{text}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}
