//! `sockdoctor list`: the catalogue.

use super::Mistake;
use crate::cli::{List, ListFormat};
use crate::exit::Exit;
use crate::report::catalogue;
use crate::report::page::Look;
use crate::stdout;

pub(super) fn run(options: &List) -> Result<Exit, Mistake> {
    let text = match options.format {
        ListFormat::Human => catalogue::table(Look::of_stdout(options.color)),
        ListFormat::Json => catalogue::json(),
    };
    stdout::print(&text)?;
    Ok(Exit::Fine)
}
