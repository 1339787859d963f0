//! What the lab saw on real kernels, judged again without them: `facts/` holds what
//! `sockdoctor --record` wrote in each case, and `cases/` what must be said about it.
//!
//! `tests/lab/run --keep-facts` records them anew.

use serde::Deserialize;
use sockdoctor_checks::diagnosis::{Diagnosis, diagnose};
use sockdoctor_checks::facts::Facts;
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::policy::Policy;
use sockdoctor_checks::verdict::Walk;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The part of a case that holds without its machine.
#[derive(Deserialize)]
struct Case {
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    tcp: String,
    unix: String,
    cause: Option<String>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    says_not: Vec<String>,
    #[serde(default)]
    checks: BTreeMap<String, String>,
}

#[test]
fn recorded_machines_are_judged_as_in_the_lab() {
    let wrong: Vec<String> = names("facts")
        .iter()
        .flat_map(|name| {
            problems(&case(name), &judged(name))
                .into_iter()
                .map(move |problem| format!("{name}: {problem}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_has_a_recording() {
    assert_eq!(names("cases"), names("facts"));
}

fn lab(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/lab")
        .join(folder)
}

/// The names of the files of a folder, without their endings.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(lab(folder)).expect("the lab has this folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| path.file_stem().expect("a file name").display().to_string())
        .collect()
}

fn case(name: &str) -> Case {
    let text = fs::read_to_string(lab("cases").join(format!("{name}.toml"))).expect("a case");
    toml::from_str(&text).expect("the case is as host/case.py says")
}

fn judged(name: &str) -> Diagnosis {
    let text = fs::read_to_string(lab("facts").join(format!("{name}.json"))).expect("facts");
    let facts: Facts = serde_json::from_str(&text).expect("facts of this version");
    diagnose(&facts, &Policy::default(), |_| true)
}

fn problems(case: &Case, found: &Diagnosis) -> Vec<String> {
    let expect = &case.expect;
    let walks = [
        (&expect.tcp, &found.verdict.tcp),
        (&expect.unix, &found.verdict.unix),
    ];
    let mut wrong = Vec::new();
    let mut hold = |what: &str, wanted: &str, found: &str| {
        if wanted != found {
            wrong.push(format!("{what} is {found}, must be {wanted}"));
        }
    };
    for (wanted, walk) in walks {
        hold(walk.command, wanted, &word(walk.status));
        if let Some(cause) = expect.cause.as_deref().filter(|_| wanted == "fail") {
            hold("the cause", cause, walk.cause.unwrap_or("none"));
        }
    }
    for result in &found.results {
        if let Some(wanted) = expect.checks.get(result.check.id) {
            hold(result.check.id, wanted, &word(result.status));
        }
    }
    let text = walks.map(|(_, walk)| first_lines(walk)).concat();
    let unsaid = expect.says.iter().filter(|words| !text.contains(*words));
    wrong.extend(unsaid.map(|words| format!("not said: {words}")));
    let said = expect.says_not.iter().filter(|words| text.contains(*words));
    wrong.extend(said.map(|words| format!("must not be said: {words}")));
    wrong
}

/// A status as JSON has it.
fn word(status: Status) -> String {
    format!("{status:?}").to_lowercase()
}

/// What a reader sees first: the answer, and the way that ss walks.
fn first_lines(walk: &Walk) -> String {
    let details = walk.steps.iter().map(|step| step.detail.as_str());
    std::iter::once(walk.summary.as_str())
        .chain(details)
        .map(|line| format!("{line}\n"))
        .collect()
}
