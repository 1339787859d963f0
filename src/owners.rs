//! Who holds the listeners that are named while something goes on, each looked for once.

use crate::probes;
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{Fact, Gap, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A name may take so long; a line without it is better than one that comes late.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who holds a listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder<'a> {
    /// This process, of several the one with the lowest pid.
    Process(&'a Owner),
    /// None of all processes.
    Nobody,
    /// Nobody has looked, or not all processes could be seen.
    Unknown,
}

/// What was found by inode, and why not more.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    known: BTreeMap<u32, Looked>,
    told: BTreeSet<Gap>,
}

/// What came of looking for a holder.
#[derive(Debug)]
enum Looked {
    Found(Owner),
    /// All processes could be looked at.
    Nobody,
    /// Some could not.
    Unseen,
}

impl Owners {
    /// Who holds the socket with this inode.
    pub(crate) fn get(&self, inode: u32) -> Holder<'_> {
        match self.known.get(&inode) {
            Some(Looked::Found(owner)) => Holder::Process(owner),
            Some(Looked::Nobody) => Holder::Nobody,
            Some(Looked::Unseen) | None => Holder::Unknown,
        }
    }

    /// Looks for those that were not looked for before. Says why one could not be found, each
    /// reason once.
    pub(crate) fn look_up(&mut self, inodes: impl IntoIterator<Item = u32>) -> Vec<Gap> {
        let new = inodes.into_iter();
        let new = new.filter(|inode| *inode != 0 && !self.known.contains_key(inode));
        let wanted: BTreeSet<u32> = new.collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let deadline = Deadline::after(PATIENCE);
        let sought = wanted.clone();
        let found = runner::start("owners", deadline, move || {
            probes::owners::collect(&sought, None, deadline)
        });
        self.learn(wanted, &found.wait())
    }

    fn learn(&mut self, wanted: BTreeSet<u32>, found: &Fact<Vec<Owner>>) -> Vec<Gap> {
        let gaps = found.gaps();
        let otherwise = || match gaps {
            [] => Looked::Nobody,
            _ => Looked::Unseen,
        };
        let all = wanted.into_iter().map(|inode| (inode, otherwise()));
        self.known.extend(all);
        let owners = found.value().into_iter().flatten();
        self.known
            .extend(owners.map(|owner| (owner.inode, Looked::Found(owner.clone()))));
        let new = gaps.iter().filter(|gap| self.told.insert((*gap).clone()));
        new.cloned().collect()
    }

    /// How many were looked for.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    /// Forgets listeners that are not there any more: their inodes can come again.
    pub(crate) fn keep(&mut self, there: impl Fn(u32) -> bool) {
        self.known.retain(|inode, _| there(*inode));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::Why;

    fn owner() -> Owner {
        Owner {
            inode: 7,
            pid: 812,
            name: "nginx".to_owned(),
            container: None,
        }
    }

    #[test]
    fn nobody_is_told_apart_from_what_could_not_be_seen_and_why_is_told_once() {
        let mut owners = Owners::default();
        let found = Fact::Known(vec![owner()]);
        assert_eq!(owners.learn([7, 8].into(), &found), []);
        assert_eq!(owners.get(7), Holder::Process(&owner()));
        assert_eq!(owners.get(8), Holder::Nobody);
        let gap = || Gap::new("descriptors", Why::Absent);
        let denied = || Fact::Partial {
            value: Vec::new(),
            gaps: vec![gap()],
        };
        assert_eq!(owners.learn([9].into(), &denied()), [gap()]);
        assert_eq!(owners.get(9), Holder::Unknown);
        assert_eq!(owners.learn([10].into(), &denied()), []);
    }
}
