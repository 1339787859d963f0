//! One request and all of its replies, over a socket that may fail in between.

use super::frames::{Frame, Frames};
use super::reply::{Damage, Row};
use super::request::Request;
use crate::gap::io_gap;
use sockdoctor_checks::facts::{Answer, Errno, Fact, Gap, Why};
use std::io;

/// What the kernel is offered for one datagram. It fills up to about 32 KiB (netlink_dump,
/// net/netlink/af_netlink.c); what does not fit into a smaller buffer is lost.
pub(super) const RECEIVE_BUFFER: usize = 32 * 1024;

/// How long the kernel may take for one datagram, in milliseconds.
pub(super) const SILENCE_MS: u64 = 1000;

/// How often a dump is begun before its error stands.
const ATTEMPTS: u32 = 3;

/// A datagram that has come in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    /// Its length as it was sent, which may be more than what fitted.
    pub(super) length: usize,
    /// The kernel sent it, not another process.
    pub(super) from_kernel: bool,
}

/// A way to sock_diag.
pub(super) trait Wire {
    /// Sends one request.
    fn send(&mut self, request: &[u8]) -> io::Result<()>;
    /// Puts one datagram into the empty buffer, up to its capacity.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<Received>;
    /// Starts anew with nothing under way.
    fn reopen(&mut self) -> io::Result<()>;
}

/// Asks one question after another.
#[derive(Debug)]
pub(super) struct Exchange<W> {
    wire: W,
    buffer: Vec<u8>,
    sequence: u32,
}

/// All that came of one request.
#[derive(Debug)]
pub(super) struct Dump<T> {
    what: String,
    rows: Vec<Row<T>>,
    damage: Damage,
    end: io::Result<Answer>,
}

impl<W: Wire> Exchange<W> {
    pub(super) fn new(wire: W) -> Self {
        Exchange {
            wire,
            buffer: Vec::with_capacity(RECEIVE_BUFFER),
            sequence: 0,
        }
    }

    pub(super) fn wire(&self) -> &W {
        &self.wire
    }

    /// Sends `request` and decodes its replies. ENOBUFS starts it again, on a new socket:
    /// the dump of the old one is still under way there.
    pub(super) fn dump<T>(
        &mut self,
        mut request: Request,
        decode: impl Fn(&[u8], &mut Damage) -> Option<Row<T>>,
    ) -> Dump<T> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let dump = self.attempt(&mut request, &decode);
            let Err(error) = &dump.end else { return dump };
            let again = is_transient(error) && attempts < ATTEMPTS;
            // Without a new socket the first error is the one to report.
            if self.wire.reopen().is_err() || !again {
                return dump;
            }
        }
    }

    fn attempt<T>(
        &mut self,
        request: &mut Request,
        decode: &impl Fn(&[u8], &mut Damage) -> Option<Row<T>>,
    ) -> Dump<T> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut dump = Dump {
            what: request.what.clone(),
            rows: Vec::new(),
            damage: Damage::default(),
            end: Ok(Answer::Complete),
        };
        dump.end = self
            .wire
            .send(request.numbered(self.sequence))
            .and_then(|()| self.replies(request.kind(), &mut dump, decode));
        dump
    }

    /// Receives until the end of the dump.
    fn replies<T>(
        &mut self,
        kind: u16,
        dump: &mut Dump<T>,
        decode: &impl Fn(&[u8], &mut Damage) -> Option<Row<T>>,
    ) -> io::Result<Answer> {
        loop {
            self.next_datagram(&mut dump.damage)?;
            for frame in Frames::new(&self.buffer, kind, self.sequence) {
                match frame {
                    Ok(Frame::Socket(payload)) => {
                        dump.rows.extend(decode(payload, &mut dump.damage));
                    }
                    Ok(Frame::End(answer)) => return Ok(answer),
                    Err(reason) => dump.damage.note(reason),
                }
            }
        }
    }

    /// Fills the buffer with the next datagram of the kernel.
    fn next_datagram(&mut self, damage: &mut Damage) -> io::Result<()> {
        loop {
            self.buffer.clear();
            match self.wire.receive(&mut self.buffer) {
                Ok(received) if !received.from_kernel => {}
                Ok(received) => {
                    if received.length > self.buffer.len() {
                        let (had, fitted) = (received.length, self.buffer.len());
                        damage.note(format!("a reply of {had} bytes was cut to {fitted}"));
                    }
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::ENOBUFS.0)
}

impl<T> Dump<T> {
    /// The rows, each socket once. A dump is not atomic: a socket whose neighbour in the hash
    /// bucket goes away between two datagrams can come twice.
    pub(super) fn into_rows(self) -> Fact<Vec<T>> {
        let ended = self.ended();
        let damage = self.damage_gap();
        let mut rows = self.rows;
        // A stable sort makes use of the order that is there.
        rows.sort_by_key(|row| row.cookie);
        rows.dedup_by_key(|row| row.cookie);
        match ended {
            Err(gap) if rows.is_empty() => Fact::Missing(gap),
            ended => {
                let gaps = ended.err().into_iter().chain(damage).collect();
                Fact::with_gaps(rows.into_iter().map(|row| row.value).collect(), gaps)
            }
        }
    }

    /// What the kernel answered, and the first row.
    pub(super) fn into_answer(self) -> (Fact<Answer>, Option<T>) {
        let gaps = self.damage_gap().into_iter().collect();
        let answer = match self.end {
            Ok(answer) => Fact::with_gaps(answer, gaps),
            Err(error) => Fact::Missing(error_gap(self.what, &error)),
        };
        (answer, self.rows.into_iter().next().map(|row| row.value))
    }

    fn ended(&self) -> Result<(), Gap> {
        match &self.end {
            Ok(Answer::Complete) => Ok(()),
            Ok(Answer::Refused { errno, .. }) => Err(Gap::new(&self.what, Why::Failed(*errno))),
            Err(error) => Err(error_gap(&self.what, error)),
        }
    }

    fn damage_gap(&self) -> Option<Gap> {
        let first = self.damage.first.as_ref()?;
        let count = self.damage.count;
        let why = format!("{count} in its replies could not be decoded, the first: {first}");
        Some(Gap::malformed(&self.what, why))
    }
}

fn error_gap(what: impl Into<String>, error: &io::Error) -> Gap {
    if error.kind() == io::ErrorKind::WouldBlock {
        let after_ms = SILENCE_MS;
        return Gap::new(what, Why::TimedOut { after_ms });
    }
    io_gap(what, error)
}

#[cfg(test)]
mod tests;
