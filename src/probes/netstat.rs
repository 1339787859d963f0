//! The TcpExt counters of /proc/net/netstat.

use super::io_gap;
use sockdoctor_checks::facts::{Counters, Fact, Gap, Why};
use std::cmp::Ordering;
use std::fs::File;
use std::io::Read;

/// Reads the counters of one namespace after another.
#[derive(Debug, Default)]
pub(super) struct Netstat {
    buffer: Vec<u8>,
    columns: Columns,
}

impl Netstat {
    /// Reads `directory`/netstat.
    pub(super) fn read(&mut self, directory: &str) -> Fact<Counters> {
        let path = format!("{directory}/netstat");
        let length = match read_once(&path, &mut self.buffer) {
            Ok(length) => length,
            Err(error) => return Fact::Missing(io_gap(path, &error)),
        };
        let counters = self.columns.parse(&self.buffer[..length]);
        counters.map_err(|why| Gap::new(path, why)).into()
    }
}

/// As long as the file of Linux 6.18 is, twice.
const USUAL_LENGTH: usize = 16 * 1024;

/// Reads a file that the kernel makes in one piece (single_open, net/ipv4/proc.c): a read that
/// leaves room in the buffer has reached its end, and needs no second one to say so.
fn read_once(path: &str, buffer: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut file = File::open(path)?;
    buffer.resize(buffer.len().max(USUAL_LENGTH), 0);
    let mut length = 0;
    loop {
        let count = file.read(&mut buffer[length..])?;
        length += count;
        if length < buffer.len() {
            return Ok(length);
        }
        buffer.resize(2 * length, 0);
    }
}

/// A counter's place in the facts.
type Place = fn(&mut Counters) -> &mut Option<u64>;

/// The counters that are wanted, by the names of their columns.
const WANTED: [(&str, Place); 7] = [
    ("ListenOverflows", |counters| &mut counters.listen_overflows),
    ("ListenDrops", |counters| &mut counters.listen_drops),
    ("TCPReqQFullDoCookies", |counters| {
        &mut counters.req_q_full_do_cookies
    }),
    ("TCPReqQFullDrop", |counters| &mut counters.req_q_full_drop),
    ("SyncookiesSent", |counters| &mut counters.syncookies_sent),
    ("SyncookiesRecv", |counters| &mut counters.syncookies_recv),
    ("SyncookiesFailed", |counters| {
        &mut counters.syncookies_failed
    }),
];

/// The columns of TcpExt. They differ from kernel to kernel and not from namespace to namespace,
/// so they are looked through once.
#[derive(Debug, Default)]
struct Columns {
    names: String,
    number: usize,
    wanted: Vec<(usize, &'static str, Place)>,
}

impl Columns {
    fn of(names: &str) -> Self {
        let wanted = |name| WANTED.into_iter().find(|(wanted, _)| *wanted == name);
        let columns = || names.split_ascii_whitespace().enumerate();
        Columns {
            names: names.to_owned(),
            number: columns().count(),
            wanted: columns()
                .filter_map(|(at, name)| wanted(name).map(|(name, place)| (at, name, place)))
                .collect(),
        }
    }

    /// Finds the counters by name.
    ///
    /// # Errors
    /// `Absent` without a TcpExt line, `Unsupported` with names but no values (gVisor, seen in
    /// release 20221219), `Malformed` where the two do not match.
    fn parse(&mut self, text: &[u8]) -> Result<Counters, Why> {
        let text = std::str::from_utf8(text).map_err(|error| Why::Malformed(error.to_string()))?;
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
        let names = lines.next().ok_or(Why::Absent)?;
        let values = lines
            .next()
            .ok_or_else(|| Why::Unsupported("it has names of counters but no values".to_owned()))?;
        if self.names != names {
            *self = Columns::of(names);
        }
        self.counters(values)
    }

    fn counters(&self, values: &str) -> Result<Counters, Why> {
        let mut counters = Counters::default();
        let mut wanted = self.wanted.iter().peekable();
        let mut number = 0;
        for value in values.split_ascii_whitespace() {
            if let Some((_, name, place)) = wanted.next_if(|(at, ..)| *at == number) {
                let why = |_| Why::Malformed(format!("{name} is {value:?}, not a number"));
                *place(&mut counters) = Some(value.parse().map_err(why)?);
            }
            number += 1;
        }
        match number.cmp(&self.number) {
            Ordering::Equal => Ok(counters),
            Ordering::Less => Err(Why::Malformed("it has more names than values".to_owned())),
            Ordering::Greater => Err(Why::Malformed("it has more values than names".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &[u8]) -> Result<Counters, Why> {
        Columns::default().parse(text)
    }

    #[test]
    fn the_file_of_this_kernel_has_every_counter() {
        let fact = Netstat::default().read("/proc/thread-self/net");
        let counters = fact.known().expect("the netstat of this machine");
        assert!(counters.listen_overflows.is_some());
        assert!(counters.listen_drops.is_some());
        assert!(counters.req_q_full_do_cookies.is_some());
        assert!(counters.req_q_full_drop.is_some());
        assert!(counters.syncookies_sent.is_some());
        assert!(counters.syncookies_recv.is_some());
        assert!(counters.syncookies_failed.is_some());
    }

    #[test]
    fn a_buffer_that_is_too_small_grows() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let text = vec![b'x'; 3 * USUAL_LENGTH];
        std::fs::write(file.path(), &text).expect("written");
        let mut buffer = Vec::new();
        let length = read_once(file.path().to_str().expect("utf-8"), &mut buffer).expect("read");
        assert_eq!(buffer[..length], text);
    }

    #[test]
    fn a_column_that_this_kernel_lacks_is_none_and_not_zero() {
        let text = b"TcpExt: ListenDrops Other\nTcpExt: 3 4\nIpExt: ListenOverflows\nIpExt: 9\n";
        let expected = Counters {
            listen_drops: Some(3),
            ..Counters::default()
        };
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn other_columns_than_before_are_seen() {
        let mut columns = Columns::default();
        let mut drops = |text: &[u8]| columns.parse(text).map(|counters| counters.listen_drops);
        assert_eq!(
            drops(b"TcpExt: ListenDrops Other\nTcpExt: 3 4\n"),
            Ok(Some(3))
        );
        assert_eq!(
            drops(b"TcpExt: Other ListenDrops\nTcpExt: 3 4\n"),
            Ok(Some(4))
        );
    }

    #[test]
    fn names_without_values_are_not_zeros() {
        let refused = parse(b"TcpExt: ListenOverflows ListenDrops\n");
        assert!(matches!(refused, Err(Why::Unsupported(_))), "{refused:?}");
    }

    #[test]
    fn a_file_without_tcpext_has_no_counters() {
        assert_eq!(parse(b""), Err(Why::Absent));
        assert_eq!(parse(b"IpExt: InNoRoutes\nIpExt: 0\n"), Err(Why::Absent));
    }

    #[test]
    fn lines_that_do_not_match_are_malformed() {
        for text in [
            &b"TcpExt: ListenDrops Other\nTcpExt: 3\n"[..],
            b"TcpExt: ListenDrops\nTcpExt: 3 4\n",
            b"TcpExt: ListenDrops\nTcpExt: -3\n",
        ] {
            let refused = parse(text);
            assert!(matches!(refused, Err(Why::Malformed(_))), "{refused:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in any::<Vec<u8>>()) {
            let _ = parse(&text);
        }

        #[test]
        fn any_order_of_columns_gives_the_right_values(
            columns in Just(vec![
                ("ListenOverflows", 11u64), ("ListenDrops", 22), ("SyncookiesSent", u64::MAX),
                ("TCPReqQFullDrop", 0), ("Other", 5), ("ListenDropsToo", 6),
            ]).prop_shuffle()
        ) {
            let (names, values): (Vec<_>, Vec<_>) = columns
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_string()))
                .unzip();
            let text = format!("TcpExt: {}\nTcpExt: {}\n", names.join(" "), values.join(" "));
            let expected = Counters {
                listen_overflows: Some(11),
                listen_drops: Some(22),
                syncookies_sent: Some(u64::MAX),
                req_q_full_drop: Some(0),
                ..Counters::default()
            };
            prop_assert_eq!(parse(text.as_bytes()), Ok(expected));
        }
    }
}
