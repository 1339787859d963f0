//! Who holds the listeners that are named while something goes on.
//!
//! A process can leave its socket to another and end, so nothing here is believed for long: who is
//! named was looked at shortly before.

use crate::probes;
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{Fact, Gap, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A name may take so long; a line without it is better than one that comes late.
const PATIENCE: Duration = Duration::from_secs(1);

/// A holder is believed so long, so that a burst of drops at one listener is one look. It is no
/// walk through all processes: where the holder still holds the socket, a few files tell that.
const BELIEVED: Duration = Duration::from_millis(10);

/// Where no holder was found, the next walk through all processes waits so many times as long as
/// that one took: they take a tenth of the time at most.
const PAUSES: u32 = 9;

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
struct Looked {
    outcome: Outcome,
    /// From when on to look again.
    again: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Found(Owner),
    /// All processes could be looked at.
    Nobody,
    /// Some could not.
    Unseen,
}

/// When somebody looked.
#[derive(Debug, Clone, Copy)]
struct Look {
    began: Instant,
    ended: Instant,
}

impl Owners {
    /// Who holds the socket with this inode, when it was last looked for.
    pub(crate) fn get(&self, inode: u32) -> Holder<'_> {
        match self.known.get(&inode).map(|looked| &looked.outcome) {
            Some(Outcome::Found(owner)) => Holder::Process(owner),
            Some(Outcome::Nobody) => Holder::Nobody,
            Some(Outcome::Unseen) | None => Holder::Unknown,
        }
    }

    /// Looks for all that are to be named now, but not for those that somebody has just looked for.
    /// Says why one could not be found, each reason once.
    pub(crate) fn look_up(&mut self, inodes: impl IntoIterator<Item = u32>) -> Vec<Gap> {
        let began = Instant::now();
        let due = inodes.into_iter();
        let due = due.filter(|inode| *inode != 0 && self.is_due(*inode, began));
        let wanted: BTreeSet<u32> = due.collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let deadline = Deadline::after(PATIENCE);
        let sought = wanted.clone();
        let found = runner::start("owners", deadline, move || {
            probes::owners::collect(&sought, None, deadline)
        });
        let found = found.wait();
        let ended = Instant::now();
        self.learn(wanted, &found, Look { began, ended })
    }

    fn is_due(&self, inode: u32, now: Instant) -> bool {
        let looked = self.known.get(&inode);
        looked.is_none_or(|looked| now >= looked.again)
    }

    fn learn(&mut self, wanted: BTreeSet<u32>, found: &Fact<Vec<Owner>>, look: Look) -> Vec<Gap> {
        let gaps = found.gaps();
        let owners = found.value().into_iter().flatten();
        let owners: BTreeMap<u32, &Owner> = owners.map(|owner| (owner.inode, owner)).collect();
        let mut is_news = false;
        for inode in wanted {
            let outcome = match owners.get(&inode) {
                Some(owner) => Outcome::Found((*owner).clone()),
                None if gaps.is_empty() => Outcome::Nobody,
                None => Outcome::Unseen,
            };
            is_news |= self.note(inode, outcome, look);
        }
        // The number of processes that hide may be another each time, and is no news.
        let new = gaps.iter().filter(|_| is_news);
        let new = new.filter(|gap| self.told.insert((*gap).clone()));
        new.cloned().collect()
    }

    /// Whether it is another outcome than that of the last look.
    fn note(&mut self, inode: u32, outcome: Outcome, look: Look) -> bool {
        let again = look.ended + outcome.is_believed_for(look.ended - look.began);
        let before = self.known.get(&inode);
        let is_news = before.is_none_or(|before| before.outcome != outcome);
        self.known.insert(inode, Looked { outcome, again });
        is_news
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

impl Outcome {
    /// Of a look that took so long.
    fn is_believed_for(&self, took: Duration) -> Duration {
        match self {
            Outcome::Found(_) => BELIEVED,
            Outcome::Nobody | Outcome::Unseen => BELIEVED.max(took * PAUSES),
        }
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

    fn look_of(took: Duration) -> Look {
        let began = Instant::now();
        Look {
            began,
            ended: began + took,
        }
    }

    fn gap(what: &str) -> Gap {
        Gap::new(what, Why::Absent)
    }

    fn denied(what: &str) -> Fact<Vec<Owner>> {
        Fact::Partial {
            value: Vec::new(),
            gaps: vec![gap(what)],
        }
    }

    #[test]
    fn nobody_is_told_apart_from_what_could_not_be_seen_and_why_is_told_once() {
        let look = look_of(Duration::ZERO);
        let mut owners = Owners::default();
        let found = Fact::Known(vec![owner()]);
        assert_eq!(owners.learn([7, 8].into(), &found, look), []);
        assert_eq!(owners.get(7), Holder::Process(&owner()));
        assert_eq!(owners.get(8), Holder::Nobody);
        let unseen = denied("descriptors of 3");
        assert_eq!(
            owners.learn([9].into(), &unseen, look),
            [gap("descriptors of 3")]
        );
        assert_eq!(owners.get(9), Holder::Unknown);
        assert_eq!(owners.learn([10].into(), &unseen, look), []);
        let again = denied("descriptors of 4");
        assert_eq!(owners.learn([9, 10].into(), &again, look), []);
    }

    #[test]
    fn what_could_not_be_seen_is_looked_for_again_and_then_known() {
        let look = look_of(PATIENCE);
        let mut owners = Owners::default();
        owners.learn([7].into(), &denied("descriptors"), look);
        assert!(!owners.is_due(7, look.ended), "it takes all the time");
        assert!(owners.is_due(7, look.ended + PATIENCE * PAUSES));
        owners.learn([7].into(), &Fact::Known(vec![owner()]), look);
        assert_eq!(owners.get(7), Holder::Process(&owner()));
    }

    #[test]
    fn a_holder_is_looked_at_again_however_long_it_took_to_find_it() {
        let look = look_of(PATIENCE);
        let mut owners = Owners::default();
        owners.learn([7].into(), &Fact::Known(vec![owner()]), look);
        assert!(!owners.is_due(7, look.ended));
        assert!(owners.is_due(7, look.ended + BELIEVED));
        owners.learn([7].into(), &Fact::Known(Vec::new()), look);
        assert_eq!(owners.get(7), Holder::Nobody);
    }
}
