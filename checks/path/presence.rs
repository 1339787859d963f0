//! How it is told that a module is there, or why not.

use crate::facts::{DiagModule, Presence};
use crate::finding::Evidence;

/// As the second half of a sentence about `module`, which is not there.
pub(super) fn words(presence: &Presence, module: DiagModule) -> String {
    let option = module.config_option();
    match presence {
        Presence::NotIndexed { file, index } => {
            format!("depmod was not run, {index} does not lead to {file}")
        }
        Presence::FileGone { file } => format!("its file {file} is gone"),
        Presence::NeededFileGone { file } => {
            format!("it needs {file}, which is gone")
        }
        Presence::NotShipped => "its file is not among the modules of this kernel".to_owned(),
        Presence::NotConfigured { .. } => {
            format!("the kernel was built without it, {option} is not set")
        }
        Presence::NoModuleSupport => {
            "the kernel has no loadable modules and this one is not built in".to_owned()
        }
        Presence::Unloadable { file, why, .. } => format!("{file} {why}"),
        Presence::Loaded { file: None } => {
            "no file of it is left among the modules of this kernel".to_owned()
        }
        Presence::BuiltIn { .. } | Presence::Loaded { .. } | Presence::Shipped { .. } => {
            format!("{module} is there")
        }
    }
}

/// Where that was seen.
pub(super) fn evidence(presence: &Presence, module: DiagModule) -> Evidence {
    match presence {
        Presence::NotIndexed { file, index } => {
            Evidence::file(index.clone(), None, format!("does not lead to {file}"))
        }
        Presence::FileGone { file } => {
            Evidence::file(file.clone(), None, "named by the index, not there")
        }
        Presence::NeededFileGone { file } => Evidence::file(
            file.clone(),
            None,
            "needed by it, named by the index, not there",
        ),
        Presence::NotConfigured { evidence } => Evidence::file(
            evidence.clone(),
            None,
            format!("{} is not set", module.config_option()),
        ),
        Presence::Unloadable { file, why, errno } => {
            let errno = errno.map_or_else(String::new, |errno| format!(" ({errno})"));
            Evidence::file(file.clone(), None, format!("{why}{errno}"))
        }
        Presence::NoModuleSupport => Evidence::file(
            "/proc/modules",
            None,
            "not there: CONFIG_MODULES is not set",
        ),
        Presence::NotShipped => Evidence::file(
            "/lib/modules",
            None,
            format!("nothing of {module} in the tree of this kernel"),
        ),
        Presence::BuiltIn { evidence } => Evidence::file(evidence.clone(), None, "built in"),
        Presence::Loaded { .. } => Evidence::file("/proc/modules", None, module.name()),
        Presence::Shipped { file } => Evidence::file(file.clone(), None, "there"),
    }
}
