//! Which process holds a listener, asked once for each.

use crate::probes::owners;
use crate::runner::Deadline;
use sockdoctor_checks::facts::Owner;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// No event waits longer than this for the name of a process.
const PATIENCE: Duration = Duration::from_secs(1);

/// The owners that are known.
#[derive(Debug, Default)]
pub struct Owners(BTreeMap<u64, Option<Owner>>);

impl Owners {
    /// The process that holds the listener with this inode. `None` where none was found.
    pub fn of(&mut self, inode: u64) -> Option<&Owner> {
        let owner = self.0.entry(inode).or_insert_with(|| look_up(inode));
        owner.as_ref()
    }
}

fn look_up(inode: u64) -> Option<Owner> {
    let inode = u32::try_from(inode).ok()?;
    let found = owners::collect(&BTreeSet::from([inode]), Deadline::after(PATIENCE));
    found.value()?.first().cloned()
}
