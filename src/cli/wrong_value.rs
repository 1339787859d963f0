//! A value that an option does not take, told in one line. clap takes three for it, and of a
//! number it says how the reading of digits failed, not what is accepted.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error;

/// `--port 'http': a port is a number from 1 to 65535`. `None` for every other mistake, of which
/// clap tells well.
pub(crate) fn wrong_value(error: &clap::Error) -> Option<String> {
    let told = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let option = told(ContextKind::InvalidArg)?;
    let value = told(ContextKind::InvalidValue)?;
    let accepted = match error.kind() {
        ErrorKind::ValueValidation => error.source()?.to_string(),
        ErrorKind::InvalidValue => one_of(error.get(ContextKind::ValidValue)),
        _ => return None,
    };
    if value.is_empty() && accepted.is_empty() {
        return Some(format!("{option}: the value is missing"));
    }
    let option = option.split_once(' ').map_or(option, |(name, _)| name);
    Some(format!("{option} '{value}': {accepted}"))
}

fn one_of(values: Option<&ContextValue>) -> String {
    match values {
        Some(ContextValue::Strings(values)) if !values.is_empty() => {
            format!("one of {} is accepted", values.join(", "))
        }
        _ => String::new(),
    }
}
