//! Connected unix streams, of which /proc/net/unix has no queue.

use super::duplicate::why;
use super::{Answers, Told, gaps};
use crate::netlink::socket_name;
use crate::text::shown;
use rustix::fd::OwnedFd;
use rustix::io::{Errno, ioctl_fionread};
use sockdoctor_checks::facts::{Fact, SocketSource, UnixStream, Why};
use sockdoctor_checks::list::counted;
use std::collections::BTreeMap;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream as Socket};

/// What a stream says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) unread: u32,
    /// Its own, or that of its peer. Empty: not told.
    pub(super) name: String,
    pub(super) source: SocketSource,
}

/// Asks the socket: SIOCINQ, which is FIONREAD, gives the bytes of all that is queued
/// (unix_inq_len, net/unix/af_unix.c), the number that unix_diag gives too.
pub(super) fn ask(socket: OwnedFd) -> Result<Waiting, Why> {
    let unread = ioctl_fionread(&socket).map_err(why)?;
    let unread = u32::try_from(unread).map_err(|_| why(Errno::OVERFLOW))?;
    let name = if unread > 0 {
        name(&Socket::from(socket))
    } else {
        String::new()
    };
    Ok(Waiting {
        unread,
        name,
        source: SocketSource::Descriptor,
    })
}

/// Its own name, or that of its peer; empty where neither has one, or the peer is gone.
fn name(socket: &Socket) -> String {
    let own = socket.local_addr().map(|address| text(&address));
    match own {
        Ok(own) if !own.is_empty() => own,
        _ => socket
            .peer_addr()
            .map_or_else(|_| String::new(), |peer| text(&peer)),
    }
}

fn text(address: &SocketAddr) -> String {
    match (address.as_pathname(), address.as_abstract_name()) {
        (Some(path), _) => shown(path),
        (_, Some(name)) => socket_name(&[&[0], name].concat()),
        _ => String::new(),
    }
}

/// The inodes of the streams whose unread bytes are not known.
pub(super) fn lacking(fact: &Fact<Vec<UnixStream>>) -> impl Iterator<Item = u32> {
    let streams = fact.value().into_iter().flatten();
    streams
        .filter(|one| one.unread.is_none())
        .map(|one| one.inode)
}

/// Puts in what was told, and leaves out what has nothing unread. A stream of which nothing was
/// told may have unread bytes or none: the gaps count them.
pub(super) fn fill(fact: &mut Fact<Vec<UnixStream>>, answers: &Answers) {
    let Fact::Partial { value, gaps: known } = fact else {
        return;
    };
    // A gap of anything else is none that the sockets could fill.
    let from_proc = |one: &UnixStream| one.source == SocketSource::ProcNet;
    if !value.iter().any(from_proc) {
        return;
    }
    let mut reasons = BTreeMap::new();
    value.retain_mut(|stream| match answers.get(&stream.inode) {
        Some(Ok(Told::Stream(told))) => {
            put(stream, told);
            told.unread > 0
        }
        Some(Err(why)) => {
            *reasons.entry(why.clone()).or_default() += 1;
            false
        }
        _ => stream.unread.is_some(),
    });
    if reasons.is_empty() {
        *fact = Fact::Known(std::mem::take(value));
    } else {
        known.extend(gaps(what, reasons));
    }
}

fn what(streams: usize) -> String {
    let streams = counted(streams, "unix stream");
    format!("unread bytes of {streams}, which /proc/net/unix does not have")
}

fn put(stream: &mut UnixStream, told: &Waiting) {
    stream.unread = Some(told.unread);
    if !told.name.is_empty() {
        stream.name.clone_from(&told.name);
    }
    stream.source = told.source;
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::Gap;

    #[test]
    fn a_dump_that_was_cut_before_any_unread_byte_keeps_its_gap() {
        let cut = Fact::Partial {
            value: Vec::new(),
            gaps: vec![Gap::new("dump of connected unix sockets", Why::Absent)],
        };
        let mut fact = cut.clone();
        fill(&mut fact, &Answers::new());
        assert_eq!(fact, cut);
    }
}
