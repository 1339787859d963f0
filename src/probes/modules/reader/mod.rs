//! Answers what libkmod would answer, from a tree that is read as data. Nothing of it reaches C.

#[cfg(all(test, feature = "libkmod"))]
mod against_libkmod;
mod index;
mod indexes;

use super::kmod::{Kmod, Module};
use super::modprobe_d::{Configuration, Directive, underscores};
use crate::probes::fnmatch::matches;
use crate::probes::work::Work;
use crate::root::Root;
use crate::text::text;
use indexes::Indexes;
use sockdoctor_checks::facts::{Errno, Gap, RuleKind, Why};
use std::path::{Path, PathBuf};

/// Several times what the neediest module of a distribution's kernel needs; with more than this
/// an index is not depmod's, and every rule would be held against each.
const NEEDED: usize = 256;

/// A module tree and the configuration of modprobe.
pub(super) struct Reader<'r> {
    root: &'r dyn Root,
    tree: PathBuf,
    configuration: Configuration,
    indexes: Indexes<'r>,
}

impl<'r> Reader<'r> {
    /// Indexes are read when the first question needs them.
    pub(super) fn new(root: &'r dyn Root, tree: &Path, configuration: Configuration) -> Self {
        Reader {
            root,
            tree: tree.to_owned(),
            configuration,
            indexes: Indexes::new(root, tree),
        }
    }

    /// The first of these that knows `alias` (kmod_module_new_from_lookup,
    /// libkmod/libkmod-module.c, the same from kmod 26 to 34).
    fn find(&self, alias: &str, work: &mut Work) -> Result<Vec<String>, Gap> {
        let name = normalized(alias);
        let by_alias = self.aliases(alias, work)?;
        if !by_alias.is_empty() {
            return Ok(by_alias);
        }
        let indexed = !alias.contains(':') && self.indexes.depends.has(alias, work)?;
        if indexed {
            return Ok(vec![name]);
        }
        if alias.starts_with("symbol:") {
            let by_symbol = self.indexes.symbols.modules_of(alias, work)?;
            if !by_symbol.is_empty() {
                return Ok(by_symbol);
            }
        }
        if self.has_command(alias) {
            return Ok(vec![name]);
        }
        let by_index = self.indexes.aliases.modules_of(alias, work)?;
        if !by_index.is_empty() {
            return Ok(by_index);
        }
        if self.indexes.built_in.has(alias, work)? {
            return Ok(vec![name]);
        }
        self.indexes.built_in_aliases.modules_of(alias, work)
    }

    /// Where the `alias` rules lead (kmod_lookup_alias_from_config).
    fn aliases(&self, alias: &str, work: &mut Work) -> Result<Vec<String>, Gap> {
        let mut found = Vec::new();
        for Directive {
            subject, object, ..
        } in self.rules(RuleKind::Alias)
        {
            let steps = work.spend(subject.len() * (alias.len() + 1));
            steps.ok_or_else(|| Gap::malformed("modprobe.d", "more aliases than make sense"))?;
            if matches(subject.as_bytes(), alias.as_bytes()) {
                found.push(object.clone());
            }
        }
        Ok(found)
    }

    /// kmod_lookup_alias_from_commands: the name as it is, no pattern.
    fn has_command(&self, alias: &str) -> bool {
        let installs = self.rules(RuleKind::Install).map(|rule| &rule.subject);
        let mut all = installs.chain(&self.configuration.removals);
        all.any(|subject| subject == alias)
    }

    fn rules(&self, kind: RuleKind) -> impl Iterator<Item = &Directive> {
        let directives = self.configuration.lines.iter().map(|line| &line.directive);
        directives.filter(move |directive| directive.kind == kind)
    }

    /// Only the first `softdep` that is about the module counts, and only what it names and what
    /// is found (kmod_module_get_softdeps, lookup_softdep).
    fn has_soft_dependencies(&self, module: &str) -> Result<bool, Gap> {
        let mut all = self.configuration.soft_dependencies.iter();
        let ours = all.find(|(pattern, _)| matches(pattern.as_bytes(), module.as_bytes()));
        let names = ours.into_iter().flat_map(|(_, names)| names);
        let mut work = Work::new();
        for name in names.filter_map(|name| underscores(name)) {
            if !self.find(&name, &mut work)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files that modules.dep names for the modules that `module` needs, there or not.
    pub(super) fn needed_files(&self, module: &str) -> Result<Vec<PathBuf>, Gap> {
        let files = self.files(module, &mut Work::new())?;
        Ok(files.map_or(Vec::new(), |(_, needed)| needed))
    }

    /// The line of modules.dep about a module: its file, and those of the modules that it needs.
    fn files(&self, module: &str, work: &mut Work) -> Result<Option<(PathBuf, Vec<PathBuf>)>, Gap> {
        let line = self.indexes.depends.first(module, work)?.map(text);
        let Some((file, needed)) = line.as_deref().and_then(|line| line.split_once(':')) else {
            return Ok(None);
        };
        let needed = needed.split([' ', '\t']).filter(|file| !file.is_empty());
        let needed = needed.map(|file| self.tree.join(file));
        let needed: Vec<PathBuf> = needed.take(NEEDED + 1).collect();
        if needed.len() > NEEDED {
            let why = format!("{module} needs more than {NEEDED} modules");
            return Err(Gap::malformed("modules.dep.bin", why));
        }
        Ok(Some((self.tree.join(file), needed)))
    }

    /// The names of the modules in these files (kmod_module_parse_depline).
    fn names(&self, files: &[PathBuf]) -> Vec<String> {
        let mut names = Vec::new();
        for file in files {
            if self.root.kind(file).is_err() {
                return Vec::new();
            }
            let base = file
                .file_name()
                .map(|base| normalized(&base.to_string_lossy()));
            names.extend(base);
        }
        names.reverse();
        names
    }
}

impl Kmod for Reader<'_> {
    fn lookup(&self, alias: &str) -> Result<Vec<String>, Gap> {
        let invalid = || Gap::new(format!("look up {alias}"), Why::Failed(Errno::EINVAL));
        let alias = underscores(alias).ok_or_else(invalid)?;
        self.find(&alias, &mut Work::new())
    }

    fn module(&self, name: &str) -> Result<Module, Gap> {
        let (name, mut work) = (normalized(name), Work::new());
        let (file, needed) = self.files(&name, &mut work)?.unzip();
        Ok(Module {
            built_in: self.indexes.built_in.has(&name, &mut work)?,
            file,
            dependencies: needed.map_or(Vec::new(), |needed| self.names(&needed)),
        })
    }

    fn install_command(&self, name: &str) -> Result<Option<String>, Gap> {
        let name = normalized(name);
        let mut rules = self.rules(RuleKind::Install);
        let first = rules.find(|rule| matches(rule.subject.as_bytes(), name.as_bytes()));
        match first {
            Some(rule) if !self.has_soft_dependencies(&name)? => Ok(Some(rule.object.clone())),
            _ => Ok(None),
        }
    }

    fn directives(&self, kind: RuleKind) -> Vec<Directive> {
        self.rules(kind).cloned().collect()
    }

    fn configuration(&self) -> &Configuration {
        &self.configuration
    }
}

/// The name of a module, also of its file: up to the first dot, dashes as underscores
/// (modname_normalize, shared/util.c).
fn normalized(name: &str) -> String {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    stem.replace('-', "_")
}
