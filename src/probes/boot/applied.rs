//! Who carries out at boot what the drop-in files say.

use crate::probes::io_gap;
use crate::root::Root;
use crate::text::shown;
use sockdoctor_checks::facts::{Doubt, Gap, Why};
use std::io::ErrorKind;
use std::path::Path;

/// Where the helpers of systemd lie, before and after the merge of /lib and /usr/lib.
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd", "/lib/systemd"];

/// There only on a machine that systemd booted (sd_booted(3)), also where its helpers lie
/// elsewhere, as on NixOS.
const BOOTED: &str = "/run/systemd/system";

/// Scripts that apply sysctl.d in an order of their own: those of OpenRC, of Debian's procps and
/// of void-runit. The first runs `sysctl --system` of procps or goes through folders in a fixed
/// order, and which folders these are differs between OpenRC and Alpine.
const SCRIPTS: [&str; 3] = [
    "/etc/init.d/sysctl",
    "/etc/init.d/procps",
    "/etc/runit/core-services/08-sysctl.sh",
];

/// Where an administrator replaces a unit, or masks it with a link to /dev/null.
const UNITS: &str = "/etc/systemd/system";

/// Whether systemd is there with its helper of this name.
///
/// # Errors
/// That could not be seen, or the unit that runs it is not the one of systemd.
pub(super) fn by_systemd(root: &dyn Root, helper: &str) -> Result<bool, Gap> {
    let helpers = SYSTEMD.map(|directory| Path::new(directory).join(helper));
    for path in helpers
        .iter()
        .map(|path| &**path)
        .chain([Path::new(BOOTED)])
    {
        if is_there(root, path)? {
            return replaced(root, helper)?.map_or(Ok(true), Err);
        }
    }
    Ok(false)
}

/// The gap for a helper whose unit is masked or replaced.
fn replaced(root: &dyn Root, helper: &str) -> Result<Option<Gap>, Gap> {
    let unit = format!("{helper}.service");
    let units = Path::new(UNITS);
    let there = match root.list(units) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_gap(shown(units), &error)),
    };
    let is_replaced = there.iter().any(|entry| entry.name == *unit);
    let why = || format!("{UNITS}/{unit} masks or replaces the unit of systemd");
    let gap = || {
        Gap::new(
            format!("whether {helper} runs at boot"),
            Why::Unsupported(why()),
        )
    };
    Ok(is_replaced.then(gap))
}

/// What becomes of sysctl.d without systemd.
///
/// # Errors
/// It could not be seen who applies it.
pub(super) fn without_systemd(root: &dyn Root) -> Result<Doubt, Gap> {
    for script in SCRIPTS {
        if is_there(root, Path::new(script))? {
            return Ok(Doubt::AppliedBy {
                script: script.to_owned(),
            });
        }
    }
    Ok(Doubt::NobodyApplies)
}

fn is_there(root: &dyn Root, path: &Path) -> Result<bool, Gap> {
    match root.kind(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_gap(shown(path), &error)),
    }
}
