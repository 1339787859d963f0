//! How things are said.

use super::INDENT;
use crate::report::page::{Lead, Page};
use crate::report::style::Tone;
use sockdoctor_checks::finding::{Evidence, Remedy, Source, Status, Step, Subject};
use sockdoctor_checks::list::some;
use sockdoctor_checks::policy::Ruling;
use std::time::Duration;

/// The status in a word that needs no colour, and its colour.
pub(super) const fn status(status: Status) -> (&'static str, Option<Tone>) {
    match status {
        Status::Pass => ("PASS", Some(Tone::Good)),
        Status::Skipped => ("SKIP", Some(Tone::Faint)),
        Status::Waived => ("WAIVED", Some(Tone::Faint)),
        Status::Unknown => ("UNKNOWN", Some(Tone::Unsure)),
        Status::Warn => ("WARN", Some(Tone::Warn)),
        Status::Fail => ("FAIL", Some(Tone::Bad)),
    }
}

/// What a finding is about. Nothing for the machine itself.
pub(super) fn subject(subject: &Subject, limit: usize) -> String {
    match subject {
        Subject::Host => String::new(),
        Subject::Kernels(releases) => format!("with Linux {}", some(releases, limit, "kernels")),
        Subject::Namespaces(labels) => match labels.as_slice() {
            [label] => place(label),
            labels => format!("in {}", some(labels, limit, "namespaces")),
        },
        Subject::Listener {
            address,
            namespace,
            owner,
        } => match owner {
            Some(owner) => format!("{address} {}, {owner}", place(namespace)),
            None => format!("{address} {}", place(namespace)),
        },
    }
}

/// A namespace, as a place.
pub(in crate::report) fn place(label: &str) -> String {
    match label {
        "host" => "on the host".to_owned(),
        label => format!("in {label}"),
    }
}

/// Where something was seen, and what.
pub(in crate::report) fn evidence(evidence: &Evidence) -> String {
    let at = match &evidence.source {
        Source::File(place) => place.to_string(),
        Source::Sysctl {
            name,
            namespace: Some(label),
        } => format!("{name} {}", place(label)),
        Source::Sysctl {
            name,
            namespace: None,
        } => name.clone(),
        Source::Call {
            call,
            errno: Some(errno),
        } => format!("{call}: {errno}"),
        Source::Call { call, errno: None } => call.clone(),
        Source::Counter {
            name,
            namespace,
            interval_ms,
        } => counter(name, namespace, *interval_ms),
        Source::Command(command) => format!("`{command}`"),
        Source::Environment(name) => format!("environment variable {name}"),
        Source::Gap => return evidence.says.clone(),
    };
    if evidence.says.is_empty() {
        return at;
    }
    match evidence.source {
        Source::Call { errno: Some(_), .. } => format!("{at}, {}", evidence.says),
        _ => format!("{at}: {}", evidence.says),
    }
}

/// What the policy made of a finding.
pub(in crate::report) fn ruling(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Fatal => "a warning of this check is a failure here".to_owned(),
        Ruling::Waived {
            reason, expires, ..
        } => format!("accepted until {expires}: {reason}"),
    }
}

fn counter(name: &str, namespace: &str, interval_ms: Option<u64>) -> String {
    let place = place(namespace);
    match interval_ms {
        Some(ms) => {
            let time = duration(Duration::from_millis(ms));
            format!("{name} {place}, growth in {time}")
        }
        None if namespace == "host" => format!("{name} {place}, since boot"),
        None => format!("{name} {place}, since it was created"),
    }
}

/// `11 ms`, `2.0 s`.
pub(super) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => format!("{} µs", duration.as_micros()),
        ms if ms < 1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// A line with a word before it that says what it is.
pub(super) fn label(page: &mut Page, word: &str, text: &str) {
    let lead = label_lead(page, word);
    page.entry(&lead, text);
}

/// Several lines under one word.
pub(super) fn labels(page: &mut Page, word: &str, lines: &[String]) {
    for (number, line) in lines.iter().enumerate() {
        label(page, if number == 0 { word } else { "" }, line);
    }
}

/// What mends it, and what keeps it so.
pub(super) fn remedy(page: &mut Page, remedy: &Remedy) {
    for (word, steps) in [("now", &remedy.now), ("keep", &remedy.keep)] {
        for (number, step) in steps.iter().enumerate() {
            let lead = label_lead(page, if number == 0 { word } else { "" });
            match step {
                // A command in two lines runs in two halves when it is pasted.
                Step::Run(command) | Step::Write(command) => page.unbroken(&lead, command),
                Step::Do(words) => page.entry(&lead, words),
            }
        }
    }
}

fn label_lead(page: &Page, word: &str) -> Lead {
    let word = format!("{word:4}");
    page.lead(&[(INDENT, None), (&word, Some(Tone::Faint)), ("  ", None)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        assert_eq!(duration(Duration::from_micros(11_000)), "11 ms");
        assert_eq!(duration(Duration::from_micros(400)), "400 µs");
        assert_eq!(duration(Duration::from_millis(2049)), "2.0 s");
    }
}
