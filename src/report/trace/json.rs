//! One JSON document a line. Strings are as the machine gave them.

use super::{Closing, Line};
use crate::report::json::SCHEMA_VERSION;
use crate::trace::requirements::{Requirement, is_met};
use serde_json::{Value, json};
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::{Gap, Owner};
use sockdoctor_checks::trace::agreement::Agreement;
use sockdoctor_checks::trace::{Outcome, Stage};
use std::collections::BTreeMap;

pub(super) fn beginning(method: &str, namespaces: usize) -> String {
    one_line(&json!({
        "schema_version": SCHEMA_VERSION,
        "kind": "beginning",
        "attached_by": method,
        "namespaces": namespaces,
    }))
}

pub(super) fn line(line: &Line<'_>) -> String {
    let request = line.request;
    let outcome = Outcome::of(request);
    one_line(&json!({
        "kind": "request",
        "time": humantime::format_rfc3339_nanos(line.time).to_string(),
        "namespace": { "inode": request.netns, "label": line.namespace },
        "client": request.client,
        "local": request.local,
        "listener": request.listener,
        "inode": request.inode,
        "process": process(line.owner),
        "request_queue": request.request_queue,
        "accept_queue": request.accept_queue,
        "backlog": request.backlog,
        "dropped": outcome.is_drop(),
        "why": outcome.name(),
        "stack": line.frames,
    }))
}

pub(super) fn closing(closing: &Closing<'_>) -> String {
    let listeners = closing.listeners.iter().map(|listener| {
        let seen = listener.seen;
        json!({
            "namespace": { "inode": seen.netns, "label": listener.namespace },
            "listener": seen.listener,
            "inode": seen.inode,
            "process": process(listener.owner.as_ref()),
            "backlog": seen.backlog,
            "longest_accept_queue": seen.longest_accept_queue,
            "longest_request_queue": seen.longest_request_queue,
            "drops": seen.drops(),
            "requests": outcomes(&seen.outcomes),
        })
    });
    let stacks = closing.summary.stacks().into_iter().map(|stack| {
        let stage = match stack.stage {
            Stage::Syn => "syn",
            Stage::FinalAck => "final-ack",
        };
        json!({ "stage": stage, "frames": stack.frames, "drops": stack.drops })
    });
    let agreements = closing.agreements.iter();
    let lost = match &closing.lost {
        Ok((drops, others)) => json!({ "drops": drops, "others": others }),
        Err(why) => json!({ "unknown": why }),
    };
    one_line(&json!({
        "kind": "summary",
        "attached_by": closing.method,
        "milliseconds": millis(closing.time),
        "port": closing.port,
        "drops": closing.summary.drops(),
        "requests": outcomes(&closing.summary.outcomes()),
        "listeners": listeners.collect::<Vec<_>>(),
        "stacks": stacks.collect::<Vec<_>>(),
        "counters": agreements.map(|(label, found)| counters(label, found)).collect::<Vec<_>>(),
        "lost": lost,
        "gaps": closing.gaps,
    }))
}

fn counters(label: &str, agreement: &Result<Agreement, Gap>) -> Value {
    match agreement {
        Ok(agreement) => json!({
            "namespace": label,
            "listen_drops": { "grew": agreement.counted_drops, "seen": agreement.seen.drops },
            "listen_overflows": {
                "grew": agreement.counted_overflows,
                "seen": agreement.seen.overflows,
            },
            "doubtful": agreement.seen.doubtful,
        }),
        Err(gap) => json!({ "namespace": label, "unknown": gap.to_string() }),
    }
}

pub(super) fn requirements(all: &[Requirement], trouble: Option<&str>) -> String {
    let pieces = all
        .iter()
        .map(|one| json!({ "name": one.name, "standing": one.standing.name(), "why": one.why }));
    one_line(&json!({
        "schema_version": SCHEMA_VERSION,
        "kind": "requirements",
        "can_run": trouble.is_none() && is_met(all),
        "trouble": trouble,
        "pieces": pieces.collect::<Vec<_>>(),
    }))
}

fn outcomes(counts: &BTreeMap<Outcome, u64>) -> BTreeMap<&'static str, u64> {
    let named = counts
        .iter()
        .map(|(outcome, count)| (outcome.name(), *count));
    named.collect()
}

fn process(owner: Option<&Owner>) -> Value {
    owner.map_or(
        Value::Null,
        |owner| json!({ "pid": owner.pid, "name": owner.name, "container": owner.container }),
    )
}

fn one_line(document: &Value) -> String {
    format!("{document}\n")
}
