//! Whether and how a module is there.

use super::loaded::Loaded;
use super::{Context, Resolved, Target, tree};
use crate::text::shown;
use sockdoctor_checks::facts::{DiagModule, Fact, Gap, KernelConfig, Presence, Why};

/// Weighs, best evidence first: /proc/modules, what is compiled in, the module tree, the
/// kernel's configuration.
pub(super) fn decide(
    context: &Context<'_>,
    module: DiagModule,
    resolved: &Result<Resolved, Gap>,
) -> Fact<Presence> {
    if is_loaded(context.loaded, module) {
        let (file, gaps) = match file_next_time(context, module, resolved) {
            Ok(file) => (file, Vec::new()),
            Err(gap) => (None, vec![gap]),
        };
        return Fact::with_gaps(Presence::Loaded { file }, gaps);
    }
    if let Some(evidence) = built_in(context, module, resolved) {
        return Fact::Known(Presence::BuiltIn { evidence });
    }
    let presence = match resolved {
        Ok(resolved) => match in_tree(context, module, &resolved.target) {
            Ok(presence) => presence,
            Err(gap) => return Fact::Missing(gap),
        },
        Err(gap) => match without_tree(context, module) {
            Some(presence) => presence,
            None => return Fact::Missing(gap.clone()),
        },
    };
    let mut gaps = unreadable(context.loaded);
    if presence == Presence::NoModuleSupport {
        gaps.extend(context.kernel.config.gaps().iter().cloned());
    }
    Fact::with_gaps(presence, gaps)
}

fn is_loaded(loaded: &Result<Loaded, Gap>, module: DiagModule) -> bool {
    loaded
        .as_ref()
        .is_ok_and(|loaded| loaded.contains(module.name()))
}

/// A /proc/modules that is there but cannot be read leaves open whether the module is loaded.
fn unreadable(loaded: &Result<Loaded, Gap>) -> Vec<Gap> {
    let gap = loaded.as_ref().err().filter(|gap| gap.why != Why::Absent);
    gap.into_iter().cloned().collect()
}

/// The file that a loaded module would be loaded from again.
fn file_next_time(
    context: &Context<'_>,
    module: DiagModule,
    resolved: &Result<Resolved, Gap>,
) -> Result<Option<String>, Gap> {
    let target = match resolved {
        Ok(resolved) => &resolved.target,
        Err(gap) if gap.why == Why::Absent => return Ok(None),
        Err(gap) => return Err(gap.clone()),
    };
    Ok(match in_tree(context, module, target)? {
        Presence::Shipped { file } => Some(file),
        _ => None,
    })
}

/// The file that says that the module is compiled in. Trees of kernels before 5.2 have no
/// aliases of what is compiled in, and depmod may never have been run, so modules.builtin is
/// read where the index leads nowhere.
fn built_in(
    context: &Context<'_>,
    module: DiagModule,
    resolved: &Result<Resolved, Gap>,
) -> Option<String> {
    let tree = context.tree;
    let by_tree = resolved.as_ref().is_ok_and(|resolved| {
        let lost = matches!(resolved.target, Target::Nowhere { .. });
        resolved.builtin || lost && tree::is_built_in(context.root, tree, module.name())
    });
    if by_tree {
        return Some(shown(&tree.join("modules.builtin")));
    }
    let config = context.kernel.config.value()?;
    (config.get(module.config_option()) == Some("y")).then(|| config.source.clone())
}

/// A file that could not be looked for is not gone.
fn in_tree(context: &Context<'_>, module: DiagModule, target: &Target) -> Result<Presence, Gap> {
    let Context { root, tree, .. } = *context;
    Ok(match target {
        Target::File(file) => match tree::unless_absent(file, root.kind(file))? {
            Some(_) => Presence::Shipped { file: shown(file) },
            None => Presence::FileGone { file: shown(file) },
        },
        Target::Nowhere { index } => {
            // libkmod does not say that it could not read what leads there.
            for file in [index, "modules.builtin"].map(|file| tree.join(file)) {
                tree::unless_absent(&file, root.open(&file))?;
            }
            match tree::file_of(root, tree, module.name())? {
                Some(file) => Presence::NotIndexed {
                    file: shown(&file),
                    index: shown(&tree.join(index)),
                },
                None => not_configured(context, module).unwrap_or(Presence::NotShipped),
            }
        }
    })
}

fn without_tree(context: &Context<'_>, module: DiagModule) -> Option<Presence> {
    let no_modules = matches!(context.loaded, Err(gap) if gap.why == Why::Absent);
    let proc_is_there = context.command_line.is_ok();
    not_configured(context, module)
        .or((no_modules && proc_is_there).then_some(Presence::NoModuleSupport))
}

fn not_configured(context: &Context<'_>, module: DiagModule) -> Option<Presence> {
    let lacks = |config: &&KernelConfig| config.get(module.config_option()).is_none();
    let config = context.kernel.config.value().filter(lacks)?;
    Some(Presence::NotConfigured {
        evidence: config.source.clone(),
    })
}
