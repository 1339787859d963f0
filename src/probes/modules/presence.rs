//! Whether and how a module is there.

use super::loaded::Loaded;
use super::{Context, Resolved, Target, tree};
use crate::probes::io_gap;
use crate::text::shown;
use sockdoctor_checks::facts::{DiagModule, Fact, Gap, KernelConfig, Presence, Why};
use std::io::ErrorKind;

/// Weighs, best evidence first: /proc/modules, what is compiled in, the module tree, the
/// kernel's configuration.
pub(super) fn decide(
    context: &Context<'_>,
    module: DiagModule,
    resolved: &Result<Resolved, Gap>,
) -> Fact<Presence> {
    if is_loaded(context.loaded, module) {
        let target = resolved.as_ref().ok().map(|resolved| &resolved.target);
        let file = target.and_then(|target| existing_file(context, target));
        return Fact::Known(Presence::Loaded { file });
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
    Fact::with_gaps(presence, unreadable(context.loaded))
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

fn existing_file(context: &Context<'_>, target: &Target) -> Option<String> {
    match target {
        Target::File(file) if context.root.kind(file).is_ok() => Some(shown(file)),
        _ => None,
    }
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
        Target::File(file) => match root.kind(file) {
            Ok(_) => Presence::Shipped { file: shown(file) },
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Presence::FileGone { file: shown(file) }
            }
            Err(error) => return Err(io_gap(shown(file), &error)),
        },
        Target::Nowhere { index } => match tree::file_of(root, tree, module.name()) {
            Some(file) => Presence::NotIndexed {
                file: shown(&file),
                index: shown(&tree.join(index)),
            },
            None => not_configured(context, module).unwrap_or(Presence::NotShipped),
        },
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
