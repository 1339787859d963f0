//! `sockdoctor check`: looks at this machine.

use super::judge::{HERE, applied, judge};
use super::progress::Progress;
use super::record::Recording;
use super::selection::Selection;
use super::{Mistake, expect};
use crate::cli;
use crate::collect::{Causes, Owners, Plan, collect};
use crate::exit::Exit;
use crate::runner;
use std::mem::ManuallyDrop;
use std::path::Path;

pub(super) fn run(options: &cli::Check) -> Result<Exit, Mistake> {
    let selection = Selection::of(&options.selection)?;
    let policy = applied(&options.policy, Path::new(HERE))?;
    let expected = options.expect.as_deref().map(expect::read).transpose()?;
    let recording = options
        .record
        .as_deref()
        .map(Recording::begin)
        .transpose()?;
    let plan = plan(&options.scope, &selection);
    runner::tell_panics_in_the_report();
    let progress = Progress::start(&plan);
    let facts = collect(&plan).map_err(|error| Mistake(error.to_string()))?;
    // The process ends with the report, and gives all of its memory back at once.
    let mut facts = ManuallyDrop::new(facts);
    facts.expected = expected;
    drop(progress);
    let judged = judge(&facts, &selection, policy.as_ref(), &options.output, false);
    // The report first: whoever reads it should not lose it to a full disk.
    if let Some(recording) = recording {
        recording.finish(&facts)?;
    }
    judged
}

fn plan(scope: &cli::Scope, selection: &Selection) -> Plan {
    Plan {
        checks: selection.ids().to_vec(),
        topics: sockdoctor_checks::diagnosis::topics(|check| selection.has(check)),
        namespaces: scope.netns.clone(),
        causes: Causes::First,
        passive: scope.passive,
        sample: scope.sample,
        owners: Owners::OfFindings,
        iterators: false,
        timeout: scope.timeout,
    }
}
