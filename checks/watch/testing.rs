//! Readings for tests.

use super::{Event, Reading, Timed, Watch, What};
use crate::facts::{Counters, Fact, Namespace, TcpListener};
use crate::fixture::{listener, namespace, quiet};
use std::time::Duration;

/// A listener with this queue and a backlog of 2.
pub(super) fn queued(port: u16, accept_queue: u32) -> TcpListener {
    TcpListener {
        accept_queue,
        backlog: Some(2),
        ..listener("0.0.0.0", port)
    }
}

/// An idle listener at which so many packets were discarded.
pub(super) fn dropping(port: u16, drops: u32) -> TcpListener {
    TcpListener {
        drops: Some(drops),
        ..listener("0.0.0.0", port)
    }
}

/// The host with these listeners.
pub(super) fn host(listeners: Vec<TcpListener>) -> Namespace {
    namespace(1, "host", listeners)
}

/// The host with these listeners, where so many connection requests were dropped.
pub(super) fn host_that_dropped(drops: u64, listeners: Vec<TcpListener>) -> Namespace {
    Namespace {
        listeners: Fact::Known(listeners),
        ..counting(|counters| counters.listen_drops = Some(drops))
    }
}

/// The host without listeners, with counters that `change` has moved.
pub(super) fn counting(change: impl FnOnce(&mut Counters)) -> Namespace {
    let mut counters = quiet();
    change(&mut counters);
    Namespace {
        counters: Fact::Known(counters),
        ..host(Vec::new())
    }
}

/// A reading of these namespaces, so many seconds after the watch began.
pub(super) fn reading(second: u64, namespaces: Vec<Namespace>) -> Reading {
    let at = Duration::from_secs(second);
    let timed = |namespace| Timed {
        at,
        cookie: None,
        namespace,
    };
    Reading {
        namespaces: Fact::Known(namespaces.into_iter().map(timed).collect()),
    }
}

/// A reading of the host by this cookie, so many seconds after the watch began.
pub(super) fn reading_by_cookie(second: u64, cookie: u64, host: Namespace) -> Reading {
    let mut reading = reading(second, vec![host]);
    for timed in reading.namespaces.value_mut().into_iter().flatten() {
        timed.cookie = Some(cookie);
    }
    reading
}

/// Feeds a reading of one namespace each two seconds, and gives what the last one brought.
pub(super) fn last_events(namespaces: impl IntoIterator<Item = Namespace>) -> Vec<Event> {
    watched(namespaces).1
}

/// What the last of these readings brought, without to what.
pub(super) fn last(namespaces: impl IntoIterator<Item = Namespace>) -> Vec<What> {
    let events = last_events(namespaces);
    events.into_iter().map(|event| event.what).collect()
}

/// The watch after these readings, each of one namespace and two seconds after the one before.
pub(super) fn watched(namespaces: impl IntoIterator<Item = Namespace>) -> (Watch, Vec<Event>) {
    let mut watch = Watch::default();
    let mut events = Vec::new();
    for (number, namespace) in (0..).zip(namespaces) {
        events = watch.feed(reading(number * 2, vec![namespace]));
    }
    (watch, events)
}
