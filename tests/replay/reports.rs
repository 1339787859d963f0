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

/// Accepts what `blocked` fails with, and lists a waiver that nobody needs any more.
const POLICY: &str = r#"
[[waivers]]
id = "tcp-diag"
reason = "the profile asks for it"
expires = 9999-12-31

[[waivers]]
id = "ss-environment"
reason = "the wrapper is gone"
expires = 9999-12-31
"#;

#[test]
fn reports_under_a_policy() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("sockdoctor.toml");
    std::fs::write(&path, POLICY).expect("written");
    let config = path.display().to_string();
    for format in ["human", "junit", "sarif"] {
        let options = [
            "--only=path,waivers",
            "--config",
            &config,
            "--format",
            format,
        ];
        let text = replay(&blocked(), &options, &[("COLUMNS", "200")]);
        let text = text.replace(&config, "sockdoctor.toml");
        let text = text.replace(config.trim_start_matches('/'), "sockdoctor.toml");
        snapshot(&format!("policy-{format}"), &without_rules(&text));
    }
}

/// A SARIF log without the pages of the checks, which `explain` shows.
fn without_rules(text: &str) -> String {
    let Ok(mut log) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    log["runs"][0]["tool"]["driver"]["rules"] = "left out".into();
    let version = &mut log["runs"][0]["tool"]["driver"]["semanticVersion"];
    assert_eq!(version.take(), env!("CARGO_PKG_VERSION"));
    serde_json::to_string_pretty(&log).expect("JSON")
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
