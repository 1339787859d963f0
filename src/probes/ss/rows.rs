//! The lines that ss prints.

use sockdoctor_checks::facts::SsRow;

/// A row. Which columns stand before the queues depends on the options: with one state asked
/// for there is no State, with one table no Netid. So the queues are the first two numbers that
/// follow each other, and the local address is what follows them.
pub(super) fn row(line: &str) -> Option<SsRow> {
    let columns: Vec<_> = line.split_whitespace().collect();
    columns.windows(3).find_map(|columns| {
        Some(SsRow {
            recv_q: columns[0].parse().ok()?,
            send_q: columns[1].parse().ok()?,
            local: columns[2].to_owned(),
        })
    })
}

/// The line above them.
pub(super) fn is_title(line: &str) -> bool {
    let mut columns = line.split_whitespace();
    columns.any(|column| column == "Recv-Q")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<(u64, u64, String)> {
        row(line).map(|row| (row.recv_q, row.send_q, row.local))
    }

    #[test]
    fn a_listener_without_a_state_column() {
        let line = "1      7          127.0.0.1:40123      0.0.0.0:*          ";
        assert_eq!(parsed(line), Some((1, 7, "127.0.0.1:40123".to_owned())));
    }

    #[test]
    fn a_unix_stream_with_its_table_and_state() {
        let line = "u_str ESTAB 9      0      @sockdoctor-canary-99 99            * 100 ";
        let local = "@sockdoctor-canary-99".to_owned();
        assert_eq!(parsed(line), Some((9, 0, local)));
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["Cannot open netlink socket", "1 2", ""] {
            assert_eq!(parsed(line), None, "{line}");
            assert!(!is_title(line), "{line}");
        }
    }

    #[test]
    fn the_titles_are_no_row() {
        for line in [
            "Recv-Q Send-Q Local Address:Port Peer Address:PortProcess",
            "Netid State Recv-Q Send-Q Local Address:Port   Peer Address:PortProcess",
        ] {
            assert_eq!(parsed(line), None, "{line}");
            assert!(is_title(line), "{line}");
        }
    }
}
