//! The stream that a report goes to: what it can show, and how wide it is.

use super::escape::Charset;
use std::collections::BTreeMap;

/// Columns where nobody says how many there are.
const DEFAULT_WIDTH: usize = 80;
/// Longer lines are hard to read.
const WIDEST: usize = 120;
/// Narrower than this, wrapping makes it worse.
const NARROWEST: usize = 40;

/// The environment variables that decide how a report looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<&'static str, String>,
}

const NAMES: [&str; 8] = [
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NO_COLOR",
    "TERM",
];

impl Environment {
    /// The environment of this process.
    pub(crate) fn here() -> Self {
        let get = |name| Some((name, std::env::var(name).ok()?));
        Environment {
            variables: NAMES.into_iter().filter_map(get).collect(),
        }
    }

    /// The value of one of the variables.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// What the locale's character set can show, found as setlocale(3) finds it.
    pub(crate) fn charset(&self) -> Charset {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| self.get(name).filter(|value| !value.is_empty()));
        let charset = locale.and_then(|locale| locale.split(['.', '@']).nth(1));
        match charset {
            Some(name) if name.replace('-', "").eq_ignore_ascii_case("utf8") => Charset::Unicode,
            _ => Charset::Ascii,
        }
    }

    /// Columns to use for running text. `terminal` is the width of the terminal, where there is
    /// one.
    pub(crate) fn width(&self, terminal: Option<usize>) -> usize {
        self.columns(terminal).min(WIDEST)
    }

    /// Columns that there are. A serial line has a terminal that says 0.
    pub(crate) fn columns(&self, terminal: Option<usize>) -> usize {
        let columns = || self.get("COLUMNS").and_then(|value| value.parse().ok());
        terminal
            .filter(|&width| width > 0)
            .or_else(columns)
            .unwrap_or(DEFAULT_WIDTH)
            .max(NARROWEST)
    }

    /// An environment of a test's own making.
    #[cfg(test)]
    pub(super) fn of(variables: &[(&'static str, &str)]) -> Self {
        Environment {
            variables: variables
                .iter()
                .map(|&(name, value)| (name, value.to_owned()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_says_whether_there_is_unicode() {
        let charset = |variables| Environment::of(variables).charset();
        assert_eq!(charset(&[]), Charset::Ascii);
        assert_eq!(charset(&[("LANG", "C.UTF-8")]), Charset::Unicode);
        assert_eq!(charset(&[("LANG", "de_DE.utf8@euro")]), Charset::Unicode);
        assert_eq!(charset(&[("LANG", "de_DE.ISO-8859-1")]), Charset::Ascii);
        assert_eq!(charset(&[("LC_ALL", "POSIX")]), Charset::Ascii);
    }

    #[test]
    fn lc_all_wins_and_an_empty_one_does_not_count() {
        let charset = |variables| Environment::of(variables).charset();
        assert_eq!(
            charset(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]),
            Charset::Ascii
        );
        assert_eq!(
            charset(&[("LC_ALL", ""), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C")]),
            Charset::Unicode
        );
    }

    #[test]
    fn the_width_is_the_terminals_then_columns_then_eighty() {
        let with = Environment::of(&[("COLUMNS", "60")]);
        assert_eq!(with.width(Some(100)), 100);
        assert_eq!(with.width(None), 60);
        assert_eq!(Environment::default().width(None), 80);
    }

    #[test]
    fn no_width_makes_a_report_unreadable() {
        let environment = Environment::of(&[("COLUMNS", "nonsense")]);
        assert_eq!(environment.width(None), 80);
        assert_eq!(environment.width(Some(1000)), 120);
        assert_eq!(environment.width(Some(3)), 40);
    }
}
