//! Every socket of a network namespace as the kernel itself has it, whoever holds it: BPF
//! iterators over its tables of TCP sockets (Linux 5.9) and unix sockets (5.15).

use super::{OBJECT, Trouble};
use aya::programs::iter::IterLink;
use aya::programs::{Iter, ProgramError};
use aya::{Btf, BtfError, Ebpf, EbpfLoader};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// A table of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    /// TCP sockets, listeners first.
    Tcp,
    /// Unix sockets.
    Unix,
}

impl Table {
    /// As in `bpf_iter_tcp`, the function of the kernel that stands for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Table::Tcp => "tcp",
            Table::Unix => "unix",
        }
    }

    /// The Linux that brought its iterator: 52d87d5f6418 and 2c860a43dd77.
    fn since(self) -> &'static str {
        match self {
            Table::Tcp => "5.9",
            Table::Unix => "5.15",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Table::Tcp => "tcp_sockets",
            Table::Unix => "unix_sockets",
        }
    }
}

/// A socket, as an iterator passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Socket {
    /// It listens.
    Listener {
        /// Connections that wait for accept().
        accept_queue: u32,
        /// sk_max_ack_backlog.
        backlog: u32,
        /// sk_drops; a unix socket has none.
        drops: u32,
        /// The index of the interface that it is bound to, 0 for none.
        interface: u32,
    },
    /// A connected unix stream with so many bytes unread.
    Stream(u32),
}

/// The iterators, loaded.
pub(crate) struct Iterators {
    programs: Ebpf,
    kernel: Btf,
}

impl Iterators {
    /// Reads the object against this kernel's types. [`requirements`](super::requirements) come
    /// before it.
    ///
    /// # Errors
    /// What kept it from it.
    pub(crate) fn new() -> Result<Self, Trouble> {
        let kernel = Btf::from_sys_fs().map_err(|error| Trouble::btf(&error))?;
        let programs = EbpfLoader::new()
            .btf(Some(&kernel))
            // The maps are those of `trace`, and hold nothing here.
            .map_max_entries("events", 1 << 16)
            .map_max_entries("stacks", 1)
            .load(OBJECT)
            .map_err(|error| Trouble::object("BPF iterator", &error))?;
        Ok(Iterators { programs, kernel })
    }

    /// An iterator that goes through the table of the namespace in which it is opened.
    ///
    /// # Errors
    /// This kernel has none, or refuses it.
    pub(crate) fn link(&mut self, table: Table) -> Result<IterLink, Trouble> {
        self.attach(table).map_err(|error| match error {
            ProgramError::Btf(BtfError::UnknownBtfTypeName { .. }) => {
                Trouble::no_iterator(table.name(), table.since())
            }
            error => Trouble::program("BPF iterator", &format!("{} sockets", table.name()), &error),
        })
    }

    fn attach(&mut self, table: Table) -> Result<IterLink, ProgramError> {
        let program = self.programs.program_mut(table.program());
        let program: &mut Iter = program.ok_or(ProgramError::NotLoaded)?.try_into()?;
        match program.load(table.name(), &self.kernel) {
            Ok(()) | Err(ProgramError::AlreadyLoaded) => {}
            Err(error) => return Err(error),
        }
        let link = program.attach()?;
        program.take_link(link)
    }
}

/// Goes through the table of the calling thread's namespace: its listeners and streams by inode.
///
/// # Errors
/// The iterator could not be opened or read.
pub(crate) fn read(link: IterLink, table: Table) -> io::Result<BTreeMap<u32, Socket>> {
    let mut file = link.into_file().map_err(io::Error::other)?;
    let mut sockets = BTreeMap::new();
    let mut buffer = [0; 128 * LENGTH];
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok(sockets),
            Ok(length) => length,
            // After a million sockets without a record the kernel takes a breath (bpf_seq_read).
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for record in buffer[..length].chunks_exact(LENGTH) {
            match parse(record) {
                Record::Socket(inode, socket) => drop(sockets.insert(inode, socket)),
                Record::NotTold => {}
                // Behind the listeners come the connections, which may be many.
                Record::Other if table == Table::Tcp => return Ok(sockets),
                Record::Other => {}
            }
        }
    }
}

/// The length of `struct found` in bpf/sockets.bpf.c.
const LENGTH: usize = 32;

#[derive(Debug, PartialEq, Eq)]
enum Record {
    Socket(u32, Socket),
    /// A socket without an inode, or a queue that could not be counted.
    NotTold,
    Other,
}

fn parse(record: &[u8]) -> Record {
    let word = |at: usize| u32::from_ne_bytes(std::array::from_fn(|index| record[at + index]));
    let inode = u64::from_ne_bytes(std::array::from_fn(|index| record[index]));
    let socket = match word(8) {
        1 => Socket::Listener {
            accept_queue: word(12),
            backlog: word(16),
            drops: word(20),
            interface: word(24),
        },
        2 => Socket::Stream(word(12)),
        3 => return Record::NotTold,
        _ => return Record::Other,
    };
    match u32::try_from(inode) {
        Ok(0) | Err(_) => Record::NotTold,
        Ok(inode) => Record::Socket(inode, socket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(inode: u64, words: [u32; 6]) -> Vec<u8> {
        let words = words.into_iter().flat_map(u32::to_ne_bytes);
        inode.to_ne_bytes().into_iter().chain(words).collect()
    }

    #[test]
    fn the_layout_is_that_of_the_programs() {
        let listener = Socket::Listener {
            accept_queue: 6,
            backlog: 5,
            drops: 4,
            interface: 3,
        };
        let bytes = record(77, [1, 6, 5, 4, 3, 0]);
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(parse(&bytes), Record::Socket(77, listener));
        let stream = record(78, [2, 9, 0, 0, 0, 0]);
        assert_eq!(parse(&stream), Record::Socket(78, Socket::Stream(9)));
    }

    #[test]
    fn what_has_no_inode_or_could_not_be_counted_is_not_told() {
        assert_eq!(parse(&record(0, [1, 6, 5, 4, 3, 0])), Record::NotTold);
        assert_eq!(parse(&record(79, [3, 9, 0, 0, 0, 0])), Record::NotTold);
        assert_eq!(parse(&record(0, [0; 6])), Record::Other);
    }
}
