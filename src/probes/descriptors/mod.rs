//! Sockets of other processes, read through a duplicate of a descriptor: where sock_diag does not
//! answer, this is what still knows a backlog, drops and unread bytes.
//!
//! A duplicate is closed as soon as it is read, and nothing is done to the socket but asking.

mod beyond;
mod duplicate;
mod listeners;
mod options;
mod streams;

pub use beyond::{Place, complete_with_iterators};
pub(super) use options::namespace_cookie;

use super::canary::is_canary;
use super::holders::{self, Holder};
use super::proc_net;
use crate::runner::{self, Deadline};
use duplicate::Process;
use listeners::Listening;
use rustix::fd::RawFd;
use sockdoctor_checks::facts::{Fact, Gap, TcpListener, UnixStream, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use streams::Waiting;

/// What a descriptor is to tell.
#[derive(Debug, Clone, Copy)]
enum Question {
    /// The queue, backlog and drops of a TCP listener.
    Listener,
    /// The unread bytes of a connected unix stream.
    Stream,
}

/// What a descriptor told.
#[derive(Debug)]
enum Told {
    Listener(Listening),
    Stream(Waiting),
}

/// What was told of each socket, by inode.
type Answers = BTreeMap<u32, Result<Told, Why>>;

/// Completes what /proc has of these sockets: queue, backlog and drops of listeners, and the
/// unread bytes of streams, of which those without any are left out. A fact that is whole then is
/// `Known`. What could not be duplicated stays as it was, and the gaps say so.
pub fn complete<'a>(
    listeners: impl IntoIterator<Item = &'a mut Fact<Vec<TcpListener>>>,
    streams: impl IntoIterator<Item = &'a mut Fact<Vec<UnixStream>>>,
    deadline: Deadline,
) {
    let mut listeners: Vec<_> = listeners.into_iter().collect();
    let mut streams: Vec<_> = streams.into_iter().collect();
    let wanted = wanted(
        listeners.iter().map(|fact| &**fact),
        streams.iter().map(|fact| &**fact),
    );
    let answers = answers(wanted, deadline);
    for fact in &mut listeners {
        listeners::fill(fact, &answers);
    }
    for fact in &mut streams {
        streams::fill(fact, &answers);
    }
}

/// The sockets to ask, and for what.
fn wanted<'a>(
    listeners: impl Iterator<Item = &'a Fact<Vec<TcpListener>>>,
    streams: impl Iterator<Item = &'a Fact<Vec<UnixStream>>>,
) -> BTreeMap<u32, Question> {
    let listeners = listeners.flat_map(listeners::lacking);
    let streams = streams.flat_map(streams::lacking);
    let mut wanted: BTreeMap<u32, Question> = listeners
        .map(|inode| (inode, Question::Listener))
        .chain(streams.map(|inode| (inode, Question::Stream)))
        .collect();
    wanted.retain(|inode, _| !is_canary(*inode));
    wanted
}

/// The unix streams with unread bytes in the namespace of the calling thread, without sock_diag.
pub fn own_unix_streams(deadline: Deadline) -> Fact<Vec<UnixStream>> {
    let mut streams = match proc_net::unix_streams(Path::new("/proc/thread-self/net")) {
        Ok(none) if none.is_empty() => Fact::Known(none),
        Ok(value) => {
            let what = "unread bytes in /proc/net/unix";
            let gaps = vec![Gap::new(what, Why::Absent)];
            Fact::Partial { value, gaps }
        }
        Err(gap) => Fact::Missing(gap),
    };
    complete([], [&mut streams], deadline);
    streams
}

/// Asks on a thread that may be left behind: pidfd_getfd waits for a process that is within
/// execve (exec_update_lock, kernel/pid.c). What was told until then counts.
fn answers(wanted: BTreeMap<u32, Question>, deadline: Deadline) -> Answers {
    if wanted.is_empty() {
        return Answers::new();
    }
    let inodes: Vec<u32> = wanted.keys().copied().collect();
    let (sender, told) = channel();
    let round = runner::start("descriptors of sockets", deadline, move || {
        ask_all(&wanted, deadline, &sender).into()
    });
    let ended = round.wait();
    let mut answers: Answers = told.try_iter().collect();
    let why = ended.into_result().unwrap_or_else(|gap| gap.why);
    for inode in inodes {
        answers.entry(inode).or_insert_with(|| Err(why.clone()));
    }
    answers
}

/// Tells of every socket that is held; and why there is nothing to tell of the others.
fn ask_all(
    wanted: &BTreeMap<u32, Question>,
    deadline: Deadline,
    sender: &Sender<(u32, Result<Told, Why>)>,
) -> Result<Why, Gap> {
    let inodes: BTreeSet<u32> = wanted.keys().copied().collect();
    let held = holders::find(&inodes, &[], deadline)?;
    let mut by_process: BTreeMap<u32, Vec<(RawFd, u32)>> = BTreeMap::new();
    for (&inode, &Holder { pid, descriptor }) in &held.found {
        by_process.entry(pid).or_default().push((descriptor, inode));
    }
    for (pid, descriptors) in by_process {
        let process = Process::open(pid);
        for (descriptor, inode) in descriptors {
            if deadline.left().is_zero() {
                return Err(deadline.gap("descriptors of sockets"));
            }
            let duplicate = process.as_ref().map_err(Clone::clone);
            let duplicate = duplicate.and_then(|process| process.duplicate(descriptor, inode));
            let told = duplicate.and_then(|socket| match wanted[&inode] {
                Question::Listener => listeners::ask(&socket).map(Told::Listener),
                Question::Stream => streams::ask(socket).map(Told::Stream),
            });
            // Whoever asked has given up when nobody listens any more.
            let _ = sender.send((inode, told));
        }
    }
    let hidden = held.gaps.into_iter().next();
    Ok(hidden.map_or_else(nobody, |gap| gap.why))
}

/// A socket of the kernel (nfsd's), one that waits in a queue of descriptors, or one that is gone.
fn nobody() -> Why {
    Why::Unsupported("no process holds a descriptor of it, or not any more".to_owned())
}

/// The gaps in `what` of so many sockets, each reason once.
fn gaps(
    what: impl Fn(usize) -> String,
    reasons: BTreeMap<Why, usize>,
) -> impl Iterator<Item = Gap> {
    let gap = move |(why, count)| Gap::new(what(count), why);
    reasons.into_iter().map(gap)
}
