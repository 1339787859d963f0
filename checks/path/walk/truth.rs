//! What is true of the observer's own listeners, where ss is blind or seems to be.

use crate::facts::{Fact, Facts, Namespace, SocketSource, TcpListener, UnixStream};
use std::cmp::Reverse;

/// How many sockets are worth a line.
const LINES: usize = 5;

/// Lines about the TCP listeners of the own namespace, worst first.
pub(super) fn tcp(facts: &Facts, blind: bool) -> Vec<String> {
    let listeners = read(own(facts).map(|own| &own.listeners));
    if blind {
        return worst(listeners);
    }
    without_backlog(&listeners).into_iter().collect()
}

/// Lines about the unread bytes of the unix streams of the own namespace, most first.
pub(super) fn unix(facts: &Facts, blind: bool) -> Vec<String> {
    let Some(own) = own(facts).filter(|_| blind) else {
        return Vec::new();
    };
    let mut streams = read(Some(&own.unix_streams));
    streams.sort_by_key(|stream| (Reverse(stream.unread), &stream.name));
    streams.retain(|stream| stream.unread.is_some());
    let more = more(streams.len(), "sockdoctor listeners --unix");
    let lines = streams.into_iter().take(LINES).filter_map(unread);
    let lines = lines.chain(more);
    lines.chain(not_all(&own.unix_streams)).collect()
}

fn own(facts: &Facts) -> Option<&Namespace> {
    let mut namespaces = facts.namespaces.value().into_iter().flatten();
    namespaces.find(|namespace| namespace.own)
}

fn read<T>(fact: Option<&Fact<Vec<T>>>) -> Vec<&T> {
    let value = fact.and_then(Fact::value);
    value.into_iter().flatten().collect()
}

fn worst(mut listeners: Vec<&TcpListener>) -> Vec<String> {
    listeners.sort_by_cached_key(|listener| (Reverse(listener.accept_queue), listener.label()));
    let lines = listeners.iter().take(LINES).map(|one| line(one));
    let more = more(listeners.len(), "sockdoctor listeners");
    lines.chain(more).collect()
}

fn more(sockets: usize, command: &str) -> Option<String> {
    let more = sockets.saturating_sub(LINES);
    (more > 0).then(|| format!("and {more} more: {command}"))
}

fn line(listener: &TcpListener) -> String {
    let queue = listener.accept_queue;
    let of = match listener.backlog {
        Some(backlog) => format!("accept queue {queue} of {backlog}"),
        None => format!("accept queue {queue}, its backlog is not known here"),
    };
    let source = read_where(listener.source, "read from /proc/net/tcp");
    format!("{}  {of}   ({source})", listener.label())
}

fn read_where(source: SocketSource, from_file: &'static str) -> &'static str {
    match source {
        SocketSource::SockDiag => "read through sock_diag",
        SocketSource::Descriptor => "read from the socket itself",
        SocketSource::BpfIterator => "read by a BPF iterator",
        SocketSource::ProcNet => from_file,
    }
}

fn unread(stream: &UnixStream) -> Option<String> {
    let bytes = stream.unread?;
    let source = read_where(stream.source, "read from /proc/net/unix");
    let name = match stream.name.as_str() {
        "" => format!("a stream without a name, inode {}", stream.inode),
        name => name.to_owned(),
    };
    Some(format!("{name}  {bytes} bytes unread   ({source})"))
}

/// The last gap says what could not be read, the first why sock_diag was not there.
fn not_all(streams: &Fact<Vec<UnixStream>>) -> Option<String> {
    let gap = streams.gaps().last()?;
    let wanted = !gap.is_unasked();
    wanted.then(|| format!("not known: {gap}"))
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
    use crate::facts::{Gap, SsVariable, Why};
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
            source: SocketSource::ProcNet,
            ..fixture::listener("0.0.0.0", port)
        }
    }

    #[test]
    fn the_worst_listeners_of_the_own_namespace_come_first() {
        let listeners = (1..=7).map(|port| from_proc(port, u32::from(port)));
        let lines = tcp(
            &with_listeners(broken::without_tcp_diag(), listeners.collect()),
            true,
        );
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[5], "and 2 more: sockdoctor listeners");
        let worst =
            "0.0.0.0:7  accept queue 7, its backlog is not known here   (read from /proc/net/tcp)";
        assert_eq!(lines[0], worst);
    }

    #[test]
    fn a_backlog_that_is_known_although_ss_is_blind_is_shown() {
        let mut facts = with_listeners(fixture::healthy(), vec![fixture::listener("::", 80)]);
        facts.ss.environment = Fact::Known(vec![SsVariable {
            name: "PROC_ROOT".to_owned(),
            value: String::new(),
        }]);
        let expected = "[::]:80  accept queue 0 of 511   (read through sock_diag)";
        assert_eq!(tcp(&facts, true), [expected]);
    }

    #[test]
    fn a_backlog_from_a_descriptor_is_shown_where_ss_is_blind() {
        let listener = TcpListener {
            backlog: Some(77),
            source: SocketSource::Descriptor,
            ..fixture::listener("0.0.0.0", 12345)
        };
        let facts = with_listeners(broken::without_tcp_diag(), vec![listener]);
        let expected = "0.0.0.0:12345  accept queue 0 of 77   (read from the socket itself)";
        assert_eq!(tcp(&facts, true), [expected]);
    }

    fn with_streams(streams: Fact<Vec<UnixStream>>) -> Facts {
        let mut facts = fixture::healthy();
        edit(&mut facts.namespaces, |namespaces| {
            namespaces[0].unix_streams = streams;
        });
        facts
    }

    fn stream(name: &str, unread: u32) -> UnixStream {
        UnixStream {
            name: name.to_owned(),
            unread: Some(unread),
            inode: 71,
            source: SocketSource::Descriptor,
        }
    }

    #[test]
    fn unread_bytes_are_shown_where_ss_is_blind_and_nowhere_else() {
        let facts = with_streams(Fact::Known(vec![stream("", 3), stream("/run/a", 9)]));
        let expected = [
            "/run/a  9 bytes unread   (read from the socket itself)",
            "a stream without a name, inode 71  3 bytes unread   (read from the socket itself)",
        ];
        assert_eq!(unix(&facts, true), expected);
        assert!(unix(&facts, false).is_empty());
    }

    #[test]
    fn unread_bytes_that_could_not_be_read_are_said_and_never_zero() {
        let needs = "root".to_owned();
        let facts = with_streams(Fact::Partial {
            value: Vec::new(),
            gaps: vec![Gap::new(
                "unread bytes of 2 unix streams",
                Why::Denied { needs },
            )],
        });
        let expected = "not known: unread bytes of 2 unix streams: denied, needs root";
        assert_eq!(unix(&facts, true), [expected]);
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
