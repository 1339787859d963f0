//! Exit codes, the same for every format.

use crate::program::{TemporaryFile, program, run};
use sockdoctor_checks::facts::{Errno, Fact, Facts, Gap, Opened, Why};
use sockdoctor_checks::fixture::healthy;

/// All formats.
const FORMATS: [&str; 4] = ["human", "json", "junit", "sarif"];

/// The exit code, which is the same for people and for programs.
fn code(facts: &Facts, arguments: &[&str]) -> i32 {
    let file = TemporaryFile::with(serde_json::to_vec(facts).expect("facts are JSON"));
    let path = file.argument();
    let codes = codes(&path, arguments);
    assert_eq!(codes, [codes[0]; 4]);
    codes[0]
}

fn codes(path: &str, arguments: &[&str]) -> [i32; 4] {
    FORMATS.map(|format| {
        let arguments = [&["replay", path, "--format", format], arguments].concat();
        let ran = run(&mut program(&arguments));
        assert_eq!(ran.stderr, "");
        ran.code.expect("no signal")
    })
}

/// sock_diag does not exist.
fn failing() -> Facts {
    let mut facts = healthy();
    if let Fact::Known(trips) = &mut facts.round_trips {
        trips.socket = Opened::No(Errno::EPROTONOSUPPORT);
    }
    facts
}

/// The round trip did not answer.
fn undecided() -> Facts {
    let mut facts = healthy();
    let gap = Gap::new("round trip", Why::TimedOut { after_ms: 5000 });
    facts.round_trips = Fact::Missing(gap);
    facts
}

fn unseen_namespaces() -> Facts {
    let mut facts = healthy();
    if let Fact::Known(value) = facts.namespaces {
        let needs = "root".to_owned();
        let gap = Gap::new("2 other network namespaces", Why::Denied { needs });
        facts.namespaces = Fact::with_gaps(value, vec![gap]);
    }
    facts
}

#[test]
fn a_healthy_machine_is_0() {
    assert_eq!(code(&healthy(), &[]), 0);
    assert_eq!(code(&healthy(), &["--fail-on=unknown"]), 0);
}

#[test]
fn a_failure_is_1_unless_nobody_wants_to_know() {
    assert_eq!(code(&failing(), &[]), 1);
    assert_eq!(code(&failing(), &["--fail-on=never"]), 0);
}

#[test]
fn a_run_that_could_judge_nothing_is_4() {
    assert_eq!(code(&undecided(), &["--only=sock-diag-round-trip"]), 4);
}

#[test]
fn something_undecided_is_4_when_asked() {
    let queues_only = ["--only=queues", "--fail-on=unknown"];
    assert_eq!(code(&unseen_namespaces(), &queues_only), 4);
    assert_eq!(code(&unseen_namespaces(), &["--only=queues"]), 0);
}

#[test]
fn no_answer_to_the_question_is_4_whatever_else_passes() {
    assert_eq!(code(&undecided(), &[]), 4);
}

#[test]
fn every_recording_of_the_lab_has_one_code_in_every_format() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/facts");
    let recordings = std::fs::read_dir(folder).expect("the lab has recordings");
    let mut seen = std::collections::BTreeSet::new();
    for recording in recordings {
        let path = recording.expect("an entry").path().display().to_string();
        let codes = codes(&path, &["--fail-on=warn"]);
        assert_eq!(codes, [codes[0]; 4], "{path}");
        seen.insert(codes[0]);
    }
    assert!(seen.is_superset(&[0, 1].into()), "{seen:?}");
}
