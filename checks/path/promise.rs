//! What an image promises of a handler: nothing can be asked before it boots.

use super::cause::{self, Cause};
use super::handler::{Look, named_at_boot};
use crate::facts::{BootModule, DiagModule, Facts, Gap, Presence};
use crate::finding::Evidence;

/// Why a handler will be there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Promise<'a> {
    /// It is part of the kernel.
    BuiltIn {
        /// The file that says so.
        evidence: &'a str,
    },
    /// The next boot loads it.
    AtBoot(&'a BootModule),
    /// The kernel loads it when it is asked.
    OnDemand {
        /// The module file.
        file: &'a str,
    },
}

impl Promise<'_> {
    /// As the end of a sentence about the module.
    pub(super) fn words(&self) -> String {
        match self {
            Promise::BuiltIn { .. } => "is built in".to_owned(),
            Promise::AtBoot(boot) => format!("is loaded at boot, by {}", boot.place),
            Promise::OnDemand { .. } => "is loaded when it is asked for".to_owned(),
        }
    }

    /// What it rests on.
    pub(super) fn evidence(&self) -> Evidence {
        match self {
            Promise::BuiltIn { evidence } => Evidence::file(*evidence, None, "built in"),
            Promise::AtBoot(boot) => Evidence::at(boot.place.clone(), boot.module.clone()),
            Promise::OnDemand { file } => {
                Evidence::file(*file, None, "there, and nothing stops it")
            }
        }
    }
}

/// Looks at a handler of an image. `unasked` says why it was not asked.
pub(super) fn look<'a>(facts: &'a Facts, module: DiagModule, unasked: &'a Gap) -> Look<'a> {
    let presence = cause::entry(facts, module).and_then(|entry| entry.presence.value());
    if let Some(Presence::BuiltIn { evidence }) = presence {
        return Look::Promised(Promise::BuiltIn { evidence });
    }
    let at_boot = named_at_boot(facts, module);
    let mut causes = cause::causes(facts, module);
    if at_boot.is_some() {
        causes.retain(stops_loading_at_boot);
    }
    // Something may load it at boot, before these causes matter.
    let may_load = facts.boot.modules.gaps().first();
    if let (Some(gap), false) = (may_load, causes.iter().any(stops_loading_at_boot))
        && !causes.is_empty()
    {
        return Look::NotAsked {
            gap,
            loadable: false,
        };
    }
    if !causes.is_empty() {
        return Look::Blocked {
            gap: unasked,
            causes,
        };
    }
    let unread = cause::unread(facts, module);
    match presence {
        Some(Presence::Shipped { file }) if unread.is_empty() => {
            Look::Promised(at_boot.map_or(Promise::OnDemand { file }, Promise::AtBoot))
        }
        _ => Look::NotAsked {
            gap: unread.first().copied().unwrap_or(unasked),
            loadable: false,
        },
    }
}

/// systemd-modules-load loads by name, so it needs neither alias nor kernel.modprobe, and it
/// runs before systemd-sysctl can set kernel.modules_disabled. It applies blacklists.
fn stops_loading_at_boot(cause: &Cause<'_>) -> bool {
    let is_of_later = matches!(
        cause,
        Cause::Disabled | Cause::NoHelper { .. } | Cause::Helper(_)
    );
    !(cause.is_alias() || is_of_later)
}
