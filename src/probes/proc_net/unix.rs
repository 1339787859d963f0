//! /proc/net/unix: names and inodes, and no queues.

use super::{MANY_LINES, Table};
use crate::text::text;
use sockdoctor_checks::facts::{Gap, SocketSource, UnixListener, UnixStream};
use std::path::Path;

/// __SO_ACCEPTCON, which stands there for a listener and for nothing else.
const LISTENS: &[u8] = b"00010000";
const STREAM: &[u8] = b"0001";
/// SS_CONNECTED. A connection that waits for accept() is SS_CONNECTING, and has no inode.
const CONNECTED: &[u8] = b"03";

/// The unix listeners in `directory`/unix, without their queues.
///
/// # Errors
/// The gap, when the file could not be read or made no sense.
pub fn unix_listeners(directory: &Path) -> Result<Vec<UnixListener>, Gap> {
    let listens = |line: &Line| line.flags == LISTENS;
    let sockets = sockets(directory, listens)?;
    let listeners = sockets.into_iter().map(|socket| UnixListener {
        name: text(&socket.name),
        accept_queue: None,
        backlog: None,
        inode: socket.inode,
        source: SocketSource::ProcNet,
    });
    Ok(listeners.collect())
}

/// The connected unix streams in `directory`/unix, without their unread bytes.
///
/// # Errors
/// The gap, when the file could not be read or made no sense.
pub fn unix_streams(directory: &Path) -> Result<Vec<UnixStream>, Gap> {
    let connected = |line: &Line| line.kind == STREAM && line.state == CONNECTED;
    let sockets = sockets(directory, connected)?;
    let streams = sockets.into_iter().map(|socket| UnixStream {
        name: text(&socket.name),
        unread: None,
        inode: socket.inode,
        source: SocketSource::ProcNet,
    });
    Ok(streams.collect())
}

struct Socket {
    inode: u32,
    name: Vec<u8>,
}

fn sockets(directory: &Path, wanted: impl Fn(&Line) -> bool) -> Result<Vec<Socket>, Gap> {
    let mut table = Table::open(&directory.join("unix"), MANY_LINES)?;
    let mut sockets: Vec<Socket> = Vec::new();
    let mut is_wanted = false;
    while table.advance()? {
        let text = table.line.strip_suffix(b"\n").unwrap_or(&table.line);
        if let Some(line) = Line::of(text) {
            is_wanted = wanted(&line);
            let (inode, name) = (line.inode, line.name.to_vec());
            sockets.extend(is_wanted.then_some(Socket { inode, name }));
        } else if let Some(socket) = sockets.last_mut().filter(|_| is_wanted) {
            // The kernel prints a name as it is, so this is the rest of one with a line break.
            socket.name.push(b'\n');
            socket.name.extend_from_slice(text);
        }
    }
    Ok(sockets)
}

/// A line that begins as the kernel begins them (unix_seq_show, net/unix/af_unix.c).
struct Line<'a> {
    flags: &'a [u8],
    kind: &'a [u8],
    state: &'a [u8],
    inode: u32,
    name: &'a [u8],
}

impl<'a> Line<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        let mut rest = text;
        let slot = column(&mut rest)?;
        let [_references, _protocol] = [column(&mut rest)?, column(&mut rest)?];
        let line = Line {
            flags: column(&mut rest)?,
            kind: column(&mut rest)?,
            state: column(&mut rest)?,
            inode: std::str::from_utf8(column(&mut rest)?).ok()?.parse().ok()?,
            // What is behind one blank is the name, whatever it is.
            name: rest.strip_prefix(b" ").unwrap_or(rest),
        };
        slot.ends_with(b":").then_some(line)
    }
}

/// Takes the next column and the blanks before it.
fn column<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let text = rest.trim_ascii_start();
    let length = text.iter().position(u8::is_ascii_whitespace);
    let (column, behind) = text.split_at(length.unwrap_or(text.len()));
    *rest = behind;
    (!column.is_empty()).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::testing::root;

    const UNIX: &str = "Num       RefCount Protocol Flags    Type St Inode Path
0000000029c0ebfe: 00000002 00000000 00010000 0001 01 13430 /run/a
b  c
(____ptrval____): 00000003 00000000 00000000 0001 03    71 @abstract
0000000029c0ebfd: 00000003 00000000 00000000 0001 03    72
0000000029c0ebfc: 00000003 00000000 00000000 0001 02     0 /run/a
0000000029c0ebfb: 00000003 00000000 00000000 0002 03    73 /dev/log
0000000029c0ebfa: 00000002 00000000 00000000 0001 01    74 /run/bound
";

    #[test]
    fn listeners_have_a_name_with_all_its_bytes_and_no_queues() {
        let directory = root(&[("unix", UNIX)]);
        let listeners = unix_listeners(directory.path()).unwrap();
        assert_eq!(listeners.len(), 1);
        assert_eq!(listeners[0].name, "/run/a\nb  c");
        assert_eq!(listeners[0].inode, 13430);
        assert_eq!(
            (listeners[0].accept_queue, listeners[0].backlog),
            (None, None)
        );
    }

    #[test]
    fn streams_are_those_that_are_connected_and_held() {
        let directory = root(&[("unix", UNIX)]);
        let streams = unix_streams(directory.path()).unwrap();
        let seen: Vec<_> = streams.iter().map(|s| (s.name.as_str(), s.inode)).collect();
        assert_eq!(seen, [("@abstract", 71), ("", 72)]);
        assert!(streams.iter().all(|stream| stream.unread.is_none()));
    }

    #[test]
    fn no_table_is_a_gap() {
        let directory = root(&[("tcp", "")]);
        assert!(unix_listeners(directory.path()).is_err());
    }
}
