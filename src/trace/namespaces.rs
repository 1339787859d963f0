//! The network namespaces that are watched: their names and their counters.

use super::now_ns;
use crate::netns::{Found, NoSuchNamespace, Selector, discover};
use crate::probes::MayAsk;
use crate::probes::namespaces::{self, Visit};
use crate::runner::Deadline;
use sockdoctor_checks::facts::{Counters, Fact, Gap, Namespace, Topic};
use sockdoctor_checks::trace::agreement::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A reading of the counters of a thousand namespaces takes a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// The namespaces that were asked for.
#[derive(Debug)]
pub(crate) struct Watched {
    found: Vec<Found>,
    /// What kept others from being found.
    pub gaps: Vec<Gap>,
    labels: BTreeMap<u32, String>,
}

/// The counters of all watched namespaces at one time.
#[derive(Debug)]
pub(crate) struct Reading {
    /// When it was made.
    pub span: Span,
    /// The counters, by the inode of the namespace.
    pub counters: BTreeMap<u32, Fact<Counters>>,
}

impl Watched {
    /// Finds them.
    ///
    /// # Errors
    /// A name or a pid that is not there.
    pub(crate) fn discover(selectors: &[Selector]) -> Result<Self, NoSuchNamespace> {
        let fact = discover(selectors)?;
        let gaps = fact.gaps().to_vec();
        let found = fact.value().cloned();
        Ok(Watched {
            found: found.into_iter().flatten().collect(),
            gaps,
            labels: BTreeMap::new(),
        })
    }

    /// Their inodes.
    pub(crate) fn inodes(&self) -> BTreeSet<u32> {
        self.found
            .iter()
            .filter_map(|found| inode(found.id.inode))
            .collect()
    }

    /// Reads the counters of all.
    pub(crate) fn read(&mut self) -> Reading {
        let begin_ns = now_ns();
        let all = visit(self.found.clone());
        let end_ns = now_ns();
        let mut counters = BTreeMap::new();
        for namespace in all {
            if let Some(inode) = inode(namespace.id.inode) {
                self.labels.insert(inode, namespace.label());
                counters.insert(inode, namespace.counters);
            }
        }
        Reading {
            span: Span { begin_ns, end_ns },
            counters,
        }
    }

    /// What the owner of a namespace calls it. One that was made meanwhile is looked for; one
    /// that cannot be found has its number.
    pub(crate) fn label(&mut self, inode: u32) -> &str {
        if !self.labels.contains_key(&inode) {
            self.look_for(inode);
        }
        let label = self.labels.entry(inode);
        label.or_insert_with(|| format!("net:[{inode}]"))
    }

    fn look_for(&mut self, wanted: u32) {
        let name = Selector::Name(format!("net:[{wanted}]"));
        let Ok(fact) = discover(&[name]) else { return };
        for namespace in visit(fact.value().cloned().into_iter().flatten().collect()) {
            self.labels.insert(wanted, namespace.label());
        }
    }
}

fn visit(found: Vec<Found>) -> Vec<Namespace> {
    let visit = Visit {
        topics: Topic::Counters.into(),
        may_ask: MayAsk {
            tcp: false,
            udp: false,
            unix: false,
        },
        sample: None,
        iterators: false,
        cookies: false,
    };
    namespaces::collect(found, &visit, Deadline::after(PATIENCE))
}

/// The kernel's numbers of namespaces have 32 bits (ns_common.inum).
fn inode(inode: u64) -> Option<u32> {
    u32::try_from(inode).ok()
}
