//! Who drops: how much of a namespace's counters its listeners can explain.

use super::row::Known;
use crate::facts::{Counters, Gap, Namespace, NetnsId};
use crate::namespaces::counter::{self, column};
use crate::namespaces::dropping::{Droppers, NAMED, Share, droppers};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The drops of one namespace: since it was created, or where there is a sample, during it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// The namespace.
    pub id: NetnsId,
    /// What its owner calls it.
    pub label: String,
    /// ListenOverflows.
    pub listen_overflows: Known<u64>,
    /// ListenDrops; overflows are among them.
    pub listen_drops: Known<u64>,
    /// Packets that were discarded at the listeners that could be read, since they listen or during
    /// the sample.
    pub explained: u64,
    /// How that compares with ListenDrops.
    pub share: Known<Share>,
    /// The addresses at which most was discarded, worst first, at most three. The listeners of a
    /// group share theirs.
    pub worst: Vec<(String, u64)>,
}

impl Attribution {
    /// Compares the counters of `namespace` with those of its listeners.
    pub(super) fn of(namespace: &Namespace) -> Self {
        let droppers = droppers(namespace);
        let listen_drops = listen_drops(namespace);
        let listen_overflows = total(namespace, |counters| {
            column("ListenOverflows", counters.listen_overflows)
        });
        Attribution {
            id: namespace.id,
            label: namespace.label(),
            listen_overflows,
            explained: droppers.sum,
            share: listen_drops.clone().map(|total| droppers.share(total)),
            worst: worst(&droppers),
            listen_drops,
        }
    }

    /// Whether a connection request was dropped, as far as is known.
    pub fn has_drops(&self) -> bool {
        match self.listen_drops {
            Ok(drops) => drops > 0,
            Err(_) => self.explained > 0,
        }
    }

    /// The part of ListenDrops that so many discarded packets are at most, in per cent, rounded down.
    /// `None` where it is not known, or where the listeners count more than ListenDrops.
    pub fn percent(&self, drops: u64) -> Option<u64> {
        let share = self.share.as_ref().ok()?;
        if share.listen_drops == 0 || share.explained > share.listen_drops {
            return None;
        }
        Some(drops.saturating_mul(100) / share.listen_drops)
    }

    /// The reasons why something here is not known.
    pub fn gaps(&self) -> impl Iterator<Item = &Arc<Gap>> {
        let overflows = self.listen_overflows.as_ref().err();
        overflows
            .into_iter()
            .chain(self.listen_drops.as_ref().err())
    }
}

fn worst(droppers: &Droppers<'_>) -> Vec<(String, u64)> {
    let mut by_address: BTreeMap<String, u64> = BTreeMap::new();
    for (listener, drops) in &droppers.worst {
        *by_address.entry(listener.label()).or_default() += drops;
    }
    let mut worst: Vec<(String, u64)> = by_address.into_iter().collect();
    worst.sort_by_key(|(_, drops)| Reverse(*drops));
    worst.truncate(NAMED);
    worst
}

/// ListenDrops of a namespace.
pub(super) fn listen_drops(namespace: &Namespace) -> Known<u64> {
    total(namespace, |counters| {
        column("ListenDrops", counters.listen_drops)
    })
}

fn total(namespace: &Namespace, total: fn(&Counters) -> Result<u64, Gap>) -> Known<u64> {
    let tally = counter::read(namespace, total).map_err(Arc::new)?;
    Ok(tally.weight())
}
