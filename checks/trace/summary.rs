//! Requests, added up by listener and by stack.

use super::{Outcome, Request, Stage};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What was seen in all.
#[derive(Debug, Default)]
pub struct Summary {
    listeners: BTreeMap<(u32, SocketAddr, u64), ListenerSummary>,
    stacks: BTreeMap<Stage, BTreeMap<Vec<String>, u64>>,
}

/// What was seen at one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSummary {
    /// The inode of its network namespace.
    pub netns: u32,
    /// What it is bound to.
    pub listener: SocketAddr,
    /// Its inode, which tells the members of an SO_REUSEPORT group apart.
    pub inode: u64,
    /// Requests, by what became of them.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Its backlog when it was last seen.
    pub backlog: u32,
    /// The longest accept queue that was met.
    pub longest_accept_queue: u32,
    /// The longest request queue that was met.
    pub longest_request_queue: u32,
}

/// How often requests were dropped on one way through the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSummary {
    /// Where in the handshake.
    pub stage: Stage,
    /// Functions, the innermost first.
    pub frames: Vec<String>,
    /// Drops.
    pub drops: u64,
}

impl ListenerSummary {
    fn new(request: &Request) -> Self {
        ListenerSummary {
            netns: request.netns,
            listener: request.listener,
            inode: request.inode,
            outcomes: BTreeMap::new(),
            backlog: request.backlog,
            longest_accept_queue: 0,
            longest_request_queue: 0,
        }
    }

    /// How many of its requests were dropped.
    pub fn drops(&self) -> u64 {
        let dropped = self
            .outcomes
            .iter()
            .filter(|(outcome, _)| outcome.is_drop());
        dropped.map(|(_, count)| count).sum()
    }
}

impl Summary {
    /// Adds a request, and the functions that led to it where they are known.
    pub fn add(&mut self, request: &Request, frames: Option<&[String]>) {
        let outcome = Outcome::of(request);
        let key = (request.netns, request.listener, request.inode);
        let listener = self.listeners.entry(key);
        let listener = listener.or_insert_with(|| ListenerSummary::new(request));
        *listener.outcomes.entry(outcome).or_default() += 1;
        listener.backlog = request.backlog;
        listener.longest_accept_queue = listener.longest_accept_queue.max(request.accept_queue);
        listener.longest_request_queue = listener.longest_request_queue.max(request.request_queue);
        if let Some(frames) = frames.filter(|_| outcome.is_drop()) {
            let stacks = self.stacks.entry(request.stage).or_default();
            match stacks.get_mut(frames) {
                Some(drops) => *drops += 1,
                None => drop(stacks.insert(frames.to_vec(), 1)),
            }
        }
    }

    /// The listeners, the one with most drops first.
    pub fn listeners(&self) -> Vec<&ListenerSummary> {
        let mut listeners: Vec<_> = self.listeners.values().collect();
        listeners.sort_by_key(|listener| std::cmp::Reverse(listener.drops()));
        listeners
    }

    /// The stacks, the one with most drops first.
    pub fn stacks(&self) -> Vec<StackSummary> {
        let by_stage = self.stacks.iter();
        let mut stacks: Vec<StackSummary> = by_stage
            .flat_map(|(stage, stacks)| stacks.iter().map(move |stack| (*stage, stack)))
            .map(|(stage, (frames, drops))| StackSummary {
                stage,
                frames: frames.clone(),
                drops: *drops,
            })
            .collect();
        stacks.sort_by_key(|stack| std::cmp::Reverse(stack.drops));
        stacks
    }

    /// All requests, by what became of them.
    pub fn outcomes(&self) -> BTreeMap<Outcome, u64> {
        let mut all = BTreeMap::new();
        for listener in self.listeners.values() {
            for (outcome, count) in &listener.outcomes {
                *all.entry(*outcome).or_default() += count;
            }
        }
        all
    }

    /// All drops.
    pub fn drops(&self) -> u64 {
        self.listeners.values().map(ListenerSummary::drops).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Growth, request};
    use super::*;

    fn overflow(inode: u64) -> Request {
        Request {
            inode,
            accept_queue: 6,
            growth: Growth {
                drops: 1,
                overflows: 1,
                ..Growth::default()
            },
            ..request()
        }
    }

    #[test]
    fn members_of_a_reuseport_group_are_told_apart() {
        let mut summary = Summary::default();
        for inode in [1, 2, 2] {
            summary.add(&overflow(inode), None);
        }
        let drops: Vec<_> = summary
            .listeners()
            .iter()
            .map(|l| (l.inode, l.drops()))
            .collect();
        assert_eq!(drops, [(2, 2), (1, 1)]);
        assert_eq!(summary.drops(), 3);
    }

    #[test]
    fn what_was_answered_is_counted_and_is_no_drop() {
        let mut summary = Summary::default();
        summary.add(&request(), Some(&["tcp_conn_request".to_owned()]));
        assert_eq!(summary.drops(), 0);
        assert_eq!(summary.outcomes(), BTreeMap::from([(Outcome::Answered, 1)]));
        assert!(summary.stacks().is_empty());
    }

    #[test]
    fn equal_stacks_are_one() {
        let mut summary = Summary::default();
        let frames = ["tcp_conn_request".to_owned()];
        summary.add(&overflow(1), Some(&frames));
        summary.add(&overflow(2), Some(&frames));
        assert_eq!(summary.stacks().len(), 1);
        assert_eq!(summary.stacks()[0].drops, 2);
    }
}
