//! A trace from its beginning to its end: what comes from the kernel is shown, and counted.

use super::namespaces::{Reading, Watched};
use super::{Event, Filter, Session, Symbols, now_ns};
use crate::exit::{Exit, Mistake, ends};
use crate::owners::Owners;
use crate::report::trace::{Audience, Closing, Line, Listener};
use crate::stdout::{Reader, print, write};
use sockdoctor_checks::facts::Gap;
use sockdoctor_checks::trace::Summary;
use sockdoctor_checks::trace::agreement::{Agreement, Position, Seen, Window};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

/// A trace under way.
pub(crate) struct Run {
    audience: Audience,
    session: Session,
    filter: Filter,
    symbols: Option<Symbols>,
    /// The functions of each stack that was seen, by its number in the map of stacks.
    stacks: BTreeMap<u32, Option<Rc<[String]>>>,
    watched: Watched,
    owners: Owners,
    first: Reading,
    /// Wall clock when the clock of the kernel's events stood at 0.
    epoch: SystemTime,
    summary: Summary,
    seen: BTreeMap<u32, Seen>,
    stop: UnixStream,
    gaps: Vec<String>,
}

impl Run {
    pub(crate) fn begin(
        audience: Audience,
        session: Session,
        mut watched: Watched,
        filter: Filter,
    ) -> Result<Self, Mistake> {
        let mut gaps: Vec<String> = watched.gaps.iter().map(Gap::to_string).collect();
        gaps.extend_from_slice(session.gaps());
        let symbols = filter.stack.then(Symbols::read).and_then(|read| {
            let read = read.map_err(|why| gaps.push(why));
            read.ok()
        });
        let stop = stop_on_signals().map_err(|error| Mistake(format!("signals: {error}")))?;
        let first = watched.read();
        Ok(Run {
            audience,
            session,
            filter,
            symbols,
            stacks: BTreeMap::new(),
            watched,
            owners: Owners::default(),
            first,
            epoch: SystemTime::now() - Duration::from_nanos(now_ns()),
            summary: Summary::default(),
            seen: BTreeMap::new(),
            stop,
            gaps,
        })
    }

    pub(crate) fn watch(mut self, limit: Option<Duration>) -> Result<Exit, Mistake> {
        let namespaces = self.first.counters.len();
        let method = self.session.method().name();
        let reader = write(&self.audience.beginning(method, namespaces))?;
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut window = Window {
            first: self.first.span,
            last: None,
        };
        let mut shown = Shown::by(reader, false);
        while shown != Shown::ToNobody {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) || self.session.wait(&self.stop, left) {
                break;
            }
            shown = self.show_some(&window)?;
        }
        let last = self.watched.read();
        window.last = Some(last.span);
        while shown != Shown::ToNobody {
            shown = self.show_some(&window)?;
            if shown == Shown::All {
                break;
            }
        }
        self.close(&last, &window)
    }

    /// Shows some of the events that are there, together, so that a burst costs few system calls;
    /// not all, because they may come faster than they can be shown.
    fn show_some(&mut self, window: &Window) -> Result<Shown, Mistake> {
        let mut text = String::new();
        while text.len() < ENOUGH_TO_WRITE {
            let Some(event) = self.session.next_event() else {
                break;
            };
            let time = event.request.time_ns;
            match window.position(time) {
                Position::Outside if time < window.first.begin_ns => {}
                Position::Outside => break,
                position => text += &self.take(&event, position),
            }
        }
        let more = text.len() >= ENOUGH_TO_WRITE;
        Ok(Shown::by(write(&text)?, more))
    }

    fn take(&mut self, event: &Event, position: Position) -> String {
        let request = &event.request;
        let frames = self.frames(event);
        let unseen = self.owners.look_up([number(request.inode)]);
        self.gaps.extend(unseen.iter().map(Gap::to_string));
        self.summary.add(request, frames.as_deref());
        self.seen
            .entry(request.netns)
            .or_default()
            .add(request, position);
        self.audience.line(&Line {
            time: self.epoch + Duration::from_nanos(request.time_ns),
            namespace: self.watched.label(request.netns),
            holder: self.owners.get(number(request.inode)),
            request,
            frames: frames.as_deref(),
        })
    }

    /// The functions that led to `event`. Most events share few stacks.
    fn frames(&mut self, event: &Event) -> Option<Rc<[String]>> {
        let (stack, symbols) = (event.stack?, self.symbols.as_ref()?);
        let frames = self.stacks.entry(stack);
        let frames = frames.or_insert_with(|| Some(self.session.frames(event, symbols)?.into()));
        frames.clone()
    }

    fn close(mut self, last: &Reading, window: &Window) -> Result<Exit, Mistake> {
        let agreements = self.agreements(last);
        self.gaps.extend(self.without_stack());
        let listeners = self.summary.listeners().into_iter().map(|seen| Listener {
            namespace: self.watched.label(seen.netns).to_owned(),
            holder: self.owners.get(number(seen.inode)),
            seen,
        });
        let time = last.span.begin_ns.saturating_sub(window.first.end_ns);
        let text = self.audience.closing(&Closing {
            method: self.session.method().name(),
            time: Duration::from_nanos(time),
            port: self.filter.port,
            summary: &self.summary,
            listeners: listeners.collect(),
            agreements,
            lost: self.session.lost().map_err(|trouble| trouble.to_string()),
            gaps: self.gaps,
        });
        print(&text)?;
        Ok(match self.summary.drops() {
            0 => Exit::Fine,
            _ => Exit::Failure,
        })
    }

    /// That some drops came without their stack, where stacks were asked for: the map of stacks
    /// takes 1,024, and two of them with the same hash have no room beside each other.
    fn without_stack(&self) -> Option<String> {
        let known: u64 = self.summary.stacks().iter().map(|stack| stack.drops).sum();
        let unknown = self.summary.drops() - known;
        let wanted = self.filter.stack && unknown > 0;
        wanted.then(|| format!("the way through the kernel of {unknown} drops"))
    }

    /// Namespaces where something was seen or counted, or nothing could be read.
    fn agreements(&mut self, last: &Reading) -> Vec<(String, Result<Agreement, Gap>)> {
        let inodes: BTreeSet<u32> = last
            .counters
            .keys()
            .chain(self.seen.keys())
            .copied()
            .collect();
        let mut all = Vec::new();
        for inode in inodes {
            let seen = self.seen.get(&inode).copied().unwrap_or_default();
            let agreement = match (self.first.counters.get(&inode), last.counters.get(&inode)) {
                (Some(first), Some(last)) => Agreement::of(seen, first, last),
                _ => Err(Gap::not_collected(
                    "counters",
                    "it is new here, or has ended",
                )),
            };
            let is_quiet = agreement
                .as_ref()
                .is_ok_and(|found| found.counted_drops == 0);
            if !is_quiet || seen != Seen::default() {
                all.push((self.watched.label(inode).to_owned(), agreement));
            }
        }
        all
    }
}

/// What became of the events that were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    Some,
    ToNobody,
}

impl Shown {
    fn by(reader: Reader, more: bool) -> Self {
        match reader {
            Reader::Left => Shown::ToNobody,
            Reader::Listens if more => Shown::Some,
            Reader::Listens => Shown::All,
        }
    }
}

/// Text is written in pieces of about this many bytes.
const ENOUGH_TO_WRITE: usize = 64 * 1024;

/// A stream that can be read once somebody asks the process to end.
fn stop_on_signals() -> std::io::Result<UnixStream> {
    let (stop, signalled) = UnixStream::pair()?;
    for signal in ends() {
        signal_hook::low_level::pipe::register(signal, signalled.try_clone()?)?;
    }
    Ok(stop)
}

/// The inode of a socket as sock_diag and /proc tell it. The kernel gives numbers of 32 bits
/// (get_next_ino, fs/inode.c), and 0 to a socket that is being closed.
fn number(inode: u64) -> u32 {
    u32::try_from(inode).unwrap_or(0)
}
