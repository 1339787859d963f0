//! The diag modules: which are there, and what keeps them from loading.

mod command_line;
mod file;
pub(in crate::probes) mod host_root;
#[cfg(feature = "libkmod")]
mod libkmod;
mod loaded;
#[cfg(feature = "libkmod")]
mod modprobe_d;
mod presence;
mod text_files;
mod tree;

use crate::text::shown;
use command_line::CommandLine;
use host_root::Root;
#[cfg(feature = "libkmod")]
use libkmod::{Resolver, information};
use loaded::Loaded;
#[cfg(not(feature = "libkmod"))]
use sockdoctor_checks::facts::Errno;
use sockdoctor_checks::facts::{
    DiagModule, Fact, Gap, Kernel, ModuleFacts, ModuleResolver, Modules, Presence, Rule, Why,
};
use std::path::{Path, PathBuf};
#[cfg(not(feature = "libkmod"))]
use text_files::Resolver;

/// Where the files are that say what modprobe would do.
#[derive(Debug, Clone)]
pub struct Roots {
    /// Where procfs is mounted.
    pub proc: PathBuf,
    /// The module tree of the running kernel, whether it is there or not.
    pub tree: PathBuf,
    /// The directories of modprobe.d, most important first. `None` for those of libkmod.
    pub modprobe_d: Option<Vec<PathBuf>>,
    /// False in a container or a chroot: the kernel's modprobe reads other files.
    pub of_the_host: bool,
}

impl Roots {
    /// Those of this machine, for a kernel of this release.
    fn of_machine(kernel: &Kernel, proc: &Path, root: &Root) -> Result<Self, Gap> {
        let release = kernel.release.known().map_err(Clone::clone)?;
        Ok(Roots {
            proc: proc.to_owned(),
            tree: tree_of_machine(release),
            modprobe_d: None,
            of_the_host: *root != Root::Other,
        })
    }
}

/// The tree that libkmod, and so modprobe, takes for the running kernel: its place is a choice
/// of the distribution that only its libkmod knows.
#[cfg(feature = "libkmod")]
fn tree_of_machine(release: &str) -> PathBuf {
    let chosen = libkmod::tree().filter(|tree| tree.is_dir());
    chosen.unwrap_or_else(|| tree::find(Path::new("/"), release))
}

#[cfg(not(feature = "libkmod"))]
fn tree_of_machine(release: &str) -> PathBuf {
    tree::find(Path::new("/"), release)
}

/// What the module tree says of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resolved {
    /// It is compiled in.
    builtin: bool,
    /// Where the alias leads.
    target: Target,
    /// The modules that have to be loaded first.
    dependencies: Vec<String>,
}

/// Where the alias of a module leads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// To this file, which may be gone.
    File(PathBuf),
    /// To no file, because this index does not name one.
    Nowhere {
        /// File name of the index.
        index: &'static str,
    },
}

/// What is known before the modules are looked at one by one.
struct Context<'a> {
    roots: &'a Roots,
    kernel: &'a Kernel,
    loaded: &'a Result<Loaded, Gap>,
    command_line: &'a Result<CommandLine, Gap>,
}

/// Observes the diag modules without loading any. `Partial` when the observer's root could not be
/// held against that of process 1: then a tree that is not there proves nothing.
pub fn collect(kernel: &Kernel) -> Fact<Modules> {
    let proc = Path::new("/proc");
    let root = host_root::compare(proc);
    match Roots::of_machine(kernel, proc, &root) {
        Ok(roots) => Fact::with_gaps(collect_in(&roots, kernel), root.gap().into_iter().collect()),
        Err(gap) => Fact::Missing(gap),
    }
}

/// The same, from other places.
pub fn collect_in(roots: &Roots, kernel: &Kernel) -> Modules {
    let context = Context {
        roots,
        kernel,
        loaded: &loaded::read(&roots.proc),
        command_line: &command_line::read(&roots.proc),
    };
    let resolver = Resolver::open(roots, context.command_line);
    let entry = |module| module_facts(&context, &resolver, module);
    Modules {
        tree: roots.tree.is_dir().then(|| shown(&roots.tree)),
        resolver: if cfg!(feature = "libkmod") {
            ModuleResolver::Libkmod
        } else {
            ModuleResolver::TextFiles
        },
        entries: DiagModule::ALL.into_iter().map(entry).collect(),
    }
}

/// The diag modules that are in /proc/modules now.
///
/// # Errors
/// A kernel without loadable modules has no such file: [`sockdoctor_checks::facts::Why::Absent`].
pub fn loaded() -> Result<Vec<DiagModule>, Gap> {
    loaded::read(Path::new("/proc")).map(|loaded| loaded.diag_modules())
}

/// What is wrong with `file`, from which `module` did not load. `None`: nothing that it shows.
///
/// # Errors
/// The file cannot be read, or not by this build.
pub fn unloadable(
    kernel: &Kernel,
    module: DiagModule,
    file: &str,
) -> Result<Option<Presence>, Gap> {
    let proc = Path::new("/proc");
    let roots = Roots::of_machine(kernel, proc, &host_root::compare(proc))?;
    let path = Path::new(file);
    let fault = file::fault(path, kernel, || information(&roots, module))?;
    Ok(
        fault.map(|file::Fault { why, errno }| Presence::Unloadable {
            file: file.to_owned(),
            why,
            errno,
        }),
    )
}

/// Without libkmod nobody unpacks and parses a module file.
#[cfg(not(feature = "libkmod"))]
fn information(_: &Roots, _: DiagModule) -> Result<file::Information, Errno> {
    Err(Errno::ENOSYS)
}

fn module_facts(context: &Context<'_>, resolver: &Resolver, module: DiagModule) -> ModuleFacts {
    let resolved = resolve(context.roots, resolver, module);
    let presence = presence::decide(context, module, &resolved);
    let rules = match presence.value() {
        Some(Presence::BuiltIn { .. }) => Fact::Known(Vec::new()),
        Some(presence) if presence.was_not_built() => Fact::Known(Vec::new()),
        _ => rules(context, resolver, module, &resolved),
    };
    ModuleFacts {
        module,
        presence,
        rules,
    }
}

fn resolve(roots: &Roots, resolver: &Resolver, module: DiagModule) -> Result<Resolved, Gap> {
    let tree = || shown(&roots.tree);
    if !roots.of_the_host {
        let needs = "the root directory of the host".to_owned();
        return Err(Gap::new(tree(), Why::Denied { needs }));
    }
    if !roots.tree.is_dir() {
        return Err(Gap::new(tree(), Why::Absent));
    }
    resolver.resolve(module)
}

/// What stops `module`: the rules of modprobe, and the kernel's own list. The modules that have
/// to be loaded before it can be stopped as well.
fn rules(
    context: &Context<'_>,
    resolver: &Resolver,
    module: DiagModule,
    resolved: &Result<Resolved, Gap>,
) -> Fact<Vec<Rule>> {
    let missing = missing_dependencies(context.loaded, resolved);
    let on_command_line = || context.command_line.iter();
    let (mut rules, mut gaps) = resolver.rules(module, &missing).unwrap_or_else(|gap| {
        let rules = on_command_line().flat_map(|line| line.modprobe_rules(module.name()));
        (rules.collect(), vec![gap])
    });
    let names = || missing.iter().map(String::as_str).chain([module.name()]);
    rules.extend(on_command_line().flat_map(|line| line.kernel_rule(names())));
    gaps.extend(context.command_line.as_ref().err().cloned());
    Fact::with_gaps(rules, gaps)
}

fn missing_dependencies(
    loaded: &Result<Loaded, Gap>,
    resolved: &Result<Resolved, Gap>,
) -> Vec<String> {
    let needed = resolved.iter().flat_map(|resolved| &resolved.dependencies);
    let is_loaded = |name: &String| loaded.as_ref().is_ok_and(|loaded| loaded.contains(name));
    needed.filter(|name| !is_loaded(name)).cloned().collect()
}
