//! `sockdoctor explain ID`: the page of a check.

use super::{Mistake, selection};
use crate::cli::Explain;
use crate::exit::Exit;
use crate::report::explain;
use crate::report::page::Look;
use crate::stdout;

pub(super) fn run(options: &Explain) -> Result<Exit, Mistake> {
    let check = selection::find(&options.id)?;
    stdout::print(&explain::page(check, Look::of_stdout(options.color)))?;
    Ok(Exit::Fine)
}
