//! Resolves modules through libkmod, which is what modprobe itself uses.

mod c_stderr;
mod context;
mod rules;

use super::command_line::CommandLine;
use super::file::Information;
use super::modprobe_d::{self, Line};
use super::{Resolved, Roots, Target};
use c_stderr::Silence;
use context::{Context, Module};
use sockdoctor_checks::facts::{DiagModule, Errno, Gap, Rule, Why};
use std::path::PathBuf;

/// The module tree of the running kernel, whether it is there or not.
pub(super) fn tree() -> Option<PathBuf> {
    let _silence = Silence::begin();
    let context = kmod::Context::new().ok()?;
    Some(PathBuf::from(context.dirname()))
}

/// An open context of libkmod, and where the rules stand that it may apply.
pub(super) struct Resolver(Result<Open, Gap>);

struct Open {
    context: Context,
    lines: Vec<Line>,
    gaps: Vec<Gap>,
}

impl Resolver {
    /// Opens libkmod, where its files are those of the kernel's modprobe.
    pub(super) fn open(roots: &Roots, command_line: &Result<CommandLine, Gap>) -> Self {
        if !roots.of_the_host {
            let needs = "the root directory of the host".to_owned();
            return Resolver(Err(Gap::new("modprobe.d", Why::Denied { needs })));
        }
        let directories = roots.modprobe_d.as_deref();
        let open = Context::open(&roots.tree, directories).map(|context| {
            let (mut lines, gaps) = modprobe_d::read(directories);
            lines.extend(command_line.iter().flat_map(CommandLine::modprobe_lines));
            Open {
                context,
                lines,
                gaps,
            }
        });
        let why = || Why::Unsupported("libkmod gave no context".to_owned());
        Resolver(open.ok_or_else(|| Gap::new("kmod_new", why())))
    }

    /// Where the alias of `module` leads, by the indexes of the module tree.
    pub(super) fn resolve(&self, module: DiagModule) -> Result<Resolved, Gap> {
        let open = self.0.as_ref().map_err(Clone::clone)?;
        resolve(&open.context, module).map_err(|errno| failed(module, errno))
    }

    /// The rules by which modprobe would not load `module` when the kernel asks for its alias.
    /// `missing` are the modules that would have to be loaded before it.
    pub(super) fn rules(
        &self,
        module: DiagModule,
        missing: &[String],
    ) -> Result<(Vec<Rule>, Vec<Gap>), Gap> {
        let open = self.0.as_ref().map_err(Clone::clone)?;
        let found = rules::blocking(&open.context, module, missing);
        let found = found.map_err(|errno| failed(module, errno))?;
        let gaps = found.undecided.into_iter().chain(open.gaps.iter().cloned());
        Ok((rules::place(&found.directives, &open.lines), gaps.collect()))
    }
}

/// What stands in the file of `module`.
pub(super) fn information(roots: &Roots, module: DiagModule) -> Result<Information, Errno> {
    let directories = roots.modprobe_d.as_deref();
    let context = Context::open(&roots.tree, directories).ok_or(Errno::ENOENT)?;
    context.module(module.name())?.information()
}

fn failed(module: DiagModule, errno: Errno) -> Gap {
    Gap::new(format!("look up {}", module.alias()), Why::Failed(errno))
}

/// A rule can lead the alias elsewhere. The file is then looked up by name, because it would be
/// found there if the rule were not.
fn resolve(context: &Context, module: DiagModule) -> Result<Resolved, Errno> {
    let by_name = context.module(module.name())?;
    let found = context.lookup(module.alias())?;
    let ours = found.iter().find(|found| found.name() == module.name());
    let target = match ours.or((!found.is_empty()).then_some(&by_name)) {
        Some(module) => target(module),
        None => Target::Nowhere {
            index: "modules.alias.bin",
        },
    };
    let dependencies = by_name.dependencies(context);
    let missing = dependencies.iter().filter(|needed| !needed.is_built_in());
    Ok(Resolved {
        builtin: by_name.is_built_in(),
        target,
        dependencies: missing.map(Module::name).collect(),
    })
}

fn target(module: &Module<'_>) -> Target {
    module.path().map_or(
        Target::Nowhere {
            index: "modules.dep.bin",
        },
        Target::File,
    )
}
