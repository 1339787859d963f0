//! What `check`, `image` and `replay` have in common: judge the facts and show what came of it.

use super::Mistake;
use super::selection::Selection;
use crate::cli;
use crate::exit::Exit;
use crate::policy::{self, Applied};
use crate::report::human::Detail;
use crate::report::page::Look;
use crate::report::{Report, human, json, junit, sarif};
use crate::stdout;
use sockdoctor_checks::diagnosis::diagnose_kernels;
use sockdoctor_checks::facts::Facts;
use sockdoctor_checks::policy::Policy;
use std::mem::ManuallyDrop;
use std::path::Path;

/// The working directory, by the path that leaves the names of files in it as they are.
pub(super) const HERE: &str = "";

/// The policy that is to be applied, which lies in `folder` where none is named.
pub(super) fn applied(options: &cli::Policy, folder: &Path) -> Result<Option<Applied>, Mistake> {
    policy::load(options.config.as_deref(), folder).map_err(Mistake)
}

/// Judges `facts` by the selected checks and by `applied`, and writes the report. `recorded`:
/// they come from a file.
pub(super) fn judge(
    facts: &Facts,
    selection: &Selection,
    applied: Option<&Applied>,
    options: &cli::Output,
    recorded: bool,
) -> Result<Exit, Mistake> {
    let all = std::slice::from_ref(facts);
    judge_all(all, selection, applied, options, recorded)
}

/// The same of an image, of which there are facts with each of its kernels.
pub(super) fn judge_all(
    all: &[Facts],
    selection: &Selection,
    applied: Option<&Applied>,
    options: &cli::Output,
    recorded: bool,
) -> Result<Exit, Mistake> {
    let nothing = Policy::default();
    let policy = applied.map_or(&nothing, |applied| &applied.policy);
    let Some((facts, others)) = all.split_first() else {
        return Err(Mistake("there is nothing to judge".to_owned()));
    };
    let diagnosis = diagnose_kernels(facts, others, policy, |check| selection.has(check));
    // As for the facts of `check`: nothing comes after the report.
    let diagnosis = ManuallyDrop::new(diagnosis);
    if diagnosis.results.is_empty() {
        let why = "the selected checks have nothing to judge here: image-drift needs --expect, \
                   waivers a policy that has some";
        return Err(Mistake(why.to_owned()));
    }
    let exit = match facts.origin.is_machine() {
        true => Exit::of(&diagnosis, options.fail_on),
        false => Exit::of_image(&diagnosis, options.fail_on),
    };
    let report = Report {
        facts,
        others,
        diagnosis: &diagnosis,
        exit,
        applied,
        recorded,
    };
    stdout::print(&render(&report, options))?;
    Ok(exit)
}

fn render(report: &Report<'_>, options: &cli::Output) -> String {
    match options.format {
        cli::Format::Json => json::render(report),
        cli::Format::Junit => junit::render(report, options.fail_on),
        cli::Format::Sarif => sarif::render(report),
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
