//! Reports of recorded facts. `INSTA_UPDATE=always cargo test --test replay` writes all of them
//! anew.

#[path = "../support/program.rs"]
mod program;

mod hostile;
mod junit;
mod machines;
mod reports;
mod sarif;
mod schema;

use machines::Machine;
use program::{TemporaryFile, program, run};

/// What `replay` prints for this machine, with these options.
fn replay(machine: &Machine, options: &[&str], variables: &[(&str, &str)]) -> String {
    let facts = serde_json::to_vec(&machine.facts).expect("facts are JSON");
    let file = TemporaryFile::with(facts);
    let path = file.argument();
    let arguments = [&["replay", &path], options].concat();
    let ran = run(program(&arguments).envs(variables.iter().copied()));
    assert_eq!(ran.stderr, "", "{}", machine.name);
    ran.stdout
}
