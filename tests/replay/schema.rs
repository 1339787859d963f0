//! Real output against the published schema.

use crate::machines;
use crate::program::{program, run};
use crate::replay;
use serde_json::Value;

fn validator() -> jsonschema::Validator {
    validator_of("schema")
}

fn validator_of(artefact: &str) -> jsonschema::Validator {
    let schema = run(&mut program(&["generate", artefact]));
    assert_eq!(schema.code, Some(0));
    let schema: Value = serde_json::from_str(&schema.stdout).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

fn assert_valid(validator: &jsonschema::Validator, name: &str, text: &str) -> Value {
    let document: Value = serde_json::from_str(text).expect("one JSON document");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
    document
}

#[test]
fn every_report_of_recorded_facts_fits() {
    let validator = validator();
    for machine in machines::all() {
        let text = replay(&machine, &["--format=json"], &[]);
        let document = assert_valid(&validator, machine.name, &text);
        assert_eq!(document["schema_version"], 1);
    }
}

#[test]
fn the_report_of_this_machine_fits() {
    let ran = run(&mut program(&["--format=json", "--netns=self"]));
    let document = assert_valid(&validator(), "this machine", &ran.stdout);
    assert_eq!(document["exit_code"].as_i64(), ran.code.map(i64::from));
}

#[test]
fn the_listeners_of_this_machine_fit() {
    let validator = validator_of("schema-listeners");
    for kind in [&[][..], &["--unix"]] {
        let arguments = [&["listeners", "--format=json"], kind].concat();
        let ran = run(&mut program(&arguments));
        let document = assert_valid(&validator, "this machine", &ran.stdout);
        assert_eq!(document["exit_code"].as_i64(), ran.code.map(i64::from));
        assert_eq!(document["schema_version"], 1);
    }
}

#[test]
fn every_line_of_a_watch_of_this_machine_fits() {
    let validator = validator_of("schema-watch");
    let arguments = ["watch", "--format=json", "--count=2", "--interval=10ms"];
    let ran = run(&mut program(&arguments));
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| assert_valid(&validator, "this machine", line))
        .collect();
    assert_eq!(lines.first().expect("a line")["event"], "watching");
    let last = lines.last().expect("a line");
    assert_eq!(last["event"], "ended");
    assert_eq!(last["exit_code"].as_i64(), ran.code.map(i64::from));
}

#[test]
fn what_a_trace_says_of_this_machine_fits() {
    let ran = run(&mut program(&["trace", "--can-run", "--format=json"]));
    let document = assert_valid(&validator_of("schema-trace"), "this machine", &ran.stdout);
    assert_eq!(document["kind"], "requirements");
}

#[test]
fn a_key_that_is_missing_does_not_fit() {
    let validator = validator();
    let healthy = machines::machine("healthy", |_| {});
    let text = replay(&healthy, &["--format=json"], &[]);
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    for key in ["schema_version", "verdict", "checks", "counts", "exit_code"] {
        let taken = document[key].take();
        assert!(!validator.is_valid(&document), "without {key}");
        document[key] = taken;
    }
    assert!(validator.is_valid(&document));
}
