//! All that was seen so far.

use super::output::Output;
use super::pace::{Change, Pace};
use super::reader::Taken;
use crate::cli::{self, FailOn};
use crate::exit::Exit;
use crate::owners::{Holder, Owners};
use crate::report::watch::{Opening, Totals};
use sockdoctor_checks::diagnosis::{Diagnosis, diagnose};
use sockdoctor_checks::facts::Facts;
use sockdoctor_checks::policy::Policy;
use sockdoctor_checks::watch::{Event, Reads, Row, Subject, Watch, What};
use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// Owners that are remembered before those of listeners that are gone are forgotten.
const OWNERS_KEPT: usize = 4_096;

/// All that was seen so far, and the means to tell it.
#[derive(Debug)]
pub(super) struct Session {
    interval: Duration,
    began: Instant,
    when: SystemTime,
    watch: Watch,
    owners: Owners,
    pace: Pace,
    totals: Totals,
}

impl Session {
    pub(super) fn new(options: &cli::Watch) -> Self {
        Session {
            interval: options.interval,
            began: Instant::now(),
            when: SystemTime::now(),
            watch: Watch::default(),
            owners: Owners::default(),
            pace: Pace::default(),
            totals: Totals {
                asked_for: options.count,
                ..Totals::default()
            },
        }
    }

    /// Takes in the first reading, and tells what is watched.
    pub(super) fn begin(&mut self, taken: Taken, output: &mut Output) -> io::Result<()> {
        let events = self.take(taken, output.room_for_listeners());
        output.begin(self)?;
        output.show(&events, self)
    }

    /// Takes in another reading, and tells what happened.
    pub(super) fn go_on(&mut self, taken: Taken, output: &mut Output) -> io::Result<()> {
        let events = self.take(taken, output.room_for_listeners());
        output.show(&events, self)
    }

    fn take(&mut self, taken: Taken, visible: usize) -> Vec<Event> {
        let mut events = Vec::from_iter(self.note_pace(&taken));
        self.when = taken.when;
        events.extend(self.watch.feed(taken.reading));
        self.totals.readings += 1;
        self.totals.skipped += taken.skipped;
        self.totals.duration = self.began.elapsed();
        self.count(&events);
        let unseen = self.find_owners(&events, visible);
        for event in &mut events {
            if let Subject::Listener(who) = &mut event.subject
                && let Holder::Process(owner) = self.owners.get(who.inode)
            {
                who.owner = Some(owner.clone());
            }
        }
        self.count(&unseen);
        // What happened to a queue is told last, where a small screen still shows it.
        unseen.into_iter().chain(events).collect()
    }

    fn count(&mut self, events: &[Event]) {
        for event in events {
            let (name, number) = match event.what {
                What::More { what, number } => (what, u64::try_from(number).unwrap_or(u64::MAX)),
                ref what => (what.name(), 1),
            };
            *self.totals.events.entry(name).or_default() += number;
        }
    }

    fn note_pace(&mut self, taken: &Taken) -> Option<Event> {
        let took = taken.busy;
        Some(Event::of_watch(match self.pace.note(taken.skipped)? {
            Change::Late => What::Behind { took },
            Change::InTime(skipped) => What::OnTime { skipped },
        }))
    }

    /// Of the listeners that an event names, if they are still there, and of those that are seen.
    fn find_owners(&mut self, events: &[Event], visible: usize) -> Vec<Event> {
        let there = |event: &&Event| event.what != What::ListenerWent;
        let named = events.iter().filter(there).filter_map(Event::listener);
        let mut wanted: BTreeSet<u32> = named.map(|who| who.inode).collect();
        if visible > 0 {
            let rows = self.watch.rows();
            wanted.extend(rows.iter().take(visible).map(|row| row.who.inode));
        }
        let gaps = self.owners.look_up(wanted);
        if self.owners.count() > OWNERS_KEPT {
            let rows = self.watch.rows();
            let there: BTreeSet<u32> = rows.iter().map(|row| row.who.inode).collect();
            self.owners.keep(|inode| there.contains(&inode));
        }
        let unseen = |gap| Event::of_watch(What::failed(Reads::Owners, gap));
        gaps.iter().map(unseen).collect()
    }

    /// Whether all readings that were asked for are taken.
    pub(super) fn is_complete(&self) -> bool {
        self.totals.asked_for.is_some() && self.totals.cut_short().is_none()
    }

    /// What is watched, as the last reading found it.
    pub(super) fn opening(&self) -> Opening {
        Opening {
            namespaces: self.watch.namespaces().count(),
            unread: self.watch.unread(),
            listeners: self.watch.listeners(),
            interval: self.interval,
            count: self.totals.asked_for,
        }
    }

    /// When the last reading was taken.
    pub(super) fn when(&self) -> SystemTime {
        self.when
    }

    /// How much was read.
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// All listeners, worst first.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        self.watch.rows()
    }

    /// Who holds the socket with this inode.
    pub(super) fn owner(&self, inode: u32) -> Holder<'_> {
        self.owners.get(inode)
    }

    /// What the checks make of it all, and the exit code for that. Where no queue and no counter
    /// was ever read, a setting that is well is no answer; nor is a part of the readings that a
    /// gate asked for.
    pub(super) fn judge(&self, facts: Facts, fail_on: FailOn) -> (Diagnosis, Exit) {
        let facts = self.watch.judged(facts);
        let diagnosis = diagnose(&facts, &Policy::default(), super::is_judged);
        let exit = Exit::of(&diagnosis, fail_on);
        let is_open = !self.watch.saw_anything() || self.totals.cut_short().is_some();
        if exit == Exit::Fine && fail_on != FailOn::Never && is_open {
            return (diagnosis, Exit::Undecided);
        }
        (diagnosis, exit)
    }
}
