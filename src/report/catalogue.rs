//! The catalogue of checks, for people, for programs and for the README.

use super::json::pretty;
use super::page::{Look, Page};
use super::style::Tone;
use serde::Serialize;
use sockdoctor_checks::CATALOGUE;
use std::fmt::Write;

/// An aligned table.
pub(crate) fn table(look: Look) -> String {
    let mut page = Page::new(look);
    let wide = widest(|check| check.id);
    let group = widest(|check| check.group.name());
    for check in CATALOGUE {
        let lead = page.lead(&[
            (&format!("{:wide$}  ", check.id), Some(Tone::Strong)),
            (&format!("{:group$}  ", check.group.name()), None),
            (&format!("{:5}  ", check.scope.name()), None),
        ]);
        page.entry(&lead, check.title);
    }
    page.finish()
}

fn widest(text: impl Fn(&sockdoctor_checks::check::Check) -> &'static str) -> usize {
    CATALOGUE
        .iter()
        .map(|check| text(check).len())
        .max()
        .unwrap_or(0)
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    group: &'static str,
    scope: &'static str,
    of: &'static str,
    masked_by: &'static [&'static str],
}

/// A JSON array of all checks.
pub(crate) fn json() -> String {
    let entries: Vec<Entry> = CATALOGUE
        .iter()
        .map(|check| Entry {
            id: check.id,
            title: check.title,
            group: check.group.name(),
            scope: check.scope.name(),
            of: check.judges.name(),
            masked_by: check.masked_by,
        })
        .collect();
    pretty(&entries)
}

/// The table for the README.
pub(crate) fn markdown() -> String {
    let mut text =
        "| check | group | judges | of | what it holds |\n|---|---|---|---|---|\n".to_owned();
    for check in CATALOGUE {
        let (group, scope) = (check.group.name(), check.scope.name());
        let of = check.judges.name();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {group} | {scope} | {of} | {} |",
            check.id, check.title
        );
    }
    text
}
