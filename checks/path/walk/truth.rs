//! What is true of the observer's own listeners, where ss is blind or seems to be.

use crate::facts::{Facts, TcpListener};
use std::cmp::Reverse;

/// How many listeners are worth a line.
const LINES: usize = 5;

/// Lines about the TCP listeners of the own namespace, worst first.
pub(super) fn tcp(facts: &Facts, blind: bool) -> Vec<String> {
    let listeners = own_listeners(facts);
    if blind {
        return worst(listeners).into_iter().map(line).collect();
    }
    without_backlog(&listeners).into_iter().collect()
}

fn own_listeners(facts: &Facts) -> Vec<&TcpListener> {
    let namespaces = facts.namespaces.value().into_iter().flatten();
    namespaces
        .filter(|namespace| namespace.own)
        .filter_map(|namespace| namespace.listeners.value())
        .flatten()
        .collect()
}

fn worst(mut listeners: Vec<&TcpListener>) -> Vec<&TcpListener> {
    listeners.sort_by_key(|listener| (Reverse(listener.accept_queue), listener.label()));
    listeners.truncate(LINES);
    listeners
}

fn line(listener: &TcpListener) -> String {
    let queue = listener.accept_queue;
    match listener.backlog {
        Some(backlog) => format!("{}  accept queue {queue} of {backlog}", listener.label()),
        None => format!(
            "{}  accept queue {queue}, backlog not known here",
            listener.label()
        ),
    }
}

/// listen(fd, 0) is allowed, and then a Send-Q of 0 is no fault of ss.
fn without_backlog(listeners: &[&TcpListener]) -> Option<String> {
    let zero = listeners
        .iter()
        .filter(|listener| listener.backlog == Some(0))
        .count();
    match zero {
        0 => None,
        1 => Some(
            "1 listener has a backlog of 0, as listen(fd, 0) gives: its Send-Q 0 is true"
                .to_owned(),
        ),
        many => Some(format!(
            "{many} listeners have a backlog of 0, as listen(fd, 0) gives: their Send-Q 0 is true"
        )),
    }
}
