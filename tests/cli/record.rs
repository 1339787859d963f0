//! `--record`: the file is whole or not there, and judges as the machine did.

use crate::program::{TemporaryFile, program, run};
use std::os::unix::fs::symlink;

#[test]
fn recorded_facts_give_the_same_judgement() {
    let file = TemporaryFile::absent();
    let path = file.argument();
    let live = run(&mut program(&[
        "--format=json",
        "--netns=self",
        "--record",
        &path,
    ]));
    let again = run(&mut program(&["replay", &path, "--format=json"]));
    assert_eq!(live.stderr, "");
    assert_eq!((live.code, live.stdout), (again.code, again.stdout));
    assert_eq!(file.neighbours(), ["facts.json"]);
}

#[test]
fn facts_can_come_from_stdin() {
    let file = TemporaryFile::absent();
    let path = file.argument();
    run(&mut program(&["--only=ss-environment", "--record", &path]));
    let named = run(&mut program(&["replay", &path]));
    let facts = std::fs::File::open(file.path()).expect("the recording");
    let piped = run(program(&["replay", "-"]).stdin(facts));
    assert_eq!((piped.code, piped.stdout), (named.code, named.stdout));
    assert_eq!(piped.stderr, "");
}

#[test]
fn an_older_recording_is_replaced() {
    let file = TemporaryFile::with("something older and much shorter than facts are");
    let path = file.argument();
    run(&mut program(&[
        "check",
        "--only=ss-environment",
        "--record",
        &path,
    ]));
    let again = run(&mut program(&["replay", &path]));
    assert_eq!(again.stderr, "");
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_any_work() {
    for (path, why) in [
        ("/no/such/directory/facts.json", "No such file or directory"),
        ("/dev/null", "it is not a regular file"),
        ("/tmp", "it is not a regular file"),
        ("-", "the report goes to stdout"),
    ] {
        let ran = run(&mut program(&["--record", path]));
        let expected = format!("sockdoctor: {path}: cannot be written: {why}\n");
        assert_eq!((ran.code, ran.stderr), (Some(2), expected));
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_link_is_followed_and_stays() {
    let file = TemporaryFile::with("old");
    let link = file.path().with_file_name("link");
    symlink(file.path(), &link).expect("a link");
    let argument = link.display().to_string();
    run(&mut program(&[
        "--only=ss-environment",
        "--record",
        &argument,
    ]));
    assert!(link.is_symlink());
    assert_eq!(run(&mut program(&["replay", &file.argument()])).stderr, "");
}
