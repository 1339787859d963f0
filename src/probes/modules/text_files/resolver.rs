//! Resolves modules without libkmod, as far as text files can tell.

use super::super::command_line::CommandLine;
use super::super::tree::module_name;
use super::super::{Resolved, Roots, Target};
use super::is_built_in;
use crate::probes::io_gap;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{DiagModule, Gap, Rule, Why};
use std::path::{Path, PathBuf};

/// The lines of modules.alias and modules.dep that concern the diag modules.
pub(in crate::probes::modules) struct Resolver {
    tree: PathBuf,
    aliases: Result<String, Gap>,
    dependencies: Result<String, Gap>,
}

impl Resolver {
    pub(in crate::probes::modules) fn open(
        roots: &Roots,
        _command_line: &Result<CommandLine, Gap>,
    ) -> Self {
        Resolver {
            tree: roots.tree.clone(),
            aliases: read(&roots.tree.join("modules.alias")),
            dependencies: read(&roots.tree.join("modules.dep")),
        }
    }

    pub(in crate::probes::modules) fn resolve(&self, module: DiagModule) -> Result<Resolved, Gap> {
        let builtin = is_built_in(&self.tree, module);
        let resolved = |target, dependencies| Resolved {
            builtin,
            target,
            dependencies,
        };
        let aliases = self.aliases.as_ref().map_err(Clone::clone)?;
        let wanted = format!("alias {} {}", module.alias(), module.name());
        if !aliases.lines().any(|line| line == wanted) {
            let index = "modules.alias";
            return Ok(resolved(Target::Nowhere { index }, Vec::new()));
        }
        let dependencies = self.dependencies.as_ref().map_err(Clone::clone)?;
        let index = "modules.dep";
        let nowhere = || resolved(Target::Nowhere { index }, Vec::new());
        let found = dependencies
            .lines()
            .find_map(|line| dependency(line, module));
        Ok(found.map_or_else(nowhere, |(file, needs)| {
            resolved(Target::File(self.tree.join(file)), needs)
        }))
    }

    /// The rules of modprobe.d are not read: libkmod decides which of them apply.
    pub(in crate::probes::modules) fn rules(
        &self,
        _module: DiagModule,
        _missing: &[String],
    ) -> Result<(Vec<Rule>, Vec<Gap>), Gap> {
        let why = "this build has no libkmod, so it cannot tell what modprobe.d blocks";
        Err(Gap::new("modprobe.d", Why::Unsupported(why.to_owned())))
    }
}

/// An index that is not there is empty: depmod was not run.
fn read(path: &Path) -> Result<String, Gap> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(text(&bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(io_gap(shown(path), &error)),
    }
}

/// File and needed modules of a line `kernel/net/ipv4/tcp_diag.ko: kernel/net/ipv4/inet_diag.ko`.
fn dependency(line: &str, module: DiagModule) -> Option<(&str, Vec<String>)> {
    let (file, needs) = line.split_once(':')?;
    let ours = module_name(Path::new(file)).as_deref() == Some(module.name());
    let names = |needs: &str| {
        needs
            .split(' ')
            .map(Path::new)
            .filter_map(module_name)
            .collect()
    };
    ours.then(|| (file, names(needs)))
}
