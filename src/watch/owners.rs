//! Who holds the listeners that are named, each looked for once.

use crate::probes;
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::Owner;
use sockdoctor_checks::watch::{Event, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A name may take so long; a line without it is better than a watch that stands still.
const PATIENCE: Duration = Duration::from_secs(1);

/// The owners by inode. `None`: nobody was found, or could be seen.
#[derive(Debug, Default)]
pub(super) struct Owners {
    known: BTreeMap<u32, Option<Owner>>,
}

impl Owners {
    /// The process that holds the socket with this inode.
    pub(super) fn get(&self, inode: u32) -> Option<&Owner> {
        self.known.get(&inode)?.as_ref()
    }

    /// Looks for those that were not looked for before.
    pub(super) fn look_up(&mut self, inodes: impl IntoIterator<Item = u32>) {
        let new = inodes.into_iter();
        let new = new.filter(|inode| *inode != 0 && !self.known.contains_key(inode));
        let wanted: BTreeSet<u32> = new.collect();
        if wanted.is_empty() {
            return;
        }
        self.known.extend(wanted.iter().map(|&inode| (inode, None)));
        let deadline = Deadline::after(PATIENCE);
        let found = runner::start("owners", deadline, move || {
            probes::owners::collect(&wanted, deadline)
        });
        let found = found.wait();
        let found = found.value().into_iter().flatten();
        self.known
            .extend(found.map(|owner| (owner.inode, Some(owner.clone()))));
    }

    /// Adds what is known to the listener that `event` names.
    pub(super) fn name(&self, event: &mut Event) {
        if let Subject::Listener(who) = &mut event.subject {
            who.owner = self.get(who.inode).cloned();
        }
    }

    /// How many were looked for.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// Forgets listeners that are not there any more: their inodes can come again.
    pub(super) fn keep(&mut self, there: impl Fn(u32) -> bool) {
        self.known.retain(|inode, _| there(*inode));
    }
}
