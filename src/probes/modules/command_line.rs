//! The kernel command line: the two parameters that keep modules out.

use super::modprobe_d::{Directive, Line};
use crate::probes::boot_loader;
use crate::probes::read_trimmed;
use crate::root::Root;
use crate::text::shown;
use sockdoctor_checks::facts::{Gap, Place, Rule, RuleKind};
use std::path::Path;

/// A list of module names, and the parameter as written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Blacklist {
    modules: Vec<String>,
    rule: Rule,
}

/// What the command line says about modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandLine(Vec<Blacklist>);

impl CommandLine {
    /// One that says nothing about modules: that of an image is not known before it boots.
    pub(super) const fn empty() -> Self {
        CommandLine(Vec::new())
    }

    /// The parameters that name one of these modules, of either kind.
    pub(super) fn naming<'a>(&'a self, modules: &'a [String]) -> impl Iterator<Item = &'a Rule> {
        let ours = |list: &&Blacklist| list.modules.iter().any(|name| modules.contains(name));
        self.0.iter().filter(ours).map(|list| &list.rule)
    }
}

/// Reads /proc/cmdline.
///
/// # Errors
/// The gap, named after the file.
pub(super) fn read(proc: &Path) -> Result<CommandLine, Gap> {
    let path = proc.join("cmdline");
    let place = Place {
        path: shown(&path),
        line: Some(1),
    };
    Ok(parse(&read_trimmed(path)?, &place))
}

/// The parameters about modules in all that the boot loader of an image has, and what could not
/// be read.
pub(super) fn of_boot_loader(root: &dyn Root) -> (CommandLine, Vec<Gap>) {
    let mut all = CommandLine::empty();
    let unread = boot_loader::each_line(root, |line, place| all.0.extend(parse(line, place).0));
    (all, unread)
}

/// modprobe reads the whole line and every `modprobe.blacklist=`. The kernel stops at `--` and
/// keeps the last `module_blacklist=` (parse_args, kernel/params.c).
fn parse(text: &str, place: &Place) -> CommandLine {
    let lists = modprobe_lists(text).into_iter();
    let mut lists: Vec<_> = lists
        .map(|(word, list)| blacklist(RuleKind::CommandLineBlacklist, word, &list, place))
        .collect();
    let for_kernel = text
        .split_ascii_whitespace()
        .take_while(|word| *word != "--");
    let last = for_kernel.filter_map(kernel_list).last();
    lists.extend(last.map(|(word, list)| blacklist(RuleKind::KernelBlacklist, word, list, place)));
    CommandLine(lists)
}

/// What a byte of the command line belongs to, for kmod.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ignored,
    Module,
    Parameter,
    Value,
}

/// The parameters `modprobe.blacklist=`, and their lists (kmod_config_parse_kcmdline,
/// libkmod/libkmod-config.c). Quotes keep spaces in a value, and stay in it.
fn modprobe_lists(line: &str) -> Vec<(&str, String)> {
    let mut lists = Vec::new();
    let (mut state, mut quoted) = (State::Module, false);
    let (mut start, mut dot, mut opened) = (0, 0, 0);
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match c {
            '"' => {
                quoted = !quoted;
                if quoted && state == State::Module && at == start {
                    (start, opened) = (at + 1, 1);
                } else if state != State::Value {
                    state = State::Ignored;
                }
            }
            ' ' | '\n' | '\t' | '\x0b' | '\x0c' | '\r' if !quoted => {
                if state == State::Value && &line[start..dot] == "modprobe" {
                    let list = line[dot + 1..at].strip_prefix("blacklist=");
                    let word = &line[start - opened..at];
                    lists.extend(list.map(|list| (word, "\"".repeat(opened) + list)));
                }
                (state, start, opened) = (State::Module, at + 1, 0);
            }
            ' ' | '\n' | '\t' | '\x0b' | '\x0c' | '\r' if state != State::Value => {
                state = State::Ignored;
            }
            '.' if state == State::Module => (state, dot) = (State::Parameter, at),
            '.' if state == State::Parameter => state = State::Ignored,
            '=' if state == State::Parameter => state = State::Value,
            '=' if state == State::Module => state = State::Ignored,
            _ => {}
        }
    }
    lists
}

/// Dashes and underscores are the same in the name of a kernel parameter (parameq).
fn kernel_list(word: &str) -> Option<(&str, &str)> {
    let (name, list) = word.split_once('=')?;
    let ours = name.trim_matches('"').replace('-', "_") == "module_blacklist";
    ours.then(|| (word, list.trim_matches('"')))
}

/// Neither list takes a dash for an underscore.
fn blacklist(kind: RuleKind, word: &str, list: &str, place: &Place) -> Blacklist {
    Blacklist {
        modules: list.split(',').map(str::to_owned).collect(),
        rule: Rule {
            kind,
            text: word.to_owned(),
            place: Some(place.clone()),
            more_lines: 0,
            unlisted: 0,
        },
    }
}

impl CommandLine {
    /// The parameter by which the kernel itself refuses one of these modules: blacklisted(),
    /// kernel/module/main.c, EPERM.
    pub(super) fn kernel_rule<'a>(
        &self,
        mut modules: impl Iterator<Item = &'a str>,
    ) -> Option<Rule> {
        modules.find_map(|module| self.rules(RuleKind::KernelBlacklist, module).pop())
    }

    /// The parameters for modprobe as libkmod understands them: a `blacklist` for each name.
    pub(super) fn modprobe_lines(&self) -> Vec<Line> {
        let ours = |list: &&Blacklist| list.rule.kind == RuleKind::CommandLineBlacklist;
        let lists = self.0.iter().filter(ours);
        let pairs = lists.flat_map(|list| list.modules.iter().map(|name| (name, &list.rule)));
        let line = |(name, rule): (&String, &Rule)| Line {
            directive: Directive {
                kind: RuleKind::Blacklist,
                subject: name.clone(),
                object: String::new(),
            },
            rule: rule.clone(),
        };
        pairs.map(line).collect()
    }

    /// The parameters for modprobe that name this module.
    pub(super) fn modprobe_rules(&self, module: &str) -> Vec<Rule> {
        self.rules(RuleKind::CommandLineBlacklist, module)
    }

    fn rules(&self, kind: RuleKind, module: &str) -> Vec<Rule> {
        let names = |list: &&Blacklist| list.modules.iter().any(|name| name == module);
        let lists = self.0.iter().filter(|list| list.rule.kind == kind);
        lists.filter(names).map(|list| list.rule.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place() -> Place {
        Place {
            path: "/proc/cmdline".to_owned(),
            line: Some(1),
        }
    }

    fn texts(rules: Vec<Rule>) -> Vec<String> {
        rules.into_iter().map(|rule| rule.text).collect()
    }

    #[test]
    fn modprobe_heeds_every_list_and_the_spelling() {
        let line = "quiet modprobe.blacklist=loop,tcp_diag -- modprobe.blacklist=tcp_diag \
                    modprobe.blacklist=udp-diag";
        let line = parse(line, &place());
        let expected = [
            "modprobe.blacklist=loop,tcp_diag",
            "modprobe.blacklist=tcp_diag",
        ];
        assert_eq!(texts(line.modprobe_rules("tcp_diag")), expected);
        assert_eq!(texts(line.modprobe_rules("udp_diag")), [""; 0]);
    }

    #[test]
    fn what_stands_in_quotes_is_no_parameter_of_its_own() {
        let line = "dyndbg=\"x modprobe.blacklist=tcp_diag\" modprobe.blacklist=\"udp_diag\"";
        let line = parse(line, &place());
        assert_eq!(texts(line.modprobe_rules("tcp_diag")), [""; 0]);
        assert_eq!(texts(line.modprobe_rules("udp_diag")), [""; 0]);
    }

    #[test]
    fn the_kernel_heeds_the_last_list_before_the_double_dash() {
        let line = "module_blacklist=tcp_diag module-blacklist=udp_diag,raw_diag \
                    -- module_blacklist=unix_diag";
        let line = parse(line, &place());
        let named = |name: &str| texts(line.kernel_rule([name].into_iter()).into_iter().collect());
        assert_eq!(named("tcp_diag"), [""; 0]);
        assert_eq!(named("raw_diag"), ["module-blacklist=udp_diag,raw_diag"]);
        assert_eq!(named("unix_diag"), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text: String) {
            let _ = parse(&text, &place()).kernel_rule(["tcp_diag"].into_iter());
        }
    }
}
