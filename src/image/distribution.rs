//! os-release(5).

use super::there;
use crate::root::Root;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Distribution, Gap};
use std::path::Path;

/// Both places, the more important first.
const PLACES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// Real ones have less than 1 KiB; more is not read, because what it says is printed.
const LIMIT: usize = 64 << 10;

/// What the first of the files says.
///
/// # Errors
/// A file that is there and cannot be read, or is no os-release.
pub(super) fn collect(root: &dyn Root) -> Result<Option<Distribution>, Gap> {
    for path in PLACES.map(Path::new) {
        match there(path, root.read(path))? {
            None => {}
            Some(bytes) if bytes.len() > LIMIT => {
                let why = format!("larger than {} KiB", LIMIT >> 10);
                return Err(Gap::malformed(shown(path), why));
            }
            Some(bytes) => return Ok(Some(parse(&text(&bytes)))),
        }
    }
    Ok(None)
}

fn parse(text: &str) -> Distribution {
    let of = |key: &str| {
        let mut assignments = text
            .lines()
            .rev()
            .filter_map(|line| line.trim().split_once('='));
        let last = assignments.find(|(name, _)| *name == key);
        last.map(|(_, value)| unquoted(value))
    };
    Distribution {
        id: of("ID").unwrap_or_else(|| "linux".to_owned()),
        version: of("VERSION_ID"),
        pretty_name: of("PRETTY_NAME"),
    }
}

/// The value as a shell would take it: in single quotes nothing is special, in double quotes and
/// without any a backslash keeps the next character.
fn unquoted(value: &str) -> String {
    let inside = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(literal) = inside('\'') {
        return literal.to_owned();
    }
    let mut characters = inside('"').unwrap_or(value).chars();
    let mut plain = String::new();
    while let Some(character) = characters.next() {
        plain.extend(match character {
            '\\' => characters.next(),
            other => Some(other),
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_taken_as_a_shell_takes_them() {
        let text = "# ID=no\nID=old\nID=x\nVERSION_ID=\"1.\\\"2\"\nPRETTY_NAME='a \\b'\n";
        let expected = Distribution {
            id: "x".to_owned(),
            version: Some("1.\"2".to_owned()),
            pretty_name: Some("a \\b".to_owned()),
        };
        assert_eq!(parse(text), expected);
        assert_eq!(parse("").id, "linux");
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(line: String) {
            let _ = parse(&format!("ID={line}"));
        }
    }
}
