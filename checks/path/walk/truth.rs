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
        Some(backlog) => format!("{}  Recv-Q {queue}, Send-Q {backlog}", listener.label()),
        None => format!(
            "{}  Recv-Q {queue}, Send-Q not known here",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, SsVariable, TcpSource};
    use crate::fixture;
    use crate::path::broken::{self, edit};

    fn with_listeners(mut facts: Facts, listeners: Vec<TcpListener>) -> Facts {
        edit(&mut facts.namespaces, |namespaces| {
            namespaces[0].listeners = Fact::Known(listeners);
            let elsewhere = fixture::listener("10.0.0.1", 9);
            namespaces[1].listeners = Fact::Known(vec![elsewhere]);
        });
        facts
    }

    fn from_proc(port: u16, accept_queue: u32) -> TcpListener {
        TcpListener {
            accept_queue,
            backlog: None,
            drops: None,
            source: TcpSource::ProcNet,
            ..fixture::listener("0.0.0.0", port)
        }
    }

    #[test]
    fn the_worst_listeners_of_the_own_namespace_come_first() {
        let listeners = (1..=6).map(|port| from_proc(port, u32::from(port)));
        let lines = tcp(
            &with_listeners(broken::without_tcp_diag(), listeners.collect()),
            true,
        );
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], "0.0.0.0:6  Recv-Q 6, Send-Q not known here");
    }

    #[test]
    fn a_backlog_that_is_known_although_ss_is_blind_is_shown() {
        let mut facts = with_listeners(fixture::healthy(), vec![fixture::listener("::", 80)]);
        facts.ss.environment = Fact::Known(vec![SsVariable {
            name: "PROC_ROOT".to_owned(),
            value: String::new(),
        }]);
        assert_eq!(tcp(&facts, true), ["[::]:80  Recv-Q 0, Send-Q 511"]);
    }

    #[test]
    fn listeners_that_asked_for_no_backlog_are_no_fault() {
        let zero = |port| TcpListener {
            backlog: Some(0),
            ..fixture::listener("0.0.0.0", port)
        };
        let facts = with_listeners(fixture::healthy(), vec![zero(1), zero(2)]);
        let truth = tcp(&facts, false);
        assert_eq!(truth.len(), 1);
        assert!(truth[0].starts_with("2 listeners have a backlog of 0"));
        assert!(tcp(&fixture::healthy(), false).is_empty());
    }
}
