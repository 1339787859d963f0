//! The diag modules: which are there, and what keeps them from loading.

mod command_line;
mod file;
mod kmod;
#[cfg(feature = "libkmod")]
mod libkmod;
mod loaded;
mod modprobe_d;
mod of_image;
mod presence;
mod program;
mod reader;
mod rules;
mod tree;

pub(crate) use program::MODPROBE;

use super::{host_root, io_gap};
use crate::root::{Directory, Root};
use crate::text::shown;
use command_line::CommandLine;
use kmod::Kmod;
#[cfg(feature = "libkmod")]
use libkmod::Libkmod;
use loaded::Loaded;
use modprobe_d::{Configuration, Sources};
use reader::Reader;
use sockdoctor_checks::facts::{
    DiagModule, Fact, Gap, Kernel, ModuleFacts, ModuleResolver, Modules, Presence, Rule, Why,
};
use std::path::{Path, PathBuf};

/// What a machine resolves modules with: libkmod, as its modprobe does, where it has one.
fn resolver() -> ModuleResolver {
    #[cfg(feature = "libkmod")]
    if libkmod::is_there() {
        return ModuleResolver::Libkmod;
    }
    ModuleResolver::Reader
}

/// Where the files of a machine are that say what modprobe would do.
#[derive(Debug, Clone)]
pub struct Roots {
    /// Where procfs is mounted.
    pub proc: PathBuf,
    /// The module tree of the running kernel, whether it is there or not.
    pub tree: PathBuf,
    /// The directories of modprobe.d, most important first. `None` for those of modprobe.
    pub modprobe_d: Option<Vec<PathBuf>>,
    /// False in a container or a chroot: the kernel's modprobe reads other files.
    pub of_the_host: bool,
    /// Who reads them. A build without libkmod has only the reader.
    pub resolver: ModuleResolver,
}

impl Roots {
    /// Those of this machine, for a kernel of this release.
    fn of_machine(kernel: &Kernel, proc: &Path, root: &host_root::Root) -> Result<Self, Gap> {
        let release = kernel.release.known().map_err(Clone::clone)?;
        Ok(Roots {
            proc: proc.to_owned(),
            tree: tree_of_machine(release)?,
            modprobe_d: None,
            of_the_host: *root != host_root::Root::Other,
            resolver: resolver(),
        })
    }
}

/// The tree that libkmod, and so modprobe, takes for the running kernel: its place is a choice
/// of the distribution that only its libkmod knows.
fn tree_of_machine(release: &str) -> Result<PathBuf, Gap> {
    #[cfg(feature = "libkmod")]
    if let Some(chosen) = libkmod::tree().filter(|tree| tree.is_dir()) {
        return Ok(chosen);
    }
    Ok(tree::find(&machine()?, release))
}

/// The files of this machine.
fn machine() -> Result<Directory, Gap> {
    let root = Path::new("/");
    Directory::open(root).map_err(|error| io_gap(shown(root), &error))
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
    root: &'a dyn Root,
    tree: &'a Path,
    /// Whether it is there. An error where the files are not those of the kernel's modprobe, or
    /// cannot be looked at.
    is_there: Result<bool, Gap>,
    kernel: &'a Kernel,
    loaded: &'a Result<Loaded, Gap>,
    command_line: &'a Result<CommandLine, Gap>,
    /// Who answers. An error where the files are not those of the kernel's modprobe.
    kmod: Result<Box<dyn Kmod + 'a>, Gap>,
    /// Which `install` commands leave open whether they load the module.
    doubt: rules::Doubt,
}

/// Where the files are that the kernel's modprobe reads.
const READ_BY_MODPROBE: [&str; 3] = ["/lib/modules", "/usr/lib/modules", "/etc/modprobe.d"];

/// Observes the diag modules without loading any. `Partial` when it is not known whether a tree is
/// there: the files are not those of process 1, could not be held against those, or cannot be
/// looked at. Then a tree that was not found proves nothing.
pub fn collect(kernel: &Kernel) -> Fact<Modules> {
    let proc = Path::new("/proc");
    let root = host_root::compare(proc, &READ_BY_MODPROBE);
    match Roots::of_machine(kernel, proc, &root) {
        Ok(roots) => collect_in(&roots, kernel).and_gaps(root.gap().into_iter().collect()),
        Err(gap) => Fact::Missing(gap),
    }
}

/// The same, from other places. `Missing` when the root directory of this machine cannot be opened.
pub fn collect_in(roots: &Roots, kernel: &Kernel) -> Fact<Modules> {
    let root = match machine() {
        Ok(root) => root,
        Err(gap) => return Fact::Missing(gap),
    };
    let command_line = command_line::read(&roots.proc);
    let context = Context {
        root: &root,
        tree: &roots.tree,
        is_there: match roots.of_the_host {
            true => tree::is_there(&root, &roots.tree),
            false => Err(Gap::new(shown(&roots.tree), of_another_root())),
        },
        kernel,
        loaded: &loaded::read(&roots.proc),
        command_line: &command_line,
        kmod: kmod_of_machine(&root, roots, &command_line),
        doubt: rules::calls_modprobe,
    };
    observe(&context, roots.resolver)
}

/// The diag modules of one kernel of an image that does not run. `kernel` says which: only its
/// release and its configuration count. `tree` is its module tree, inside `root`. Nothing is
/// loaded there, and its kernel command line is not known: rules of one are not among these.
pub fn collect_image(root: &dyn Root, kernel: &Kernel, tree: &Path) -> Fact<Modules> {
    let sources = Sources::of_modprobe(root);
    let unknown_modprobe = sources.unknown_modprobe().cloned();
    let configuration = Configuration::read(root, tree, sources);
    let context = Context {
        root,
        tree,
        is_there: tree::is_there(root, tree),
        kernel,
        loaded: &Ok(Loaded::nothing()),
        command_line: &Ok(CommandLine::empty()),
        kmod: Ok(Box::new(Reader::new(root, tree, configuration))),
        doubt: of_image::may_load,
    };
    observe(&context, ModuleResolver::Reader).map(|mut modules| {
        let unknown_modprobe = unknown_modprobe.as_ref();
        of_image::look_into_files(root, tree, kernel, unknown_modprobe, &mut modules);
        modules
    })
}

/// The diag modules of a kernel whose module tree is not there.
pub fn of_no_tree() -> Modules {
    let entry = |module| ModuleFacts {
        module,
        presence: Fact::Known(Presence::NotShipped),
        rules: Fact::Known(Vec::new()),
    };
    Modules {
        tree: None,
        resolver: ModuleResolver::Reader,
        entries: DiagModule::ALL.into_iter().map(entry).collect(),
    }
}

fn observe(context: &Context<'_>, resolver: ModuleResolver) -> Fact<Modules> {
    let there = matches!(context.is_there, Ok(true));
    let entry = |module| module_facts(context, module);
    let modules = Modules {
        tree: there.then(|| shown(context.tree)),
        resolver,
        entries: DiagModule::ALL.into_iter().map(entry).collect(),
    };
    let gap = context.is_there.as_ref().err();
    Fact::with_gaps(modules, gap.into_iter().cloned().collect())
}

/// Why files say nothing that are not those of the kernel's modprobe.
fn of_another_root() -> Why {
    let needs = "the root directory of the host".to_owned();
    Why::Denied { needs }
}

/// Who answers for this machine, where its files are those of the kernel's modprobe.
fn kmod_of_machine<'r>(
    root: &'r dyn Root,
    roots: &Roots,
    command_line: &Result<CommandLine, Gap>,
) -> Result<Box<dyn Kmod + 'r>, Gap> {
    if !roots.of_the_host {
        return Err(Gap::new("modprobe.d", of_another_root()));
    }
    let directories = roots.modprobe_d.as_deref();
    let only = directories.map(Sources::only);
    let read = |sources| {
        let mut configuration = Configuration::read(root, &roots.tree, sources);
        let of_kernel = command_line.iter().flat_map(CommandLine::modprobe_lines);
        configuration.lines.extend(of_kernel);
        configuration
    };
    #[cfg(feature = "libkmod")]
    if roots.resolver == ModuleResolver::Libkmod {
        let configuration = read(only.unwrap_or_else(|| Sources::of_any_modprobe(root)));
        let libkmod = Libkmod::open(&roots.tree, directories, configuration)?;
        return Ok(Box::new(libkmod));
    }
    let configuration = read(only.unwrap_or_else(|| Sources::of_modprobe(root)));
    Ok(Box::new(Reader::new(root, &roots.tree, configuration)))
}

/// The diag modules that are in /proc/modules now.
///
/// # Errors
/// A kernel without loadable modules has no such file: [`sockdoctor_checks::facts::Why::Absent`].
pub fn loaded() -> Result<Vec<DiagModule>, Gap> {
    loaded::read(Path::new("/proc")).map(|loaded| loaded.diag_modules())
}

/// What is wrong with `file`, from which a module did not load. `None`: nothing that it shows.
///
/// # Errors
/// The file cannot be read.
pub fn unloadable(kernel: &Kernel, file: &str) -> Result<Option<Presence>, Gap> {
    let fault = file::fault(&machine()?, Path::new(file), kernel, None)?;
    Ok(fault.map(|fault| fault.presence(file.to_owned())))
}

fn module_facts(context: &Context<'_>, module: DiagModule) -> ModuleFacts {
    let resolved = resolve(context, module);
    let presence = presence::decide(context, module, &resolved);
    let rules = match is_for_modprobe(&presence) {
        true => rules(context, module, &resolved),
        false => Fact::Known(Vec::new()),
    };
    ModuleFacts {
        module,
        presence,
        rules,
    }
}

/// Whether it would take modprobe to load it, as far as is known.
fn is_for_modprobe(presence: &Fact<Presence>) -> bool {
    let has_no_file = |presence: &Presence| {
        matches!(presence, Presence::BuiltIn { .. }) || presence.was_not_built()
    };
    !presence.value().is_some_and(has_no_file)
}

/// Where the alias of `module` leads. A rule can lead it elsewhere. The file is then looked up by
/// name, because it would be found there if the rule were not.
fn resolve(context: &Context<'_>, module: DiagModule) -> Result<Resolved, Gap> {
    let gap = |why| Gap::new(shown(context.tree), why);
    let kmod = context.kmod.as_ref().map_err(|own| gap(own.why.clone()))?;
    if !context.is_there.clone()? {
        return Err(gap(Why::Absent));
    }
    let found = kmod.lookup(module.alias())?;
    let kmod::Module {
        built_in,
        file,
        dependencies,
    } = kmod.module(module.name())?;
    let nowhere = |index| Target::Nowhere { index };
    let target = match file {
        _ if found.is_empty() => nowhere("modules.alias.bin"),
        None => nowhere("modules.dep.bin"),
        Some(file) => Target::File(file),
    };
    Ok(Resolved {
        builtin: built_in,
        target,
        dependencies,
    })
}

/// What stops `module`: the rules of modprobe, and the kernel's own list. The modules that have
/// to be loaded before it can be stopped as well.
fn rules(
    context: &Context<'_>,
    module: DiagModule,
    resolved: &Result<Resolved, Gap>,
) -> Fact<Vec<Rule>> {
    let missing = missing_dependencies(context.loaded, resolved);
    let on_command_line = || context.command_line.iter();
    let kmod = context.kmod.as_deref().map_err(Clone::clone);
    let stopping = kmod.and_then(|kmod| rules::stopping(kmod, module, &missing, context.doubt));
    let (mut rules, mut gaps) = stopping.unwrap_or_else(|gap| {
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
