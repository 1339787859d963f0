//! `sockdoctor generate`: what packages, other programs and the README need.

use super::Mistake;
use crate::cli::{Artefact, Cli, Generate};
use crate::exit::Exit;
use crate::report::{catalogue, json, listeners, trace, watch};
use crate::stdout::print;
use crate::text::{reason, shown};
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;

pub(super) fn run(options: &Generate) -> Result<Exit, Mistake> {
    match &options.what {
        Artefact::Schema => print(&json::schema()),
        Artefact::SchemaListeners => print(&listeners::json::schema()),
        Artefact::SchemaWatch => print(&watch::json::schema()),
        Artefact::SchemaTrace => print(&trace::json::schema()),
        Artefact::Catalogue => print(&catalogue::markdown()),
        Artefact::Completions { shell } => print(&completions(*shell)),
        Artefact::Man { folder } => man(folder),
    }?;
    Ok(Exit::Fine)
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page for the program and one for each of its commands.
fn man(folder: &Path) -> Result<(), Mistake> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| Mistake(format!("{}: {}", shown(folder), reason(&error))))
}
