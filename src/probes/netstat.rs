//! The TcpExt counters of /proc/net/netstat.

use super::io_gap;
use sockdoctor_checks::facts::{Counters, Fact, Gap, Why};
use std::fs::File;
use std::io::Read;

/// Reads `directory`/netstat. The buffer is the caller's, so that a thousand readings need one.
pub fn read(directory: &str, buffer: &mut Vec<u8>) -> Fact<Counters> {
    let path = format!("{directory}/netstat");
    let parsed = read_once(&path, buffer)
        .map_err(|error| io_gap(&path, &error))
        .and_then(|()| parse(buffer).map_err(|why| Gap::new(path, why)));
    parsed.into()
}

/// As long as the file of Linux 6.18 is, twice.
const USUAL_LENGTH: usize = 16 * 1024;

/// Reads a file that the kernel makes in one piece (single_open, net/ipv4/proc.c): a read that
/// leaves room in the buffer has reached its end, and needs no second one to say so.
fn read_once(path: &str, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    buffer.resize(buffer.len().max(USUAL_LENGTH), 0);
    let mut length = 0;
    loop {
        let count = file.read(&mut buffer[length..])?;
        length += count;
        if length < buffer.len() {
            buffer.truncate(length);
            return Ok(());
        }
        buffer.resize(2 * length, 0);
    }
}

/// Finds the counters by name: the columns differ from kernel to kernel.
///
/// # Errors
/// `Absent` without a TcpExt line, `Unsupported` with names but no values (gVisor, seen in
/// release 20221219), `Malformed` where the two do not match.
pub fn parse(text: &[u8]) -> Result<Counters, Why> {
    let text = std::str::from_utf8(text).map_err(|error| Why::Malformed(error.to_string()))?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
    let names = lines.next().ok_or(Why::Absent)?;
    let values = lines
        .next()
        .ok_or_else(|| Why::Unsupported("it has names of counters but no values".to_owned()))?;
    pair(
        names.split_ascii_whitespace(),
        values.split_ascii_whitespace(),
    )
}

fn pair<'a>(
    names: impl Iterator<Item = &'a str>,
    mut values: impl Iterator<Item = &'a str>,
) -> Result<Counters, Why> {
    let mut counters = Counters::default();
    for name in names {
        let value = values
            .next()
            .ok_or_else(|| Why::Malformed("it has more names than values".to_owned()))?;
        if let Some(counter) = counter(&mut counters, name) {
            let number = value.parse();
            *counter = Some(
                number.map_err(|_| Why::Malformed(format!("{name} is {value:?}, not a number")))?,
            );
        }
    }
    match values.next() {
        None => Ok(counters),
        Some(_) => Err(Why::Malformed("it has more values than names".to_owned())),
    }
}

fn counter<'a>(counters: &'a mut Counters, name: &str) -> Option<&'a mut Option<u64>> {
    Some(match name {
        "ListenOverflows" => &mut counters.listen_overflows,
        "ListenDrops" => &mut counters.listen_drops,
        "TCPReqQFullDoCookies" => &mut counters.req_q_full_do_cookies,
        "TCPReqQFullDrop" => &mut counters.req_q_full_drop,
        "SyncookiesSent" => &mut counters.syncookies_sent,
        "SyncookiesRecv" => &mut counters.syncookies_recv,
        "SyncookiesFailed" => &mut counters.syncookies_failed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_file_of_this_kernel_has_every_counter() {
        let fact = read("/proc/thread-self/net", &mut Vec::new());
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
        read_once(file.path().to_str().expect("utf-8"), &mut buffer).expect("read");
        assert_eq!(buffer, text);
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
