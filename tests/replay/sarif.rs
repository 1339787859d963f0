//! SARIF logs, held against sarif-schema-2.1.0.json: a copy of the schema of the standard that
//! came with a crate. That of Errata 01 differs from it in the dialect, in a mended pattern of
//! languages, in `type` beside `enum`, and in what a region has to have; the logs fit that, too.

use crate::hostile::hostile;
use crate::machines::{self, Machine, machine};
use crate::program::{TemporaryFile, program, run};
use crate::replay;
use serde_json::Value;
use std::collections::BTreeSet;

fn sarif(machine: &Machine, options: &[&str]) -> Value {
    let text = replay(machine, &[&["--format=sarif"], options].concat(), &[]);
    serde_json::from_str(&text).expect("one JSON document")
}

fn assert_valid(name: &str, log: &Value) {
    // Its pattern of languages has a bracket too many, which not every dialect of regular
    // expressions takes.
    let schema = include_str!("sarif-schema-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let errors: Vec<String> = validator
        .iter_errors(log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("results")
}

/// The first result of a rule.
fn result<'a>(log: &'a Value, rule: &str) -> &'a Value {
    let found = results(log).iter().find(|result| result["ruleId"] == rule);
    found.unwrap_or_else(|| panic!("no result of {rule}"))
}

fn blocked() -> Machine {
    machine("blocked", machines::tcp_diag_blocked)
}

#[test]
fn every_log_fits_the_standard() {
    for machine in machines::all().iter().chain([&hostile()]) {
        assert_valid(machine.name, &sarif(machine, &[]));
    }
}

#[test]
fn what_the_schema_cannot_say_holds_too() {
    for machine in machines::all().iter().chain([&hostile()]) {
        let log = sarif(machine, &[]);
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        for result in results(&log) {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index"));
            assert_eq!(rules[index.expect("small")]["id"], result["ruleId"]);
            let fails = result["kind"] == "fail";
            assert_eq!(fails, result["level"] != "none", "{result}");
            // Either all results say whether they are suppressed, or none (§3.27.23).
            assert!(result["suppressions"].is_array());
        }
    }
}

#[test]
fn a_result_is_recognised_in_the_next_run_and_no_two_are_alike() {
    let prints = |log: &Value| -> Vec<Value> {
        let results = results(log).iter();
        let print =
            |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].clone();
        results.map(print).collect()
    };
    for machine in machines::all() {
        let first = prints(&sarif(&machine, &[]));
        assert_eq!(first, prints(&sarif(&machine, &[])));
        let distinct: BTreeSet<&str> = first.iter().filter_map(Value::as_str).collect();
        assert_eq!(distinct.len(), first.len(), "{}", machine.name);
    }
    let log = sarif(&blocked(), &[]);
    let print = &result(&log, "tcp-diag")["partialFingerprints"]["primaryLocationLineHash"];
    // A later version has to give the same, or every alert is a new one.
    assert_eq!(print, "2a576ffc611c9c3f:1");
}

#[test]
fn the_line_to_blame_is_the_location() {
    let log = sarif(&blocked(), &[]);
    let result = result(&log, "tcp-diag");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "etc/modprobe.d/cis.conf");
    assert_eq!(place["artifactLocation"]["uriBaseId"], "ROOT");
    assert_eq!(place["region"]["startLine"], 14);
    let message = result["message"]["text"].as_str().expect("text");
    assert!(
        message.contains(
            "now: delete `install tcp_diag /bin/true` from /etc/modprobe.d/cis.conf (line 14)"
        ),
        "{message}"
    );
}

#[test]
fn a_finding_without_a_line_has_no_file() {
    let log = sarif(&machine("full", machines::accept_queue_full), &[]);
    let location = &result(&log, "accept-queue")["locations"][0];
    assert!(location.get("physicalLocation").is_none(), "{location}");
    let name = &location["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(name, "host/0.0.0.0:80");
}

#[test]
fn a_waived_finding_is_suppressed_and_an_expired_waiver_is_found_in_its_file() {
    let policy = TemporaryFile::with(
        "[[waivers]]\nid = \"tcp-diag\"\nreason = \"so it is\"\nexpires = 9999-12-31\n\
         [[waivers]]\nid = \"somaxconn\"\nreason = \"so it was\"\nexpires = 2026-01-01\n",
    );
    let log = sarif(&blocked(), &["--config", &policy.argument()]);
    assert_valid("with a policy", &log);
    let waived = result(&log, "tcp-diag");
    assert_eq!(
        (&waived["kind"], &waived["level"]),
        (&"fail".into(), &"error".into())
    );
    let justification = &waived["suppressions"][0]["justification"];
    assert_eq!(justification, "accepted until 9999-12-31: so it is");
    let region = &result(&log, "waivers")["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 6);
}

#[test]
fn the_log_of_this_machine_fits() {
    let ran = run(&mut program(&["--format=sarif", "--netns=self"]));
    let log: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_valid("this machine", &log);
    let code = log["runs"][0]["invocations"][0]["exitCode"].as_i64();
    assert_eq!(code, ran.code.map(i64::from));
}
