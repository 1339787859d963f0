//! Who drops in a network namespace.

use super::{Netns, known};
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::listeners::Attribution;

/// A network namespace, and who drops in it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Namespace<'a> {
    /// What its owner calls it.
    label: &'a str,
    /// Its identity.
    id: Netns,
    /// TcpExt.ListenOverflows, since it was created.
    listen_overflows: Option<u64>,
    /// TcpExt.ListenDrops, since it was created; overflows are among them.
    listen_drops: Option<u64>,
    /// Packets that were discarded at the listeners that could be read, since they listen: the most
    /// that they dropped. More than listen_drops: not all were connection requests.
    drops_explained: u64,
    /// The least that belongs to listeners that are gone, or could not be read.
    drops_left: Option<u64>,
    /// All listeners and their drops could be read, so what is left belongs to such as are gone.
    all_listeners_read: Option<bool>,
}

impl<'a> Namespace<'a> {
    pub(super) fn of(one: &'a Attribution) -> Self {
        let share = known(&one.share);
        Namespace {
            label: &one.label,
            id: one.id.into(),
            listen_overflows: known(&one.listen_overflows),
            listen_drops: known(&one.listen_drops),
            drops_explained: one.explained,
            drops_left: share.map(|share| share.left()),
            all_listeners_read: share.map(|share| !share.incomplete),
        }
    }
}
