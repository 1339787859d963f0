//! TCP and unix listeners of one reading, told apart from those of the next.

use super::event::{Protocol, Subject, Who};
use crate::facts::{Fact, Gap, Namespace, TcpListener};
use crate::namespaces::listening::{Listening, Socket};
use std::net::IpAddr;

/// What stays the same from one reading to the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Tcp(u32, IpAddr, u16),
    Unix(u32),
}

impl Key {
    pub(super) const fn protocol(&self) -> Protocol {
        match self {
            Key::Tcp(..) => Protocol::Tcp,
            Key::Unix(_) => Protocol::Unix,
        }
    }
}

/// The listeners of one kind in `namespace`; `Err` when they were not read at all.
pub(super) fn read(
    namespace: &Namespace,
    protocol: Protocol,
) -> Result<(Vec<Listening<'_>>, &[Gap]), &Gap> {
    let listening = |socket| Listening { namespace, socket };
    Ok(match protocol {
        Protocol::Tcp => {
            let listeners = namespace.listeners.known()?.iter();
            let listeners = listeners.map(Socket::Tcp).map(listening);
            (listeners.collect(), namespace.listeners.gaps())
        }
        Protocol::Unix => {
            let listeners = namespace.unix_listeners.known()?.iter();
            let listeners = listeners.map(Socket::Unix).map(listening);
            (listeners.collect(), namespace.unix_listeners.gaps())
        }
    })
}

/// How many listeners were read.
pub(super) fn count(namespace: &Namespace) -> Option<usize> {
    fn number<T>(fact: &Fact<Vec<T>>) -> Option<usize> {
        fact.value().map(Vec::len)
    }
    let counts = [
        number(&namespace.listeners),
        number(&namespace.unix_listeners),
    ];
    let mut known = counts.into_iter().flatten().peekable();
    known.peek()?;
    Some(known.sum())
}

impl Listening<'_> {
    pub(super) fn key(&self) -> Key {
        match self.socket {
            Socket::Tcp(listener) => {
                let (inode, address, port) = listener.identity();
                Key::Tcp(inode, address, port)
            }
            Socket::Unix(listener) => Key::Unix(listener.inode),
        }
    }

    pub(super) fn address(&self) -> String {
        match self.socket {
            Socket::Tcp(listener) => listener.label(),
            Socket::Unix(listener) => listener.name.clone(),
        }
    }

    pub(super) fn drops(&self) -> Option<u32> {
        self.tcp().and_then(|listener| listener.drops)
    }

    pub(super) fn tcp(&self) -> Option<&TcpListener> {
        match self.socket {
            Socket::Tcp(listener) => Some(listener),
            Socket::Unix(_) => None,
        }
    }

    /// Named for an event.
    pub(super) fn named(&self) -> Subject {
        Subject::Listener(Who {
            namespace: self.namespace.label(),
            protocol: self.key().protocol(),
            address: self.address(),
            inode: self.inode(),
            owner: None,
        })
    }
}
