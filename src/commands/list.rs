//! `sockdoctor list`: the catalogue.

use super::{Mistake, output};
use crate::cli::{Format, List};
use crate::exit::Exit;
use crate::report::catalogue;
use crate::report::page::Look;

pub(super) fn run(options: &List) -> Result<Exit, Mistake> {
    let text = match options.format {
        Format::Human => catalogue::table(Look::of_stdout(options.color)),
        Format::Json => catalogue::json(),
    };
    output::print(&text)?;
    Ok(Exit::Fine)
}
