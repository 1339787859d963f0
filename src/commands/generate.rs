//! `sockdoctor generate`: what other programs and the README need.

use super::{Mistake, output};
use crate::cli::{Artefact, Generate};
use crate::exit::Exit;
use crate::report::{catalogue, json};

pub(super) fn run(options: &Generate) -> Result<Exit, Mistake> {
    let text = match options.what {
        Artefact::Schema => json::schema(),
        Artefact::Catalogue => catalogue::markdown(),
    };
    output::print(&text)?;
    Ok(Exit::Fine)
}
