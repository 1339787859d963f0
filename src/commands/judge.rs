//! What `check` and `replay` have in common: judge the facts and show what came of it.

use super::selection::Selection;
use super::{Mistake, output};
use crate::cli;
use crate::exit::Exit;
use crate::report::human::Detail;
use crate::report::page::Look;
use crate::report::{Report, human, json};
use sockdoctor_checks::diagnosis::diagnose;
use sockdoctor_checks::facts::Facts;
use sockdoctor_checks::limits::Limits;

/// Judges `facts` by the selected checks and writes the report. `recorded`: they come from a
/// file.
pub(super) fn judge(
    facts: &Facts,
    selection: &Selection,
    options: &cli::Output,
    recorded: bool,
) -> Result<Exit, Mistake> {
    let diagnosis = diagnose(facts, &Limits::default(), |check| selection.has(check));
    let exit = Exit::of(&diagnosis, options.fail_on);
    let report = Report {
        facts,
        diagnosis: &diagnosis,
        exit,
        recorded,
    };
    output::print(&render(&report, options))?;
    Ok(exit)
}

fn render(report: &Report<'_>, options: &cli::Output) -> String {
    match options.format {
        cli::Format::Json => json::render(report),
        cli::Format::Human => {
            human::render(report, Look::of_stdout(options.color), detail(options))
        }
    }
}

fn detail(options: &cli::Output) -> Detail {
    match (options.quiet, options.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    }
}
