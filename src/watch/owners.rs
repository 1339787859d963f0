//! Who holds the listeners that are named, each looked for once.

use crate::probes;
use crate::report::watch::Held;
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{Fact, Gap, Owner};
use sockdoctor_checks::watch::{Event, Reads, Subject, What};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A name may take so long; a line without it is better than a watch that stands still.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was found by inode, and why not more.
#[derive(Debug, Default)]
pub(super) struct Owners {
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
    pub(super) fn get(&self, inode: u32) -> Held<'_> {
        match self.known.get(&inode) {
            Some(Looked::Found(owner)) => Held::By(owner),
            Some(Looked::Nobody) => Held::ByNobody,
            Some(Looked::Unseen) | None => Held::Unknown,
        }
    }

    /// Looks for those that were not looked for before. Why one could not be found is an event,
    /// each reason once.
    pub(super) fn look_up(&mut self, inodes: impl IntoIterator<Item = u32>) -> Vec<Event> {
        let new = inodes.into_iter();
        let new = new.filter(|inode| *inode != 0 && !self.known.contains_key(inode));
        let wanted: BTreeSet<u32> = new.collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let deadline = Deadline::after(PATIENCE);
        let sought = wanted.clone();
        let found = runner::start("owners", deadline, move || {
            probes::owners::collect(&sought, deadline)
        });
        self.learn(wanted, &found.wait())
    }

    fn learn(&mut self, wanted: BTreeSet<u32>, found: &Fact<Vec<Owner>>) -> Vec<Event> {
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
        let failed = |gap: &Gap| What::ReadingFailed {
            reads: Reads::Owners,
            gap: gap.clone(),
            others: 0,
        };
        new.map(failed).map(Event::of_watch).collect()
    }

    /// Adds what is known to the listener that `event` names.
    pub(super) fn name(&self, event: &mut Event) {
        if let Subject::Listener(who) = &mut event.subject
            && let Held::By(owner) = self.get(who.inode)
        {
            who.owner = Some(owner.clone());
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
        assert_eq!(owners.get(7), Held::By(&owner()));
        assert_eq!(owners.get(8), Held::ByNobody);
        let denied = || Fact::Partial {
            value: Vec::new(),
            gaps: vec![Gap::new("descriptors", Why::Absent)],
        };
        let events = owners.learn([9].into(), &denied());
        assert_eq!(owners.get(9), Held::Unknown);
        assert_eq!(events.len(), 1);
        assert!(
            events[0]
                .says()
                .starts_with("processes of listeners could not be read")
        );
        assert_eq!(owners.learn([10].into(), &denied()), []);
    }
}
