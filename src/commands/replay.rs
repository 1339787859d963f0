//! `sockdoctor replay FILE`: judges facts that were recorded.

use super::Mistake;
use super::judge::{HERE, applied, judge};
use super::selection::Selection;
use crate::cli;
use crate::exit::Exit;
use crate::input;
use crate::text::shown;
use serde::Deserialize;
use serde_json::error::Category;
use sockdoctor_checks::facts::{FACTS_VERSION, Facts};
use std::path::Path;

pub(super) fn run(options: &cli::Replay) -> Result<Exit, Mistake> {
    let selection = Selection::of(&options.selection)?;
    let policy = applied(&options.policy, Path::new(HERE))?;
    let facts =
        read(&options.file).map_err(|why| Mistake(format!("{}: {why}", shown(&options.file))))?;
    judge(&facts, &selection, policy.as_ref(), &options.output, true)
}

/// A recording of 1,000 namespaces with 10,000 listeners has about 5 MiB.
const MOST_MIB: u64 = 256;

fn read(path: &Path) -> Result<Facts, String> {
    decode(&input::read(path, MOST_MIB)?)
}

/// Only the version, which is the one field that every version has.
#[derive(Deserialize)]
struct Header {
    facts_version: u32,
}

fn decode(bytes: &[u8]) -> Result<Facts, String> {
    let header: Header = serde_json::from_slice(bytes).map_err(|error| complaint(&error))?;
    if header.facts_version != FACTS_VERSION {
        return Err(format!(
            "holds facts of version {}, and this sockdoctor reads version {FACTS_VERSION}",
            header.facts_version
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| complaint(&error))
}

fn complaint(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => format!("not facts that sockdoctor recorded: {error}"),
        Category::Eof => format!("ends too early, at line {line} column {column}"),
        Category::Syntax | Category::Io => format!("not JSON: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sockdoctor_checks::fixture::healthy;

    #[test]
    fn what_was_written_can_be_read() {
        let facts = healthy();
        let bytes = serde_json::to_vec(&facts).expect("facts are JSON");
        assert_eq!(decode(&bytes), Ok(facts));
    }

    #[test]
    fn the_version_is_looked_at_before_the_rest() {
        assert_eq!(
            decode(br#"{"facts_version": 2, "everything": "else"}"#),
            Err("holds facts of version 2, and this sockdoctor reads version 1".to_owned())
        );
    }

    #[test]
    fn a_cut_file_says_where_it_was_cut() {
        let bytes = serde_json::to_vec_pretty(&healthy()).expect("facts are JSON");
        let complaint = decode(&bytes[..100]).expect_err("it is cut");
        assert!(
            complaint.starts_with("ends too early, at line 5 column"),
            "{complaint}"
        );
    }

    #[test]
    fn foreign_json_says_what_is_missing_where() {
        assert_eq!(
            decode(b"{\n \"name\": 1\n}"),
            Err("not facts that sockdoctor recorded: missing field `facts_version` at line 3 column 1".to_owned())
        );
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(bytes in any::<Vec<u8>>()) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
