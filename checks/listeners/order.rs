//! What comes first.

use super::row::Row;
use crate::facts::Owner;
use crate::namespaces::listening::Fill;
use std::cmp::{Ordering, Reverse};

/// By what the table is sorted; where two rows are equal, by namespace and address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// What is full, then by fill, by drops and by queue.
    #[default]
    Worst,
    /// The longest queue first.
    Queue,
    /// The fullest first.
    Fill,
    /// What dropped most first.
    Drops,
    /// By address and port.
    Address,
    /// By name and pid of the process; those without one come last.
    Process,
}

/// Sorts rows, and the members within each group: the fullest first.
pub(super) fn sort(rows: &mut [Row<'_>], order: Order) {
    for row in rows.iter_mut().filter(|row| row.is_group()) {
        row.members
            .sort_by_key(|one| (Reverse(one.percent()), one.inode));
    }
    rows.sort_by(by_place);
    // These leave rows that are equal in the order of their places.
    match order {
        Order::Worst => rows.sort_by_cached_key(|row| Reverse(worst(row))),
        Order::Queue => rows.sort_by_cached_key(|row| Reverse(queue(row))),
        Order::Fill => rows.sort_by_cached_key(|row| Reverse(row.percent())),
        Order::Drops => rows.sort_by_cached_key(|row| Reverse(drops(row))),
        Order::Address => rows.sort_by(|a, b| a.address.cmp(&b.address)),
        Order::Process => rows.sort_by(by_process),
    }
}

/// What is not known is less than what is, and so comes last among the worst.
fn worst(row: &Row<'_>) -> (bool, Option<u64>, Option<u64>, Option<u64>) {
    let is_full = row.fill() == Fill::Full;
    (is_full, row.percent(), drops(row), queue(row))
}

fn queue(row: &Row<'_>) -> Option<u64> {
    row.accept_queue().ok()
}

fn drops(row: &Row<'_>) -> Option<u64> {
    row.drops()?.ok()
}

fn by_process(a: &Row<'_>, b: &Row<'_>) -> Ordering {
    match (owner(a), owner(b)) {
        (Some(a), Some(b)) => (&a.name, a.pid).cmp(&(&b.name, b.pid)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn owner<'a>(row: &Row<'a>) -> Option<&'a Owner> {
    *row.members.first()?.owner.as_ref().ok()?
}

/// Two unix listeners can have the same path, in two mount namespaces.
fn by_place(a: &Row<'_>, b: &Row<'_>) -> Ordering {
    let inode = |row: &Row<'_>| row.members.first().map(|one| one.inode);
    let labels = a.netns.label.cmp(&b.netns.label);
    labels
        .then_with(|| a.netns.id.cmp(&b.netns.id))
        .then_with(|| (a.protocol, a.address).cmp(&(b.protocol, b.address)))
        .then_with(|| inode(a).cmp(&inode(b)))
}
