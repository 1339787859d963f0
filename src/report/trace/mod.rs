//! What `trace` shows: a line for each request, and in the end what they add up to.

mod bars;
mod human;
pub(crate) mod json;
#[cfg(test)]
mod tests;

use crate::cli::ListFormat;
use crate::owners::Holder;
use crate::report::page::Look;
use crate::trace::requirements::Requirement;
use sockdoctor_checks::facts::Gap;
use sockdoctor_checks::trace::agreement::Agreement;
use sockdoctor_checks::trace::{ListenerSummary, Request, Summary};
use std::time::{Duration, SystemTime};

/// For whom it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Audience {
    /// People.
    Human(Look),
    /// Programs: one JSON document a line.
    Programs,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// When the kernel was done with it.
    pub time: SystemTime,
    /// The namespace, as its owner calls it.
    pub namespace: &'a str,
    /// The process that holds the listener.
    pub holder: Holder<'a>,
    /// The request.
    pub request: &'a Request,
    /// The functions that led to it, the innermost first.
    pub frames: Option<&'a [String]>,
}

/// What all requests add up to.
#[derive(Debug)]
pub(crate) struct Closing<'a> {
    /// How the programs were attached.
    pub method: &'static str,
    /// Between the two readings of the counters.
    pub time: Duration,
    /// The only port that was watched.
    pub port: Option<u16>,
    /// What was seen.
    pub summary: &'a Summary,
    /// Its listeners, with the names of their namespaces and their owners.
    pub listeners: Vec<Listener<'a>>,
    /// What was seen beside what was counted, by namespace: those where either is not 0.
    pub agreements: Vec<(String, Result<Agreement, Gap>)>,
    /// Drops and other requests that nobody could be told of, because events came faster than
    /// they were read.
    pub lost: Result<(u64, u64), String>,
    /// What else could not be seen.
    pub gaps: Vec<String>,
}

/// A listener at which requests were seen.
#[derive(Debug)]
pub(crate) struct Listener<'a> {
    /// Its namespace, as its owner calls it.
    pub namespace: String,
    /// The process that holds it.
    pub holder: Holder<'a>,
    /// What was seen there.
    pub seen: &'a ListenerSummary,
}

impl Audience {
    /// That which the options ask for.
    pub(crate) fn of(format: ListFormat, look: Look) -> Self {
        match format {
            ListFormat::Human => Audience::Human(look),
            ListFormat::Json => Audience::Programs,
        }
    }

    /// That the watching has begun.
    pub(crate) fn beginning(self, method: &str, namespaces: usize) -> String {
        match self {
            Audience::Human(look) => human::beginning(look, method, namespaces),
            Audience::Programs => json::beginning(method, namespaces),
        }
    }

    /// One request.
    pub(crate) fn line(self, line: &Line<'_>) -> String {
        match self {
            Audience::Human(look) => human::line(look, line),
            Audience::Programs => json::line(line),
        }
    }

    /// What they add up to.
    pub(crate) fn closing(self, closing: &Closing<'_>) -> String {
        match self {
            Audience::Human(look) => human::closing(look, closing),
            Audience::Programs => json::closing(closing),
        }
    }

    /// Whether this machine can trace, piece by piece, and what went wrong in the end.
    pub(crate) fn requirements(self, all: &[Requirement], trouble: Option<&str>) -> String {
        match self {
            Audience::Human(look) => human::requirements(look, all, trouble),
            Audience::Programs => json::requirements(all, trouble),
        }
    }
}
