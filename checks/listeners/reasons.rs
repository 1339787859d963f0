//! What could not be read, and why: each reason once.

use super::Kind;
use super::attribution::Attribution;
use super::row::{Netns, Row, Stream};
use crate::facts::{Fact, Facts, Gap, Namespace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why something could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What, and why.
    pub gap: Gap,
    /// Labels of the namespaces in which; none: it is about the machine.
    pub namespaces: Vec<String>,
}

/// What is missing of the sockets themselves.
fn readings(namespace: &Namespace, kind: Kind) -> Vec<&Gap> {
    fn gaps<T>(fact: &Fact<T>) -> impl Iterator<Item = &Gap> {
        fact.gaps().iter()
    }
    match kind {
        Kind::Tcp => {
            let listeners = gaps(&namespace.listeners);
            listeners.chain(gaps(&namespace.syn_recv)).collect()
        }
        Kind::Unix => {
            let listeners = gaps(&namespace.unix_listeners);
            listeners.chain(gaps(&namespace.unix_streams)).collect()
        }
    }
}

/// Every reason once, with the namespaces in which it stands, in the order in which it was met.
#[derive(Default)]
pub(super) struct Reasons {
    reasons: Vec<Reason>,
    index: BTreeMap<Gap, usize>,
    told: BTreeSet<(usize, String)>,
}

impl Reasons {
    /// Why sockets of this kind could not be read.
    pub(super) fn of_readings(facts: &Facts, kind: Kind) -> Self {
        let mut found = Reasons::default();
        for gap in facts.namespaces.gaps() {
            found.note(gap, None);
        }
        for namespace in facts.namespaces.value().into_iter().flatten() {
            let label = namespace.label();
            for gap in readings(namespace, kind) {
                found.note(gap, Some(&label));
            }
        }
        found
    }

    /// And why something is not known of sockets. What nobody asked for, as with --no-process, is
    /// not missed.
    pub(super) fn add<'g>(&mut self, netns: &Netns, gaps: impl Iterator<Item = &'g Arc<Gap>>) {
        for gap in gaps.filter(|gap| !gap.is_unasked()) {
            self.note(gap, Some(&netns.label));
        }
    }

    /// And why not of what is shown.
    pub(super) fn add_shown(
        &mut self,
        rows: &[Row<'_>],
        streams: &[Stream<'_>],
        attributions: &[Attribution],
    ) {
        for row in rows {
            self.add(&row.netns, row.gaps());
        }
        for stream in streams {
            self.add(&stream.netns, stream.gaps());
        }
        for one in attributions {
            one.gaps().for_each(|gap| self.note(gap, Some(&one.label)));
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> Vec<Reason> {
        self.reasons
    }

    /// What nobody asked for because of `--netns` is not missed.
    fn note(&mut self, gap: &Gap, label: Option<&str>) {
        if label.is_none() && gap.is_unasked() {
            return;
        }
        let at = match self.index.get(gap) {
            Some(&at) => at,
            None => {
                self.reasons.push(Reason {
                    gap: gap.clone(),
                    namespaces: Vec::new(),
                });
                self.index.insert(gap.clone(), self.reasons.len() - 1);
                self.reasons.len() - 1
            }
        };
        if let Some(label) = label
            && self.told.insert((at, label.to_owned()))
        {
            self.reasons[at].namespaces.push(label.to_owned());
        }
    }
}
