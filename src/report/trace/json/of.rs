//! From what was traced to its documents.

use super::{
    Compared, Counters, Listener, Lost, Namespace, Pair, Piece, Process, Request, Requirements,
    Stack, Summary,
};
use crate::owners::Holder;
use crate::report::json::SCHEMA_VERSION;
use crate::report::trace::{self, Closing, Line};
use crate::trace::requirements::{Requirement, is_met};
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::Gap;
use sockdoctor_checks::trace::agreement::Agreement;
use sockdoctor_checks::trace::{Outcome, StackSummary, Stage};
use std::collections::BTreeMap;

impl<'a> Request<'a> {
    pub(super) fn of(line: &'a Line<'_>) -> Self {
        let request = line.request;
        let outcome = Outcome::of(request);
        Request {
            time: humantime::format_rfc3339_nanos(line.time).to_string(),
            namespace: Namespace {
                inode: request.netns,
                label: line.namespace,
            },
            client: request.client,
            local: request.local,
            listener: request.listener,
            inode: request.inode,
            process: Process::of(line.holder),
            request_queue: request.request_queue,
            accept_queue: request.accept_queue,
            backlog: request.backlog,
            dropped: outcome.is_drop(),
            why: outcome.name(),
            stack: line.frames,
        }
    }
}

impl<'a> Summary<'a> {
    pub(super) fn of(closing: &'a Closing<'_>) -> Self {
        let agreements = closing.agreements.iter();
        let stacks = closing.summary.stacks().into_iter();
        Summary {
            attached_by: closing.method,
            milliseconds: millis(closing.time),
            port: closing.port,
            drops: closing.summary.drops(),
            requests: outcomes(&closing.summary.outcomes()),
            listeners: closing.listeners.iter().map(Listener::of).collect(),
            stacks: stacks.map(Stack::of).collect(),
            counters: agreements
                .map(|(label, found)| Counters::of(label, found))
                .collect(),
            lost: match &closing.lost {
                &Ok((drops, others)) => Lost::Known { drops, others },
                Err(unknown) => Lost::Unknown { unknown },
            },
            gaps: &closing.gaps,
        }
    }
}

impl<'a> Process<'a> {
    fn of(holder: Holder<'a>) -> Option<Self> {
        let Holder::Process(owner) = holder else {
            return None;
        };
        Some(Process {
            pid: owner.pid,
            name: &owner.name,
            container: owner.container.as_deref(),
        })
    }
}

impl<'a> Listener<'a> {
    fn of(listener: &'a trace::Listener<'_>) -> Self {
        let seen = listener.seen;
        Listener {
            namespace: Namespace {
                inode: seen.netns,
                label: &listener.namespace,
            },
            listener: seen.listener,
            inode: seen.inode,
            process: Process::of(listener.holder),
            backlog: seen.backlog,
            longest_accept_queue: seen.longest_accept_queue,
            longest_request_queue: seen.longest_request_queue,
            drops: seen.drops(),
            requests: outcomes(&seen.outcomes),
        }
    }
}

impl Stack {
    fn of(stack: StackSummary) -> Self {
        Stack {
            stage: match stack.stage {
                Stage::Syn => "syn",
                Stage::FinalAck => "final-ack",
            },
            frames: stack.frames,
            drops: stack.drops,
        }
    }
}

impl<'a> Counters<'a> {
    fn of(namespace: &'a str, agreement: &Result<Agreement, Gap>) -> Self {
        let pair = |grew, seen| Pair { grew, seen };
        let compared = match agreement {
            Ok(Agreement {
                seen,
                counted_drops,
                counted_overflows,
            }) => Compared::Known {
                listen_drops: pair(*counted_drops, seen.drops),
                listen_overflows: pair(*counted_overflows, seen.overflows),
                doubtful: seen.doubtful,
            },
            Err(gap) => Compared::Unknown {
                unknown: gap.to_string(),
            },
        };
        Counters {
            namespace,
            compared,
        }
    }
}

impl<'a> Requirements<'a> {
    pub(super) fn of(all: &'a [Requirement], trouble: Option<&'a str>) -> Self {
        let pieces = all.iter().map(|one| Piece {
            name: one.name,
            standing: one.standing.name(),
            why: &one.why,
        });
        Requirements {
            schema_version: SCHEMA_VERSION,
            can_run: trouble.is_none() && is_met(all),
            trouble,
            pieces: pieces.collect(),
        }
    }
}

fn outcomes(counts: &BTreeMap<Outcome, u64>) -> BTreeMap<&'static str, u64> {
    let named = counts
        .iter()
        .map(|(outcome, count)| (outcome.name(), *count));
    named.collect()
}
