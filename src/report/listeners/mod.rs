//! Renders the table of listeners.

mod cell;
mod cells;
mod columns;
mod grid;
pub(crate) mod human;
pub(crate) mod json;
mod widths;
mod words;

use crate::exit::Exit;
use sockdoctor_checks::facts::Facts;
use sockdoctor_checks::listeners::{Request, Table};

/// All that a table shows.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// What was observed.
    pub facts: &'a Facts,
    /// What was asked for.
    pub request: &'a Request,
    /// What came of it.
    pub table: &'a Table<'a>,
    /// The exit code that goes with it.
    pub exit: Exit,
}
