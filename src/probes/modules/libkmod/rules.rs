//! Which rules keep modprobe from loading a module by its alias.
//!
//! modprobe looks the alias up, skips what is blacklisted, and for the module and everything
//! that it needs runs the `install` command in the place of loading. Blacklists do not hold for
//! needed modules (kmod_module_probe_insert_module, libkmod/libkmod-module.c).

use super::context::{Context, List, Module};
use crate::probes::boot::wildcard;
use crate::probes::modules::modprobe_d::{Directive, Line, underscores};
use sockdoctor_checks::facts::{DiagModule, Errno, Gap, Rule, RuleKind, Why};

/// What libkmod applies.
#[derive(Default)]
pub(super) struct Blocking {
    pub(super) directives: Vec<Directive>,
    /// Rules whose effect cannot be known without running them.
    pub(super) undecided: Vec<Gap>,
}

/// The rules that stop `module`, where `missing` would have to be loaded first.
pub(super) fn blocking(
    context: &Context,
    module: DiagModule,
    missing: &[String],
) -> Result<Blocking, Errno> {
    let mut blocking = Blocking {
        directives: blacklist(context, module.name()),
        ..Blocking::default()
    };
    let found = context.lookup(module.alias())?;
    let ours = |found: &Module<'_>| found.name() == module.name();
    if !found.is_empty() && !found.iter().any(ours) {
        blocking.directives.extend(diversions(context, module));
    }
    install(context, module.name(), &mut blocking)?;
    for needed in missing {
        install(context, needed, &mut blocking)?;
    }
    Ok(blocking)
}

/// libkmod compares names as they are, so a dash on the command line blacklists nothing.
fn blacklist(context: &Context, name: &str) -> Vec<Directive> {
    select(context, List::Blacklists, |subject| subject == name)
}

/// What leads the alias to something else: an `alias` rule, or an `install` rule for the alias
/// itself (kmod_lookup_alias_from_config and …_from_commands, libkmod/libkmod.c).
fn diversions(context: &Context, module: DiagModule) -> Vec<Directive> {
    let alias = underscores(module.alias());
    let aliases = select(context, List::Aliases, |pattern| {
        wildcard::matches(pattern, &alias)
    });
    if aliases.is_empty() {
        return select(context, List::InstallCommands, |subject| subject == alias);
    }
    aliases
}

/// All `install` rules for the module, when it has one that counts: whoever deletes the first
/// meets the next. A command that itself calls modprobe or insmod may load the module after
/// all, and only running it would tell.
fn install(context: &Context, name: &str, blocking: &mut Blocking) -> Result<(), Errno> {
    let Some(command) = context.module(name)?.install_command() else {
        return Ok(());
    };
    if loads_something(&command) {
        let why = "the command calls modprobe or insmod, and only running it would tell";
        let why = Why::Unsupported(why.to_owned());
        let what = format!("install {name} {}", command.trim());
        blocking.undecided.push(Gap::new(what, why));
        return Ok(());
    }
    let matches = |pattern: &str| wildcard::matches(pattern, name);
    for rule in select(context, List::InstallCommands, matches) {
        // A pattern can name the module and what it needs.
        if !blocking.directives.contains(&rule) {
            blocking.directives.push(rule);
        }
    }
    Ok(())
}

fn loads_something(command: &str) -> bool {
    let mut words = command.split(|c: char| c.is_whitespace() || ";&|(){}'\"".contains(c));
    words.any(|word| {
        let program = word.rsplit('/').next();
        matches!(program, Some("modprobe" | "insmod"))
    })
}

/// The entries of a list that are about what `matches`, each once.
fn select(context: &Context, list: List, matches: impl Fn(&str) -> bool) -> Vec<Directive> {
    let kind = match list {
        List::Blacklists => RuleKind::Blacklist,
        List::Aliases => RuleKind::Alias,
        List::InstallCommands => RuleKind::Install,
    };
    let mut directives: Vec<Directive> = Vec::new();
    for (subject, object) in context.configuration(list) {
        let directive = Directive {
            kind,
            subject,
            object,
        };
        if matches(&directive.subject) && !directives.contains(&directive) {
            directives.push(directive);
        }
    }
    directives
}

/// The lines that say what the directives say. One that stands nowhere is reported without a
/// place.
pub(super) fn place(directives: &[Directive], lines: &[Line]) -> Vec<Rule> {
    let mut rules = Vec::new();
    for directive in directives {
        let said = lines.iter().filter(|line| line.directive == *directive);
        let before = rules.len();
        rules.extend(said.map(|line| line.rule.clone()));
        if rules.len() == before {
            rules.push(unplaced(directive));
        }
    }
    rules
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
    }
}
