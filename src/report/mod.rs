//! Renders a diagnosis. Nothing here judges, and nothing else prints.

use crate::exit::Exit;
use sockdoctor_checks::diagnosis::Diagnosis;
use sockdoctor_checks::facts::Facts;

/// All that a report shows.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was observed.
    pub facts: &'a Facts,
    /// What came of it.
    pub diagnosis: &'a Diagnosis,
    /// The exit code that goes with it.
    pub exit: Exit,
}
