//! What comes first.

use super::row::Row;
use crate::facts::Owner;
use crate::queues::listening::Fill;
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
pub(super) fn sort(rows: &mut [Row], order: Order) {
    for row in rows.iter_mut().filter(|row| row.is_group()) {
        row.members
            .sort_by_key(|one| (Reverse(one.percent()), one.inode));
    }
    rows.sort_by(|a, b| compare(a, b, order).then_with(|| by_place(a, b)));
}

fn compare(a: &Row, b: &Row, order: Order) -> Ordering {
    match order {
        Order::Worst => worst(b).cmp(&worst(a)),
        Order::Queue => queue(b).cmp(&queue(a)),
        Order::Fill => b.percent().cmp(&a.percent()),
        Order::Drops => drops(b).cmp(&drops(a)),
        Order::Address => a.address.cmp(&b.address),
        Order::Process => by_process(a, b),
    }
}

/// What is not known is less than what is, and so comes last among the worst.
fn worst(row: &Row) -> (bool, Option<u64>, Option<u64>, Option<u64>) {
    let is_full = row.fill() == Fill::Full;
    (is_full, row.percent(), drops(row), queue(row))
}

fn queue(row: &Row) -> Option<u64> {
    row.accept_queue().ok()
}

fn drops(row: &Row) -> Option<u64> {
    row.drops()?.ok()
}

fn by_process(a: &Row, b: &Row) -> Ordering {
    match (owner(a), owner(b)) {
        (Some(a), Some(b)) => (&a.name, a.pid).cmp(&(&b.name, b.pid)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn owner(row: &Row) -> Option<&Owner> {
    row.members.first()?.owner.as_ref().ok()?.as_ref()
}

fn by_place(a: &Row, b: &Row) -> Ordering {
    let labels = a.netns.label.cmp(&b.netns.label);
    labels.then_with(|| a.key().cmp(&b.key()))
}
