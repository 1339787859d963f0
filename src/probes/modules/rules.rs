//! Which rules keep modprobe from loading a module by its alias.
//!
//! modprobe looks the alias up, skips what is blacklisted, and for the module and everything
//! that it needs runs the `install` command in the place of loading. Blacklists do not hold for
//! needed modules (kmod_module_probe_insert_module, libkmod/libkmod-module.c).

use super::kmod::Kmod;
use super::modprobe_d::{Directive, Line, underscores};
use crate::probes::fnmatch::matches;
use sockdoctor_checks::facts::{DiagModule, Gap, Rule, RuleKind, Why};
use std::collections::{BTreeMap, BTreeSet};

/// As many rules of one kind are listed. Nobody mends more by reading a report.
const LISTED: usize = 8;

/// Says of a command that may load the module after all why, as the end of "the command …".
pub(super) type Doubt = fn(&str) -> Option<&'static str>;

/// The rules that stop `module`, where `missing` would have to be loaded first, and what could
/// not be decided.
pub(super) fn stopping(
    kmod: &dyn Kmod,
    module: DiagModule,
    missing: &[String],
    doubt: Doubt,
) -> Result<(Vec<Rule>, Vec<Gap>), Gap> {
    let found = blocking(kmod, module, missing, doubt)?;
    let configuration = kmod.configuration();
    let gaps = found.undecided.into_iter();
    let gaps = gaps.chain(configuration.gaps.iter().cloned()).collect();
    let rules = place(&found.directives, &configuration.lines);
    Ok((shortened(rules), gaps))
}

/// What modprobe applies.
#[derive(Default)]
struct Blocking {
    directives: Vec<Directive>,
    /// Rules whose effect cannot be known without running them.
    undecided: Vec<Gap>,
}

fn blocking(
    kmod: &dyn Kmod,
    module: DiagModule,
    missing: &[String],
    doubt: Doubt,
) -> Result<Blocking, Gap> {
    let mut blocking = Blocking {
        directives: blacklist(kmod, module.name()),
        ..Blocking::default()
    };
    // `install` stops the module wherever the alias leads.
    let found = kmod.lookup(module.alias()).unwrap_or_else(|gap| {
        blocking.undecided.push(gap);
        Vec::new()
    });
    if !found.is_empty() && !found.iter().any(|found| found == module.name()) {
        let is_said = divert(kmod, module.alias(), doubt, &mut blocking)?;
        if !is_said {
            blocking.undecided.push(led_elsewhere(module, &found));
        }
    }
    install(kmod, module.name(), doubt, &mut blocking)?;
    for needed in missing {
        install(kmod, needed, doubt, &mut blocking)?;
    }
    Ok(blocking)
}

/// By an index that is not depmod's, or by a `remove` rule for the alias.
fn led_elsewhere(module: DiagModule, found: &[String]) -> Gap {
    let why = format!("leads to {}, and no rule says so", found.join(", "));
    Gap::new(module.alias(), Why::Inconsistent(why))
}

/// libkmod compares names as they are, so a dash on the command line blacklists nothing.
fn blacklist(kmod: &dyn Kmod, name: &str) -> Vec<Directive> {
    select(kmod, RuleKind::Blacklist, |subject| subject == name)
}

/// What leads the alias to something else: an `alias` rule, or an `install` rule for the alias
/// itself (kmod_lookup_alias_from_config and …_from_commands, libkmod/libkmod.c). False where
/// neither does.
fn divert(
    kmod: &dyn Kmod,
    alias: &str,
    doubt: Doubt,
    blocking: &mut Blocking,
) -> Result<bool, Gap> {
    let Some(alias) = underscores(alias) else {
        return Ok(false);
    };
    let aliases = select(kmod, RuleKind::Alias, |pattern| {
        matches(pattern.as_bytes(), alias.as_bytes())
    });
    if aliases.is_empty() {
        return install(kmod, &alias, doubt, blocking);
    }
    blocking.directives.extend(aliases);
    Ok(true)
}

/// All `install` rules for the module, when it has one that counts: whoever deletes the first
/// meets the next. Where its command may load the module after all, only running it would tell.
/// False where it has none.
fn install(
    kmod: &dyn Kmod,
    name: &str,
    doubt: Doubt,
    blocking: &mut Blocking,
) -> Result<bool, Gap> {
    let Some(command) = kmod.install_command(name)? else {
        return Ok(false);
    };
    if let Some(doubt) = doubt(&command) {
        let why = format!("the command {doubt}, and only running it would tell");
        let what = format!("install {name} {}", command.trim());
        let gap = Gap::new(what, Why::Unsupported(why));
        blocking.undecided.push(gap);
        return Ok(true);
    }
    let about = |pattern: &str| matches(pattern.as_bytes(), name.as_bytes());
    blocking
        .directives
        .extend(select(kmod, RuleKind::Install, about));
    Ok(true)
}

/// On a machine any other command is taken to load nothing: the round trip shows whether it did.
pub(super) fn calls_modprobe(command: &str) -> Option<&'static str> {
    loads_something(command).then_some("calls modprobe or insmod")
}

fn loads_something(command: &str) -> bool {
    let mut words = command.split(|c: char| c.is_whitespace() || ";&|(){}'\"".contains(c));
    words.any(|word| {
        let program = word.rsplit('/').next();
        matches!(program, Some("modprobe" | "insmod"))
    })
}

/// The rules of a kind that are about what `matches`.
fn select(kmod: &dyn Kmod, kind: RuleKind, about: impl Fn(&str) -> bool) -> Vec<Directive> {
    let all = kmod.directives(kind).into_iter();
    all.filter(|directive| about(&directive.subject)).collect()
}

/// The lines that say what the directives say, each directive once: a pattern can name the
/// module and what it needs. One that stands nowhere is reported without a place.
fn place(directives: &[Directive], lines: &[Line]) -> Vec<Rule> {
    let mut said: BTreeMap<&Directive, Vec<&Rule>> = BTreeMap::new();
    for line in lines {
        said.entry(&line.directive).or_default().push(&line.rule);
    }
    let mut seen = BTreeSet::new();
    let mut rules = Vec::new();
    for directive in directives
        .iter()
        .filter(|directive| seen.insert(*directive))
    {
        match said.get(directive) {
            Some(places) => rules.extend(places.iter().copied().cloned()),
            None => rules.push(unplaced(directive)),
        }
    }
    rules
}

/// The first rules of each kind; the last of them says how many more there are.
fn shortened(rules: Vec<Rule>) -> Vec<Rule> {
    let mut listed: Vec<Rule> = Vec::new();
    let mut last_of: BTreeMap<RuleKind, (usize, usize)> = BTreeMap::new();
    for rule in rules {
        let (number, last) = last_of.entry(rule.kind).or_default();
        if *number == LISTED {
            listed[*last].unlisted += 1;
            continue;
        }
        (*number, *last) = (*number + 1, listed.len());
        listed.push(rule);
    }
    listed
}

fn unplaced(directive: &Directive) -> Rule {
    let word = match directive.kind {
        RuleKind::Install => "install",
        RuleKind::Alias => "alias",
        _ => "blacklist",
    };
    let text = format!("{word} {} {}", directive.subject, directive.object);
    Rule {
        kind: directive.kind,
        text: text.trim_end().to_owned(),
        place: None,
        more_lines: 0,
        unlisted: 0,
    }
}
