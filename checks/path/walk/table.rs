//! The two walks: TCP, whose seed is Send-Q of listeners, and unix, whose seed is unread bytes.

use super::super::canary;
use super::super::handler::Handler;
use super::super::ss_environment;
use super::truth;
use crate::facts::{Canary, Fact, Facts, Queues, RoundTrips, SsRun};

/// What differs between the two walks.
pub(super) struct Table {
    /// `ss -lt`.
    pub(super) command: &'static str,
    /// As ss-environment names it.
    pub(super) name: &'static str,
    /// In ss's order.
    pub(super) handlers: &'static [Handler],
    /// Its canaries.
    pub(super) canaries: fn(&RoundTrips) -> Vec<&Fact<Canary>>,
    /// What the installed ss printed.
    pub(super) run: fn(&Facts) -> &Fact<SsRun>,
    /// What the walk is about.
    pub(super) queues: &'static str,
    /// The same in a canary.
    pub(super) column: fn(Queues) -> Option<u32>,
    /// What ss shows after falling back, after the word "shows".
    pub(super) blind: &'static str,
    /// After the word "so".
    pub(super) fallback: &'static str,
    /// The file that it falls back to.
    pub(super) file: &'static str,
    /// What that file shows.
    pub(super) file_shows: &'static str,
    /// What a whole walk ends in.
    pub(super) kernel_shows: &'static str,
    /// The canary in words.
    pub(super) proof: fn(&Facts) -> String,
    /// True values, given whether ss is blind.
    pub(super) truth: fn(&Facts, bool) -> Vec<String>,
}

/// `ss -lt`: tcp_show in misc/ss.c.
pub(super) static TCP: Table = Table {
    command: "ss -lt",
    name: ss_environment::TCP,
    handlers: &[Handler::Inet, Handler::Tcp],
    canaries: |trips| vec![&trips.tcp4, &trips.tcp6],
    run: |facts| &facts.ss.tcp,
    queues: "Send-Q of TCP listeners",
    column: |queues| queues.send,
    blind: "Send-Q 0 for every TCP listener",
    fallback: "ss reads /proc/net/tcp, which has no backlog",
    file: "/proc/net/tcp",
    file_shows: "Recv-Q right, Send-Q always 0",
    kernel_shows: "Recv-Q and Send-Q from the kernel",
    proof: tcp_proof,
    truth: truth::tcp,
};

/// `ss -x`: unix_show in misc/ss.c.
pub(super) static UNIX: Table = Table {
    command: "ss -x",
    name: ss_environment::UNIX,
    handlers: &[Handler::Unix],
    canaries: |trips| vec![&trips.unix],
    run: |facts| &facts.ss.unix,
    queues: "Recv-Q of unix sockets",
    column: |queues| queues.recv,
    blind: "no unread bytes of any unix socket",
    fallback: "ss reads /proc/net/unix, which has no queues",
    file: "/proc/net/unix",
    file_shows: "both queues always 0",
    kernel_shows: "Recv-Q and Send-Q from the kernel",
    proof: unix_proof,
    truth: truth::unix,
};

fn tcp_proof(facts: &Facts) -> String {
    let backlog = proven(facts, &TCP).and_then(|canary| canary.truth.send);
    match backlog {
        Some(backlog) => {
            format!("a listener of our own with a backlog of {backlog} was shown as {backlog}")
        }
        None => "a listener of our own was shown as it is".to_owned(),
    }
}

fn unix_proof(facts: &Facts) -> String {
    let unread = proven(facts, &UNIX).and_then(|canary| canary.truth.recv);
    match unread {
        Some(unread) => {
            format!("a socket of our own with {unread} unread bytes was shown with {unread}")
        }
        None => "a socket of our own was shown as it is".to_owned(),
    }
}

/// The first canary that was shown as it is.
fn proven<'a>(facts: &'a Facts, table: &Table) -> Option<&'a Canary> {
    let trips = facts.round_trips.value()?;
    (table.canaries)(trips)
        .into_iter()
        .find_map(|fact| match canary::told(fact) {
            canary::Told::Truth(canary) => Some(canary),
            _ => None,
        })
}
