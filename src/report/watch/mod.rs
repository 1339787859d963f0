//! How a watch is shown: a line for each event, an object a line, or a live view.

mod event;
pub(crate) mod json;
pub(crate) mod line;
pub(crate) mod live;
mod spark;
mod table;

use super::style::Tone;
use crate::exit::Exit;
use sockdoctor_checks::diagnosis::Diagnosis;
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::watch::What;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::time::{Duration, SystemTime};

/// What is going to be watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    /// Network namespaces that the first reading found.
    pub namespaces: usize,
    /// Those of them whose listeners could not be read.
    pub unread: usize,
    /// Listeners that it found in them.
    pub listeners: usize,
    /// Time from one reading to the next.
    pub interval: Duration,
    /// The number of readings after which it ends.
    pub count: Option<NonZero<u64>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Closing<'a> {
    /// How much there was of it.
    pub totals: &'a Totals,
    /// What the checks make of it.
    pub diagnosis: &'a Diagnosis,
    /// The exit code that goes with it.
    pub exit: Exit,
}

/// How much was read, and how often what happened.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Readings that were taken.
    pub readings: u64,
    /// Those that were asked for with --count.
    pub asked_for: Option<NonZero<u64>>,
    /// Readings that were left out, because those before were not told in time.
    pub skipped: u64,
    /// From the first reading to the end.
    pub duration: Duration,
    /// Events by name.
    pub events: BTreeMap<&'static str, u64>,
}

impl Totals {
    /// The number of readings that were asked for, where the watch was ended before it had taken
    /// them all.
    pub(crate) fn cut_short(&self) -> Option<u64> {
        let asked_for = self.asked_for.map(NonZero::get);
        asked_for.filter(|asked_for| self.readings < *asked_for)
    }
}

impl Closing<'_> {
    /// The ids of the checks with this status.
    fn checks(&self, status: Status) -> Vec<&'static str> {
        let results = self.diagnosis.results.iter();
        let with = results.filter(|result| result.status == status);
        with.map(|result| result.check.id).collect()
    }
}

/// By the clock on the wall, RFC 3339 with milliseconds.
fn timestamp(when: SystemTime) -> String {
    humantime::format_rfc3339_millis(when).to_string()
}

/// The time of day, UTC: `00:10:12`.
fn clock(when: SystemTime) -> String {
    timestamp(when).chars().skip(11).take(8).collect()
}

const fn tone(what: &What) -> Tone {
    match what {
        What::QueueFull { .. } | What::DropsGrew { .. } | What::UnexplainedDrops { .. } => {
            Tone::Bad
        }
        What::SynQueueFull { cookies: false, .. } => Tone::Bad,
        What::SynQueueFull { cookies: true, .. } | What::CookiesSent { .. } => Tone::Warn,
        What::QueueHasRoom { .. } | What::ReadingBack(_) | What::OnTime { .. } => Tone::Good,
        What::ReadingFailed { .. } | What::Behind { .. } => Tone::Unsure,
        What::ListenerCame
        | What::ListenerWent
        | What::NamespaceCame { .. }
        | What::NamespaceWent { .. }
        | What::More { .. } => Tone::Strong,
    }
}

#[cfg(test)]
mod tests;
