//! Answers through libkmod, which is what modprobe itself uses.

mod c_stderr;
mod context;
mod on_demand;

use super::kmod::{self, Kmod};
use super::modprobe_d::{Configuration, Directive};
use c_stderr::Silence;
use context::{Context, List, Module};
use sockdoctor_checks::facts::{Errno, Gap, RuleKind, Why};
use std::path::{Path, PathBuf};

/// The module tree of the running kernel, whether it is there or not.
pub(super) fn tree() -> Option<PathBuf> {
    let _silence = Silence::begin();
    let context = ::kmod::Context::new().ok()?;
    Some(PathBuf::from(context.dirname()))
}

/// An open context of libkmod, and where the rules stand that it may apply.
pub(super) struct Libkmod {
    context: Context,
    configuration: Configuration,
}

impl Libkmod {
    /// Opens libkmod for a tree, with the configuration in `directories` or in its own.
    /// `configuration` is what is written there.
    pub(super) fn open(
        tree: &Path,
        directories: Option<&[PathBuf]>,
        configuration: Configuration,
    ) -> Result<Self, Gap> {
        let why = || Why::Unsupported(why_no_context());
        let context = Context::open(tree, directories);
        Ok(Libkmod {
            context: context.ok_or_else(|| Gap::new("kmod_new", why()))?,
            configuration,
        })
    }
}

impl Kmod for Libkmod {
    fn lookup(&self, alias: &str) -> Result<Vec<String>, Gap> {
        let found = self.context.lookup(alias).map_err(failed(alias))?;
        Ok(found.iter().map(Module::name).collect())
    }

    fn module(&self, name: &str) -> Result<kmod::Module, Gap> {
        let module = self.context.module(name).map_err(failed(name))?;
        let file = module.path();
        let needed = module.dependencies(&self.context);
        let missing = needed.iter().filter(|needed| !needed.is_built_in());
        Ok(kmod::Module {
            file,
            dependencies: missing.map(Module::name).collect(),
            built_in: module.is_built_in(),
        })
    }

    fn install_command(&self, name: &str) -> Result<Option<String>, Gap> {
        let module = self.context.module(name).map_err(failed(name))?;
        Ok(module.install_command())
    }

    fn directives(&self, kind: RuleKind) -> Vec<Directive> {
        let list = match kind {
            RuleKind::Blacklist => List::Blacklists,
            RuleKind::Alias => List::Aliases,
            RuleKind::Install => List::InstallCommands,
            RuleKind::CommandLineBlacklist | RuleKind::KernelBlacklist => return Vec::new(),
        };
        let entries = self.context.configuration(list).into_iter();
        let directive = |(subject, object)| Directive {
            kind,
            subject,
            object,
        };
        entries.map(directive).collect()
    }

    fn configuration(&self) -> &Configuration {
        &self.configuration
    }
}

/// Whether the library could be loaded. Not every machine with modules has it.
pub(super) fn is_there() -> bool {
    on_demand::failure().is_none()
}

fn why_no_context() -> String {
    on_demand::failure().unwrap_or_else(|| "libkmod gave no context".to_owned())
}

fn failed(what: &str) -> impl Fn(Errno) -> Gap {
    move |errno| Gap::new(format!("look up {what}"), Why::Failed(errno))
}
