//! Shell patterns, as glob(3) and fnmatch(3) match them.

use glob::{MatchOptions, Pattern};

/// True when `pattern` matches `text` as fnmatch(3) without flags does.
#[cfg(feature = "libkmod")]
pub(in crate::probes) fn matches(pattern: &str, text: &str) -> bool {
    matches_with(pattern, text, false)
}

/// True when `pattern` matches `path` as glob(3) does: no wildcard crosses a slash.
pub(in crate::probes) fn matches_path(pattern: &str, path: &str) -> bool {
    matches_with(pattern, path, true)
}

/// A pattern that makes no sense matches nothing. `**` says no more than `*` in C, but means
/// directories to the glob crate.
fn matches_with(pattern: &str, text: &str, require_literal_separator: bool) -> bool {
    let mut pattern = pattern.to_owned();
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    let options = MatchOptions {
        require_literal_separator,
        ..MatchOptions::new()
    };
    Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches_with(text, options))
}
