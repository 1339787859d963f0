//! The walk on a machine that boots an image: what its files promise.

use super::table::Table;
use super::{End, Way, doubtful, finish, step};
use crate::facts::{Facts, SeenImage};
use crate::finding::Status;
use crate::path::handler::look;
use crate::path::telling;
use crate::verdict::{Shown, Walk};

/// The walk as it will be with the kernel of `image` that these facts are about.
pub(super) fn walk(facts: &Facts, table: &Table, image: &SeenImage) -> Walk {
    if !image.has_kernel {
        return without_kernel(table);
    }
    let mut way = Way::default();
    for &handler in table.handlers {
        way.step(handler.module().name(), || {
            step::handler(facts, table, handler)
        });
    }
    if way.is_open() {
        way.step("ss", || step::installed(facts));
    }
    let answer = answer(facts, table, &way);
    finish(facts, table, way, answer)
}

fn without_kernel(table: &Table) -> Walk {
    let queues = table.queues;
    Walk {
        status: Status::Skipped,
        summary: format!(
            "Not applicable: the image has no kernel. Whether {queues} can be believed is decided \
             by the kernel of the machine that runs it."
        ),
        command: table.command,
        steps: Vec::new(),
        cause: None,
        remedy: None,
        truth: Vec::new(),
        shown: Shown::Unknown,
    }
}

fn answer(facts: &Facts, table: &Table, way: &Way) -> (Status, String) {
    if let Some(fault) = &way.fault {
        let because = &fault.because;
        let summary = match fault.ends_in {
            End::Nothing => format!(
                "A machine that boots this will show no socket of this kind in ss: {because}, and \
                 an ss before 4.10 does not fall back."
            ),
            _ => format!(
                "A machine that boots this will show {} in ss: {because}, so {}.",
                table.blind, table.fallback
            ),
        };
        return (Status::Fail, summary);
    }
    if let Some(doubt) = &way.doubt {
        return (Status::Unknown, doubtful(table.queues, doubt));
    }
    let promises: Vec<String> = table
        .handlers
        .iter()
        .map(|&handler| {
            let how = telling::how_it_is_there(facts, handler, &look(facts, handler));
            format!("{} {how}", handler.module())
        })
        .collect();
    let summary = format!(
        "{} can be believed on a machine that boots this: {}.",
        table.queues,
        promises.join(", ")
    );
    (Status::Pass, summary)
}
