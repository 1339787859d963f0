//! What stands in a policy file.

use crate::text::nearest;
use serde::Deserialize;
use sockdoctor_checks::CATALOGUE;
use sockdoctor_checks::facts::{DiagModule, Place};
use sockdoctor_checks::limits::Limits;
use sockdoctor_checks::policy::{Date, Policy, Waiver, waivers};
use std::ops::Range;
use toml::Spanned;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    limits: LimitsTable,
    modules: ModulesTable,
    checks: ChecksTable,
    waivers: Vec<WaiverTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct LimitsTable {
    somaxconn: Bounds,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Bounds {
    min: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ModulesTable {
    required: Vec<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ChecksTable {
    fatal: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiverTable {
    id: Spanned<String>,
    subject: Option<Spanned<String>>,
    reason: Spanned<String>,
    expires: toml::value::Date,
}

/// What is wrong, and where in the text.
struct Wrong {
    at: Range<usize>,
    why: String,
}

/// The policy in these bytes, applied on the day `today`. `name` is that of the file.
///
/// # Errors
/// One line: `FILE:LINE:COLUMN: WHY`.
pub(super) fn parse(name: &str, bytes: &[u8], today: Date) -> Result<Policy, String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let (line, column) = position(&valid, valid.len());
            return Err(format!("{name}:{line}:{column}: not UTF-8"));
        }
    };
    let read = toml::from_str::<File>(text).map_err(|error| Wrong {
        at: error.span().unwrap_or_default(),
        why: error.message().replace('\n', ", "),
    });
    let policy = read.and_then(|file| Reader { name, text }.policy(file, today));
    policy.map_err(|Wrong { at, why }| {
        let (line, column) = position(text, at.start);
        format!("{name}:{line}:{column}: {why}")
    })
}

/// Line and column of a byte, both from 1; columns are characters.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn policy(&self, file: File, today: Date) -> Result<Policy, Wrong> {
        let waivers = file.waivers.into_iter();
        Ok(Policy {
            limits: Limits {
                somaxconn_min: file.limits.somaxconn.min,
                required_modules: each(&file.modules.required, module)?,
            },
            fatal: each(&file.checks.fatal, check)?,
            waivers: waivers
                .map(|table| self.waiver(table))
                .collect::<Result<_, _>>()?,
            today,
        })
    }

    fn waiver(&self, table: WaiverTable) -> Result<Waiver, Wrong> {
        let id = check(&table.id)?;
        if id == waivers::CHECK.id {
            return Err(wrong(&table.id, "waivers cannot be waived"));
        }
        let reason: Vec<&str> = table.reason.as_ref().split_whitespace().collect();
        if reason.is_empty() {
            return Err(wrong(&table.reason, "a waiver needs a reason"));
        }
        let is_empty = |subject: &&Spanned<String>| subject.as_ref().is_empty();
        if let Some(empty) = table.subject.as_ref().filter(is_empty) {
            let why = "an empty subject names nothing; leave it out to accept every finding";
            return Err(wrong(empty, why));
        }
        let (line, _) = position(self.text, table.id.span().start);
        let toml::value::Date { year, month, day } = table.expires;
        Ok(Waiver {
            id,
            subject: table.subject.map(Spanned::into_inner),
            reason: reason.join(" "),
            expires: Date::new(year, month, day),
            place: Place {
                path: self.name.to_owned(),
                line: u32::try_from(line).ok(),
            },
        })
    }
}

fn each<T, C: FromIterator<T>>(
    names: &[Spanned<String>],
    known: fn(&Spanned<String>) -> Result<T, Wrong>,
) -> Result<C, Wrong> {
    names.iter().map(known).collect()
}

fn check(name: &Spanned<String>) -> Result<&'static str, Wrong> {
    let ids = CATALOGUE.iter().map(|check| check.id);
    let found = ids.clone().find(|id| id == name.as_ref());
    found.ok_or_else(|| unknown("check", name, ids))
}

fn module(name: &Spanned<String>) -> Result<DiagModule, Wrong> {
    let modules = DiagModule::ALL.into_iter();
    // modprobe takes both, and so do people.
    let plain = name.as_ref().replace('-', "_");
    let found = modules.clone().find(|module| module.name() == plain);
    found.ok_or_else(|| unknown("diag module", name, modules.map(DiagModule::name)))
}

fn unknown(
    kind: &str,
    name: &Spanned<String>,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Wrong {
    let hint = match nearest(name.as_ref(), known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    wrong(
        name,
        format!("there is no {kind} `{}`; {hint}", name.as_ref()),
    )
}

fn wrong(value: &Spanned<String>, why: impl Into<String>) -> Wrong {
    Wrong {
        at: value.span(),
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
