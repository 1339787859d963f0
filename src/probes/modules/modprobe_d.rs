//! Finds the lines of modprobe.d(5). libkmod says which rules apply; this says where they stand.
//! The grammar is that of kmod_config_parse (libkmod/libkmod-config.c) and freadline_wrapped
//! (shared/util.c).

use crate::probes::boot::drop_ins;
use crate::probes::io_gap;
use crate::root::Directory;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Gap, Place, Rule, RuleKind};
use std::path::{Path, PathBuf};

/// What a rule says, in the spelling in which libkmod keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    /// Which kind of line.
    pub(super) kind: RuleKind,
    /// The module or the alias that it is about.
    pub(super) subject: String,
    /// The command of an `install`, the module of an `alias`, else empty.
    pub(super) object: String,
}

/// A rule that stands somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// What it says.
    pub(super) directive: Directive,
    /// The rule as it is reported.
    pub(super) rule: Rule,
}

/// Reads these directories, most important first, or those of libkmod.
pub(super) fn read(directories: Option<&[PathBuf]>) -> (Vec<Line>, Vec<Gap>) {
    let root = match Directory::open(Path::new("/")) {
        Ok(root) => root,
        Err(error) => return (Vec::new(), vec![io_gap("/", &error)]),
    };
    let of_libkmod = || drop_ins::directories(&root, "modprobe.d");
    let directories = directories.map_or_else(of_libkmod, <[PathBuf]>::to_vec);
    let (files, gaps) = drop_ins::read(&root, &directories);
    let lines = files.iter().flat_map(|file| parse(&file.path, &file.bytes));
    (lines.collect(), gaps)
}

fn parse(path: &Path, bytes: &[u8]) -> Vec<Line> {
    let located = |Logical { first, last, text }| {
        let place = Place {
            path: shown(path),
            line: Some(first),
        };
        directive(&text).map(|directive| Line {
            rule: Rule {
                kind: directive.kind,
                text: text.trim().to_owned(),
                place: Some(place),
                more_lines: last - first,
            },
            directive,
        })
    };
    logical_lines(bytes)
        .into_iter()
        .filter_map(located)
        .collect()
}

/// A line as modprobe reads it, and the numbers of the first and the last line of the file that
/// it is made of.
struct Logical {
    first: u32,
    last: u32,
    text: String,
}

/// Lines with the numbers of their parts. A backslash joins the next line, in comments too;
/// before any other character it is dropped.
fn logical_lines(bytes: &[u8]) -> Vec<Logical> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let (mut number, mut first) = (1_u32, 1);
    let mut bytes = bytes.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'\n') => number += 1,
                Some(&literal) => line.push(literal),
                None => {}
            },
            b'\n' => {
                lines.push(Logical {
                    first,
                    last: number,
                    text: text(&line),
                });
                line.clear();
                number += 1;
                first = number;
            }
            byte => line.push(byte),
        }
    }
    lines.push(Logical {
        first,
        last: number,
        text: text(&line),
    });
    lines
}

/// What a line says, `None` for a line that stops nothing.
fn directive(line: &str) -> Option<Directive> {
    let (command, rest) = token(line)?;
    let (subject, rest) = token(rest)?;
    let (kind, object) = match command {
        "blacklist" => (RuleKind::Blacklist, String::new()),
        "install" if !rest.is_empty() => (RuleKind::Install, rest.to_owned()),
        "alias" => (RuleKind::Alias, underscores(token(rest)?.0)),
        _ => return None,
    };
    Some(Directive {
        kind,
        subject: underscores(subject),
        object,
    })
}

/// The first word and what follows the one separator after it, as strtok_r splits them.
fn token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (!word.is_empty()).then_some((word, rest))
}

/// Dashes are underscores, but not in the brackets of a pattern.
pub(super) fn underscores(name: &str) -> String {
    let mut bracket = false;
    let spell = |c| {
        bracket = c == '[' || bracket && c != ']';
        if c == '-' && !bracket { '_' } else { c }
    };
    name.chars().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<(u32, String)> {
        let lines = parse(Path::new("/x"), text.as_bytes()).into_iter();
        let at = |line: &Line| line.rule.place.clone().and_then(|place| place.line);
        lines
            .map(|line| (at(&line).expect("a line"), line.rule.text))
            .collect()
    }

    #[test]
    fn a_rule_over_several_lines_stands_where_it_begins() {
        let text = "#\ninstall tcp-diag \\\n  /bin/true\nblacklist x\n";
        let expected = [
            (2, "install tcp-diag   /bin/true".to_owned()),
            (4, "blacklist x".to_owned()),
        ];
        assert_eq!(texts(text), expected);
    }

    #[test]
    fn a_rule_knows_how_many_lines_it_goes_on_for() {
        let text = "install \\\n  tcp_diag \\\n  /bin/true\nblacklist x\nblacklist y \\\n";
        let lines = parse(Path::new("/x"), text.as_bytes());
        let more: Vec<u32> = lines.iter().map(|line| line.rule.more_lines).collect();
        assert_eq!(more, [2, 0, 1]);
    }

    #[test]
    fn a_comment_swallows_the_line_that_it_is_joined_to() {
        assert_eq!(texts("# no \\\nblacklist tcp_diag\n"), []);
        assert_eq!(texts("  # blacklist tcp_diag"), []);
    }

    #[test]
    fn dashes_are_underscores_outside_of_brackets() {
        let line = directive("alias\tnet-pf-16-[a-z]-x  tcp-diag # off").expect("a rule");
        assert_eq!(line.subject, "net_pf_16_[a-z]_x");
        assert_eq!(line.object, "tcp_diag");
    }

    #[test]
    fn what_libkmod_calls_a_bad_line_is_no_rule() {
        for line in [
            "install tcp_diag",
            "blacklist",
            "alias x",
            "Blacklist x",
            "options x y",
        ] {
            assert_eq!(directive(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            let _ = parse(Path::new("/x"), &bytes);
        }

        #[test]
        fn a_rule_is_found_on_its_line(before in 0usize..20, spaces in "[ \t]{1,4}") {
            let text = format!("{}blacklist{spaces}tcp-diag\n", "options a b\n".repeat(before));
            let found = texts(&text);
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].0 as usize, before + 1);
        }
    }
}
