//! modprobe.d(5): what it says, and where it stands.
//! The grammar is that of kmod_config_parse (libkmod/libkmod-config.c) and freadline_wrapped
//! (shared/util.c).

mod files;

use crate::root::Root;
use crate::text::{quoted, shown, text};
pub(super) use files::Sources;
use sockdoctor_checks::facts::{Gap, Place, Rule, RuleKind};
use std::path::Path;

/// What a rule says, in the spelling in which libkmod keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

/// What modprobe.d says, in the order in which it applies.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The rules that can stop a module.
    pub(super) lines: Vec<Line>,
    /// The subjects of `remove`. modprobe takes them for modules that exist.
    pub(super) removals: Vec<String>,
    /// The patterns of `softdep`, and the modules and aliases that they name.
    pub(super) soft_dependencies: Vec<(String, Vec<String>)>,
    /// What could not be read.
    pub(super) gaps: Vec<Gap>,
}

impl Configuration {
    /// Reads these files, and the two that depmod leaves in the module tree.
    pub(super) fn read(root: &dyn Root, tree: &Path, sources: Sources) -> Self {
        let (files, gaps) = files::read(root, tree, &sources);
        let mut configuration = Configuration {
            gaps: sources.gaps,
            ..Configuration::default()
        };
        configuration.gaps.extend(gaps);
        for file in &files {
            configuration.parse(&file.path, &file.bytes);
        }
        configuration
    }

    fn parse(&mut self, path: &Path, bytes: &[u8]) {
        for line in logical_lines(bytes) {
            match statement(&line.text) {
                Some(Statement::Rule(directive)) => {
                    self.lines.push(located(path, &line, directive));
                }
                Some(Statement::Remove(subject)) => self.removals.push(subject),
                Some(Statement::SoftDependency(module, names)) => {
                    self.soft_dependencies.push((module, names));
                }
                None => {}
            }
        }
    }
}

fn located(path: &Path, line: &Logical, directive: Directive) -> Line {
    let place = Place {
        path: shown(path),
        line: Some(line.first),
    };
    Line {
        rule: Rule {
            kind: directive.kind,
            text: quoted(line.text.trim()),
            place: Some(place),
            more_lines: line.last - line.first,
            unlisted: 0,
        },
        directive,
    }
}

/// A line as modprobe reads it, and the numbers of the first and the last line of the file that
/// it is made of.
struct Logical {
    first: u32,
    last: u32,
    text: String,
}

impl Logical {
    /// C ends the line at a zero byte.
    fn new(first: u32, last: u32, line: &[u8]) -> Self {
        let end = line.iter().position(|&byte| byte == 0);
        let text = text(&line[..end.unwrap_or(line.len())]);
        Logical { first, last, text }
    }
}

/// Lines with the numbers of their parts. A backslash joins the next line, in comments too;
/// before any other character it is dropped. At the end of
/// the file it is nothing, as in kmod 34; older ones take it for a byte that no name has.
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
                lines.push(Logical::new(first, number, &line));
                line.clear();
                number += 1;
                first = number;
            }
            byte => line.push(byte),
        }
    }
    lines.push(Logical::new(first, number, &line));
    lines
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
enum Statement {
    Rule(Directive),
    Remove(String),
    SoftDependency(String, Vec<String>),
}

/// What a line says, `None` for a line that has no part in whether a module loads.
fn statement(line: &str) -> Option<Statement> {
    let (command, rest) = token(line)?;
    let (subject, rest) = token(rest)?;
    let subject = underscores(subject)?;
    let (kind, object) = match command {
        "blacklist" => (RuleKind::Blacklist, String::new()),
        "install" if !rest.is_empty() => (RuleKind::Install, rest.to_owned()),
        "alias" => (RuleKind::Alias, underscores(token(rest)?.0)?),
        "remove" if !rest.is_empty() => return Some(Statement::Remove(subject)),
        "softdep" if !rest.is_empty() => {
            return Some(Statement::SoftDependency(subject, soft_dependencies(rest)));
        }
        _ => return None,
    };
    Some(Statement::Rule(Directive {
        kind,
        subject,
        object,
    }))
}

/// The names after `pre:` and `post:` (kmod_config_add_softdep).
fn soft_dependencies(rest: &str) -> Vec<String> {
    let mode = |word: &&str| ["pre:", "post:"].contains(word);
    let words = rest.split_ascii_whitespace();
    let names = words.skip_while(|word| !mode(word));
    names
        .filter(|word| !mode(word))
        .map(str::to_owned)
        .collect()
}

/// The first word and what follows the one separator after it, as strtok_r splits them.
fn token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (!word.is_empty()).then_some((word, rest))
}

/// Dashes are underscores, but not in the brackets of a pattern. `None` where a bracket lacks
/// its other half (underscores and alias_normalize, shared/util.c).
pub(super) fn underscores(name: &str) -> Option<String> {
    let mut inside = false;
    let spell = |c| {
        match c {
            ']' if !inside => return None,
            '[' => inside = true,
            ']' => inside = false,
            '-' if !inside => return Some('_'),
            _ => {}
        }
        Some(c)
    };
    let spelled = name.chars().map(spell).collect();
    if inside { None } else { spelled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(bytes: &[u8]) -> Configuration {
        let mut configuration = Configuration::default();
        configuration.parse(Path::new("/x"), bytes);
        configuration
    }

    fn directive(line: &str) -> Option<Directive> {
        match statement(line)? {
            Statement::Rule(directive) => Some(directive),
            _ => None,
        }
    }

    fn texts(text: &str) -> Vec<(u32, String)> {
        let lines = parse(text.as_bytes()).lines.into_iter();
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
        let lines = parse(text.as_bytes()).lines;
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
            "blacklist a]",
            "alias a[ b",
        ] {
            assert_eq!(directive(line), None, "{line}");
        }
    }

    #[test]
    fn what_a_module_softly_needs_stands_after_pre_and_post() {
        let read =
            parse(b"softdep tcp-diag odd pre: a-b  post: c\nsoftdep x\nremove y-z /bin/true\n");
        let names = vec!["a-b".to_owned(), "c".to_owned()];
        assert_eq!(read.soft_dependencies, [("tcp_diag".to_owned(), names)]);
        assert_eq!(read.removals, ["y_z"]);
    }

    #[test]
    fn a_line_ends_at_a_zero_byte() {
        assert_eq!(texts("blacklist a\0b c\n"), [(1, "blacklist a".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            let _ = parse(&bytes);
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
