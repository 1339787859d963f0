//! Shell patterns, as glob(3) matches them.

use glob::{MatchOptions, Pattern};

/// True when `pattern` matches `path` as glob(3) does: no wildcard crosses a slash. A pattern
/// that makes no sense matches nothing. `**` says no more than `*` in C, but means directories
/// to the glob crate.
pub(in crate::probes) fn matches_path(pattern: &str, path: &str) -> bool {
    let mut pattern = pattern.to_owned();
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    let options = MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::new()
    };
    Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches_with(path, options))
}
