//! What no descriptor tells of a socket, because no process holds one or because no option of a
//! socket has it: BPF iterators are asked for it.

use super::listeners::Listening;
use super::streams::Waiting;
use super::{Answers, Told, answers, listeners, streams, wanted};
use crate::netns::Found;
use crate::probes::canary::is_canary;
use crate::probes::iterators;
use crate::runner::Deadline;
use crate::trace::sockets::{Socket, Table};
use sockdoctor_checks::facts::{Fact, Gap, SocketSource, TcpListener, UnixListener, UnixStream};
use std::collections::{BTreeMap, BTreeSet};

/// What was read of a namespace, and the way into it.
#[derive(Debug)]
pub struct Place<'a> {
    /// The way into it.
    pub found: &'a Found,
    /// Its TCP listeners.
    pub listeners: &'a mut Fact<Vec<TcpListener>>,
    /// Its unix streams.
    pub streams: &'a mut Fact<Vec<UnixStream>>,
    /// Its unix listeners.
    pub unix_listeners: &'a mut Fact<Vec<UnixListener>>,
}

/// Completes what /proc has, as [`complete`](super::complete) does, and then what is still
/// lacking through iterators. Where they cannot be had, the gaps say why.
pub fn complete_with_iterators(mut places: Vec<Place<'_>>, deadline: Deadline) {
    let wanted = wanted(
        places.iter().map(|place| &*place.listeners),
        places.iter().map(|place| &*place.streams),
    );
    let mut answers = answers(wanted, deadline);
    let lacking = |place: &Place<'_>| (place.found.clone(), place.lacking(&answers));
    let told = iterators::ask(places.iter().map(lacking).collect(), deadline);
    take_in(&mut answers, &told.sockets);
    for place in &mut places {
        let lacks = place.lacking(&answers);
        listeners::fill(place.listeners, &answers);
        streams::fill(place.streams, &answers);
        fill(place.unix_listeners, &told.sockets);
        for (table, gap) in told.gaps.iter().filter(|(table, _)| lacks.contains(table)) {
            place.note(*table, gap);
        }
    }
}

impl Place<'_> {
    /// The tables that would have what is not known.
    fn lacking(&self, answers: &Answers) -> BTreeSet<Table> {
        let is_open = |inode: u32| matches!(answers.get(&inode), Some(Err(_)));
        let tcp = listeners::lacking(self.listeners).any(is_open);
        let unix = streams::lacking(self.streams).any(is_open) || lacks_queue(self.unix_listeners);
        let tables = [(Table::Tcp, tcp), (Table::Unix, unix)];
        tables
            .into_iter()
            .filter_map(|(table, lacks)| lacks.then_some(table))
            .collect()
    }

    fn note(&mut self, table: Table, gap: &Gap) {
        match table {
            Table::Tcp => note(self.listeners, gap),
            Table::Unix => {
                note(self.unix_listeners, gap);
                note(self.streams, gap);
            }
        }
    }
}

fn note<T>(fact: &mut Fact<T>, gap: &Gap) {
    if let Fact::Partial { gaps, .. } = fact {
        gaps.push(gap.clone());
    }
}

/// What a descriptor told stays: it was asked first.
fn take_in(answers: &mut Answers, sockets: &BTreeMap<u32, Socket>) {
    for (inode, answer) in answers.iter_mut().filter(|(_, answer)| answer.is_err()) {
        *answer = match sockets.get(inode) {
            Some(&Socket::Listener {
                accept_queue,
                backlog,
                drops,
                interface,
            }) => Ok(Told::Listener(Listening {
                accept_queue,
                backlog,
                drops: Some(drops),
                interface: Some(interface),
                interface_name: None,
                source: SocketSource::BpfIterator,
            })),
            Some(&Socket::Stream(unread)) => Ok(Told::Stream(Waiting {
                unread,
                name: String::new(),
                source: SocketSource::BpfIterator,
            })),
            None => continue,
        };
    }
}

fn lacks_queue(fact: &Fact<Vec<UnixListener>>) -> bool {
    let listeners = fact.value().into_iter().flatten();
    listeners
        .filter(|one| !is_canary(one.inode))
        .any(|one| one.accept_queue.is_none())
}

/// Puts in what iterators told of unix listeners.
fn fill(fact: &mut Fact<Vec<UnixListener>>, sockets: &BTreeMap<u32, Socket>) {
    if !lacks_queue(fact) {
        return;
    }
    let Fact::Partial { value, .. } = fact else {
        return;
    };
    for listener in value.iter_mut().filter(|one| one.accept_queue.is_none()) {
        if let Some(&Socket::Listener {
            accept_queue,
            backlog,
            ..
        }) = sockets.get(&listener.inode)
        {
            listener.accept_queue = Some(accept_queue);
            listener.backlog = Some(backlog);
            listener.source = SocketSource::BpfIterator;
        }
    }
    if !lacks_queue(fact)
        && let Fact::Partial { value, .. } = fact
    {
        *fact = Fact::Known(std::mem::take(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::Why;

    fn listening(accept_queue: u32) -> Socket {
        Socket::Listener {
            accept_queue,
            backlog: 5,
            drops: 4,
            interface: 0,
        }
    }

    fn nobody() -> Why {
        Why::Unsupported("no process holds it".to_owned())
    }

    #[test]
    fn only_what_no_descriptor_told_is_taken_from_iterators() {
        let by_descriptor = Told::Stream(Waiting {
            unread: 9,
            name: "/run/a".to_owned(),
            source: SocketSource::Descriptor,
        });
        let mut answers = Answers::from([
            (1, Ok(by_descriptor)),
            (2, Err(nobody())),
            (3, Err(nobody())),
        ]);
        let sockets = BTreeMap::from([(1, Socket::Stream(10)), (2, listening(3))]);
        take_in(&mut answers, &sockets);
        assert!(matches!(&answers[&1], Ok(Told::Stream(told)) if told.unread == 9));
        let Ok(Told::Listener(told)) = &answers[&2] else {
            panic!("{answers:?}");
        };
        assert_eq!(
            (told.accept_queue, told.backlog, told.drops),
            (3, 5, Some(4))
        );
        assert_eq!(told.source, SocketSource::BpfIterator);
        assert!(matches!(&answers[&3], Err(why) if *why == nobody()));
    }

    fn unix_listeners(inodes: &[u32]) -> Fact<Vec<UnixListener>> {
        let listener = |&inode: &u32| UnixListener {
            name: format!("/run/{inode}"),
            accept_queue: None,
            backlog: None,
            inode,
            source: SocketSource::ProcNet,
        };
        Fact::Partial {
            value: inodes.iter().map(listener).collect(),
            gaps: vec![Gap::new("unix_diag", Why::Absent)],
        }
    }

    #[test]
    fn unix_listeners_are_known_once_all_have_their_queue() {
        let sockets = BTreeMap::from([(1, listening(6)), (2, listening(0))]);
        let mut fact = unix_listeners(&[1, 2]);
        fill(&mut fact, &sockets);
        let Fact::Known(listeners) = fact else {
            panic!("{fact:?}");
        };
        assert_eq!(listeners[0].accept_queue, Some(6));
        assert_eq!(listeners[0].source, SocketSource::BpfIterator);

        let mut fact = unix_listeners(&[1, 3]);
        fill(&mut fact, &sockets);
        assert_eq!(fact.gaps().len(), 1);
        let left = &fact.known().unwrap()[1];
        assert_eq!(
            (left.accept_queue, left.source),
            (None, SocketSource::ProcNet)
        );
    }
}
