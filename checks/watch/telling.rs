//! Events in words.

use super::event::{Event, Growth, Reads, Subject, What};
use crate::facts::Gap;
use crate::label::owner_label;
use crate::list::counted;
use crate::namespaces::listening::{room, waiting};

impl Event {
    /// What happened, without to what: `accept queue became full: 3 connections wait in a queue
    /// for 3`.
    pub fn says(&self) -> String {
        self.what.says()
    }

    /// What it happened to: `0.0.0.0:80 in web, nginx (812)`. `None` for the watch as a whole.
    pub fn about(&self) -> Option<String> {
        match &self.subject {
            Subject::Watch => None,
            Subject::Namespace(label) => Some(label.clone()),
            Subject::Listener(who) => {
                let owner = who.owner.as_ref();
                let owner =
                    owner.map_or_else(String::new, |owner| format!(", {}", owner_label(owner)));
                Some(format!("{} in {}{owner}", who.address, who.namespace))
            }
        }
    }
}

impl What {
    /// Its name, as JSON has it.
    pub const fn name(&self) -> &'static str {
        match self {
            What::QueueFull { .. } => "queue-full",
            What::QueueHasRoom { .. } => "queue-has-room",
            What::DropsGrew { .. } => "drops",
            What::UnexplainedDrops { .. } => "unexplained-drops",
            What::SynQueueFull { .. } => "syn-queue-full",
            What::CookiesSent { .. } => "cookies-sent",
            What::ListenerCame => "listener-came",
            What::ListenerWent => "listener-went",
            What::NamespaceCame { .. } => "namespace-came",
            What::NamespaceWent { .. } => "namespace-went",
            What::ReadingFailed { .. } => "reading-failed",
            What::ReadingBack(_) => "reading-back",
            What::More { .. } => "more",
            What::Behind { .. } => "behind",
            What::OnTime { .. } => "on-time",
        }
    }

    fn says(&self) -> String {
        match self {
            What::QueueFull {
                queue,
                backlog,
                at_first_sight,
            } => full(&queued(*queue, *backlog), *at_first_sight),
            What::QueueHasRoom { queue, backlog } => {
                format!("accept queue has room again: {}", queued(*queue, *backlog))
            }
            What::DropsGrew { growth } => drops(growth),
            What::UnexplainedDrops {
                growth,
                overflows,
                all_counted,
            } => unexplained(growth, *overflows, *all_counted),
            What::SynQueueFull { growth, cookies } => syn_queue_full(growth, *cookies),
            What::CookiesSent { growth, always } => cookies(growth, *always),
            What::ListenerCame => "listens now".to_owned(),
            What::ListenerWent => "does not listen any more".to_owned(),
            What::NamespaceCame { listeners } => with_listeners("came", *listeners),
            What::NamespaceWent { listeners } => with_listeners("went", *listeners),
            What::ReadingFailed { reads, gap, others } => failed(*reads, gap, *others),
            What::ReadingBack(reads) => format!("{} can be read again", reads.name()),
            What::More { what, number } => more(what, *number),
            What::Behind { took } => behind(took.as_millis()),
            What::OnTime { skipped } => on_time(*skipped),
        }
    }
}

impl Reads {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Reads::Namespaces => "network namespaces",
            Reads::Namespace => "this namespace",
            Reads::Counters => "counters",
            Reads::TcpListeners => "TCP listeners",
            Reads::UnixListeners => "unix listeners",
            Reads::Owners => "processes of listeners",
        }
    }
}

fn queued(queue: u32, backlog: u32) -> String {
    format!("{} {}", waiting(queue), room(backlog))
}

fn full(queued: &str, at_first_sight: bool) -> String {
    let verb = if at_first_sight { "is" } else { "became" };
    format!("accept queue {verb} full: {queued}")
}

fn drops(growth: &Growth) -> String {
    let requests = counted(growth.by, "connection request");
    format!("dropped up to {requests} {}", rate(growth))
}

/// `within 1.0 s (3.0/s)`.
fn rate(growth: &Growth) -> String {
    let within = format!("within {:.1} s", growth.within.as_secs_f64());
    match growth.per_second() {
        Some(rate) => format!("{within} ({rate:.1}/s)"),
        None => within,
    }
}

fn unexplained(growth: &Growth, overflows: Option<u64>, all_counted: bool) -> String {
    let (drops, rate) = (counted(growth.by, "drop"), rate(growth));
    let whose = if all_counted {
        "that no listener here counts"
    } else {
        "whose listener is not known, because not every listener's counter could be read"
    };
    let overflows = match overflows {
        None | Some(0) => String::new(),
        Some(overflows) => format!("; ListenOverflows grew by {overflows}"),
    };
    format!("{drops} {rate} {whose}{overflows}")
}

fn syn_queue_full(growth: &Growth, cookies: bool) -> String {
    let then = if cookies { "met it" } else { "dropped" };
    let (syns, rate) = (counted(growth.by, "SYN"), rate(growth));
    format!("SYN queue full: {syns} {then} {rate}")
}

fn cookies(growth: &Growth, always: bool) -> String {
    let always = if always {
        "; net.ipv4.tcp_syncookies is 2, so every SYN is answered so"
    } else {
        ""
    };
    let (cookies, rate) = (counted(growth.by, "SYN cookie"), rate(growth));
    format!("{cookies} sent {rate}{always}")
}

fn with_listeners(verb: &str, listeners: Option<usize>) -> String {
    match listeners {
        None => format!("{verb}; its listeners are not known"),
        Some(listeners) => format!("{verb}, with {}", counted(listeners, "listener")),
    }
}

fn failed(reads: Reads, gap: &Gap, others: usize) -> String {
    let others = match others {
        0 => String::new(),
        many => format!(", and in {}", counted(many, "other namespace")),
    };
    format!("{} could not be read in full: {gap}{others}", reads.name())
}

fn more(what: &str, number: usize) -> String {
    let listeners = counted(number, "more listener");
    format!("{what} happened to {listeners} as well")
}

fn behind(took: u128) -> String {
    format!(
        "readings are left out: {took} ms passed from when the last one was due until it was told, \
         longer than the interval"
    )
}

fn on_time(skipped: u64) -> String {
    let left_out = counted(skipped, "reading");
    format!("readings keep pace again: {left_out} left out meanwhile")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The process may have been stopped, or its reader slow.
    #[test]
    fn a_reading_is_not_blamed_for_time_that_was_only_seen_to_pass() {
        let took = Duration::from_millis(2_492);
        let says = What::Behind { took }.says();
        assert!(says.contains("2492 ms passed"), "{says}");
        assert!(!says.contains("took"), "{says}");
    }
}
