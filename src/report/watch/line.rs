//! A watch for people, in a pipe: a line for each event.

use super::{Closing, Opening, timestamp, tone};
use crate::exit::Exit;
use crate::report::page::{Look, Page};
use crate::report::style::Tone;
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::list::{counted, list};
use sockdoctor_checks::watch::Event;
use std::time::SystemTime;

/// Columns of an event's name: `unexplained-drops`.
const NAME: usize = 17;

/// What is watched.
pub(crate) fn opening(look: Look, when: SystemTime, opening: &Opening) -> String {
    let listeners = counted(opening.listeners, "listener");
    let namespaces = namespaces(opening);
    let every = humantime::format_duration(opening.interval);
    let end = match opening.count {
        None => String::new(),
        Some(count) => format!(", {}", counted(count.get(), "reading")),
    };
    let text = format!("{listeners} in {namespaces}, every {every}{end}");
    line(look, when, ("watching", Tone::Strong), &text)
}

/// `1 network namespace (2 more could not be read)`.
pub(super) fn namespaces(opening: &Opening) -> String {
    let read = counted(opening.namespaces - opening.unread, "network namespace");
    match opening.unread {
        0 => read,
        unread => format!("{read} ({unread} more could not be read)"),
    }
}

/// One event.
pub(crate) fn event(look: Look, when: SystemTime, event: &Event) -> String {
    let name = (event.what.name(), tone(&event.what));
    line(look, when, name, &told(event))
}

/// What came of it.
pub(crate) fn closing(look: Look, when: SystemTime, closing: &Closing<'_>) -> String {
    let totals = closing.totals;
    let readings = match totals.cut_short() {
        Some(asked_for) => format!(
            "cut short after {} of {asked_for} readings",
            totals.readings
        ),
        None => counted(totals.readings, "reading"),
    };
    let seconds = totals.duration.as_secs_f64();
    let mut parts = vec![format!("{readings} in {seconds:.1} s")];
    if totals.skipped > 0 {
        parts.push(format!("{} left out", totals.skipped));
    }
    parts.push(counted(totals.events.values().sum::<u64>(), "event"));
    let mut text = parts.join(", ");
    let named = [
        (Status::Fail, "fails", "fail"),
        (Status::Warn, "warns", "warn"),
        (Status::Unknown, "is undecided", "are undecided"),
    ];
    for (status, one, many) in named {
        let ids = closing.checks(status);
        match ids.len() {
            0 => {}
            1 => text += &format!("; {} {one}", ids[0]),
            _ => text += &format!("; {} {many}", list(&ids)),
        }
    }
    let nothing_named = named
        .iter()
        .all(|(status, ..)| closing.checks(*status).is_empty());
    let is_complete = totals.cut_short().is_none();
    if closing.exit == Exit::Undecided && nothing_named && is_complete {
        text += "; no queue and no counter was ever read";
    }
    text += &format!("; exit code {}", closing.exit.code());
    line(look, when, ("ended", Tone::Strong), &text)
}

/// To what it happened, and what happened.
pub(super) fn told(event: &Event) -> String {
    match event.about() {
        Some(about) => format!("{about}: {}", event.says()),
        None => event.says(),
    }
}

fn line(look: Look, when: SystemTime, (name, tone): (&str, Tone), text: &str) -> String {
    let mut page = Page::new(look);
    let blank = " ".repeat(NAME.saturating_sub(name.len()) + 2);
    let lead = page.lead(&[
        (&timestamp(when), Some(Tone::Faint)),
        ("  ", None),
        (name, Some(tone)),
        (&blank, None),
    ]);
    page.unbroken(&lead, text);
    page.finish()
}
