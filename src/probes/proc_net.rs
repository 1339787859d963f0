//! /proc/net/{tcp,tcp6,udp,unix}: what ss falls back to.
//!
//! The lines are parsed by procfs, one at a time: its own readers know only /proc/net, which is
//! the main thread's namespace, and read all the connections of a machine into memory.

mod unix;

pub use unix::{unix_listeners, unix_streams};

use super::io_gap;
use crate::netlink::count_requests;
use crate::text::{shown, text};
use procfs::net::{TcpNetEntries, TcpNetEntry, UdpNetEntries};
use procfs::prelude::FromBufReadSI;
use sockdoctor_checks::facts::{Family, Gap, Queues, SocketSource, SynRecv, TcpListener, Why};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// How much is read at once. The kernel fills what it is offered: behind the last listener that
/// makes it walk its whole table of connections (established_get_first, net/ipv4/tcp_ipv4.c).
/// For one listener it is therefore offered one line (TMPSZ there), for all of them more. Where
/// ours is the last, Linux 6.18 walks all the same: it looks for the next before it returns.
const ONE_LINE: usize = 150;
const MANY_LINES: usize = 8192;
/// Index of the state column.
const STATE: usize = 3;
/// The states as they are printed there.
const LISTEN: &[u8] = b"0A";
const SYN_RECV: &[u8] = b"03";
/// Index of the column with the inode.
const INODE: usize = 9;

/// The TCP listeners in `directory`/tcp and `directory`/tcp6, without backlog and drops.
/// `directory` is /proc/thread-self/net, or /proc/PID/net. Listeners come first in these files
/// (tcp_get_idx, net/ipv4/tcp_ipv4.c), so reading ends at the first connection.
///
/// # Errors
/// The gap, when a file that is there could not be read or made no sense.
pub fn tcp_listeners(directory: &Path) -> Result<Vec<TcpListener>, Gap> {
    let mut listeners = Vec::new();
    for family in [Family::V4, Family::V6] {
        let mut table = match Table::open(&directory.join(file_name(family)), MANY_LINES) {
            // A kernel without IPv6 has no tcp6.
            Err(gap) if family == Family::V6 && gap.why == Why::Absent => continue,
            table => table?,
        };
        while table.next_listener()? {
            if table.is_of_gvisor() {
                let why = "gVisor prints 0 for every queue here".to_owned();
                return Err(Gap::new(table.path, Why::Unsupported(why)));
            }
            let entry = table.entry()?;
            listeners.push(listener(family, &entry).map_err(|why| table.malformed(why))?);
        }
    }
    Ok(listeners)
}

/// The requests in `directory`/tcp and tcp6 that wait for the final ACK. They stand among the
/// connections since Linux 4.4, so both files are read to their end.
///
/// # Errors
/// The gap, when a file that is there could not be read or made no sense.
pub fn syn_recv(directory: &Path) -> Result<Vec<SynRecv>, Gap> {
    let mut requests = Vec::new();
    for family in [Family::V4, Family::V6] {
        let mut table = match Table::open(&directory.join(file_name(family)), MANY_LINES) {
            Err(gap) if family == Family::V6 && gap.why == Why::Absent => continue,
            table => table?,
        };
        while table.advance()? {
            if table.column(STATE) == Some(SYN_RECV) {
                let local = table.entry()?.local_address;
                requests.push((family, local.ip(), local.port(), None));
            }
        }
    }
    Ok(count_requests(requests))
}

/// The queues of our own TCP listener in `directory`, when it is there.
///
/// # Errors
/// The gap, when the file could not be read or made no sense.
pub(super) fn tcp_queues(
    directory: &Path,
    family: Family,
    inode: u32,
) -> Result<Option<Queues>, Gap> {
    let mut table = Table::open(&directory.join(file_name(family)), ONE_LINE)?;
    let inode = inode.to_string();
    while table.next_listener()? {
        if table.column(INODE) == Some(inode.as_bytes()) {
            let entry = table.entry()?;
            return Ok(Some(queues(entry.rx_queue, entry.tx_queue)));
        }
    }
    Ok(None)
}

/// The queues of our own UDP socket in `directory`/udp, when it is there.
///
/// # Errors
/// The gap, when the file could not be read or made no sense.
pub(super) fn udp_queues(directory: &Path, inode: u32) -> Result<Option<Queues>, Gap> {
    let mut table = Table::open(&directory.join("udp"), MANY_LINES)?;
    while table.advance()? {
        let UdpNetEntries(entries) = table.parse()?;
        if let Some(found) = entries.iter().find(|e| e.inode == u64::from(inode)) {
            return Ok(Some(queues(found.rx_queue, found.tx_queue)));
        }
    }
    Ok(None)
}

/// Whether ss can parse `directory`/unix. Before the kernel's random generator is ready it
/// prints `(____ptrval____)` in the place of a pointer (`%pK`, lib/vsprintf.c), and ss then
/// lists nothing. All lines have the same form, so the first one decides.
///
/// # Errors
/// The gap, when the file could not be read or ss could not parse it.
pub(super) fn unix_is_readable(directory: &Path) -> Result<(), Gap> {
    let mut table = Table::open(&directory.join("unix"), ONE_LINE)?;
    if !table.advance()? {
        return Ok(());
    }
    let slot = text(table.column(0).unwrap_or_default());
    let number = slot.trim_end_matches(':').trim_start_matches("0x");
    match u64::from_str_radix(number, 16) {
        Ok(_) => Ok(()),
        Err(_) => Err(table.malformed(format!("`{slot}` is no number"))),
    }
}

const fn file_name(family: Family) -> &'static str {
    match family {
        Family::V4 => "tcp",
        Family::V6 => "tcp6",
    }
}

fn queues(recv: u32, send: u32) -> Queues {
    Queues {
        recv: Some(recv),
        send: Some(send),
    }
}

fn listener(family: Family, entry: &TcpNetEntry) -> Result<TcpListener, String> {
    let inode = u32::try_from(entry.inode).map_err(|_| format!("inode {}", entry.inode))?;
    Ok(TcpListener {
        family,
        address: entry.local_address.ip(),
        port: entry.local_address.port(),
        interface: 0,
        interface_name: None,
        accept_queue: entry.rx_queue,
        backlog: None,
        drops: None,
        uid: entry.uid,
        inode,
        source: SocketSource::ProcNet,
    })
}

/// A file of /proc/net, read line by line.
struct Table {
    path: String,
    lines: BufReader<File>,
    line: Vec<u8>,
}

impl Table {
    /// Opens the file, to be read `at_once` bytes at a time, and passes over its heading, which is
    /// there also when nothing else is.
    fn open(path: &Path, at_once: usize) -> Result<Self, Gap> {
        let name = shown(path);
        let file = File::open(path).map_err(|error| io_gap(&name, &error))?;
        let mut table = Table {
            path: name,
            lines: BufReader::with_capacity(at_once, file),
            line: Vec::new(),
        };
        match table.advance()? {
            true => Ok(table),
            false => Err(table.malformed("it has not even a heading")),
        }
    }

    /// Reads the next line; false at the end.
    fn advance(&mut self) -> Result<bool, Gap> {
        self.line.clear();
        let read = self.lines.read_until(b'\n', &mut self.line);
        Ok(read.map_err(|error| io_gap(&self.path, &error))? > 0)
    }

    /// A column of the current line.
    fn column(&self, index: usize) -> Option<&[u8]> {
        let columns = self.line.split(u8::is_ascii_whitespace);
        columns.filter(|column| !column.is_empty()).nth(index)
    }

    /// The current line, as procfs reads it. The line break before it is the heading that
    /// procfs passes over.
    fn parse<T: FromBufReadSI>(&self) -> Result<T, Gap> {
        let line = b"\n".chain(self.line.as_slice());
        T::from_buf_read(line, procfs::current_system_info())
            .map_err(|error| self.malformed(error.to_string()))
    }

    /// Goes on to the next listener; false when there is none. gVisor mixes listeners with
    /// connections. Linux before 4.4 prints the requests of a listener after it
    /// (TCP_SEQ_STATE_OPENREQ).
    fn next_listener(&mut self) -> Result<bool, Gap> {
        while self.advance()? {
            match self.column(STATE) {
                Some(LISTEN) => return Ok(true),
                Some(SYN_RECV) => {}
                Some(_) if self.is_of_gvisor() => {}
                Some(_) => break,
                None => return Err(self.malformed("a line without a state")),
            }
        }
        Ok(false)
    }

    /// Whether gVisor wrote the current line: it ends every one with these constants
    /// (commonGenerateTCP, pkg/sentry/fsimpl/proc/task_net.go). Linux never prints a
    /// retransmission timeout of 0.
    fn is_of_gvisor(&self) -> bool {
        self.line.trim_ascii_end().ends_with(b" 0 0 0 0 -1")
    }

    /// The TCP socket of the current line.
    fn entry(&self) -> Result<TcpNetEntry, Gap> {
        let TcpNetEntries(mut entries) = self.parse()?;
        let entry = entries.pop();
        entry.ok_or_else(|| self.malformed("a line without a socket"))
    }

    fn malformed(&self, why: impl Into<String>) -> Gap {
        Gap::malformed(&self.path, why)
    }
}

#[cfg(test)]
mod tests;
