use super::*;
use crate::probes::testing::root;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 4242 1 000000005fda2ecf 100 0 0 10 0
   1: 0100007F:DFEA 0100007F:01BB 01 00000000:00000000 00:00000000 00000000     0        0 13435 1 00000000c6428801 21 4 1 148 -1
   2: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0000000000000000 100 0 0 10 0
";
const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 100 0 0 10 0
";
const GVISOR: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   3: 0100007F:DFEA 0100007F:01BB 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0x00000000000000 0 0 0 0 -1
   5: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0x00000000000000 0 0 0 0 -1
";

#[test]
fn listeners_of_both_families_are_read_and_connections_end_them() {
    let directory = root(&[("tcp", TCP), ("tcp6", TCP6)]);
    let listeners = tcp_listeners(directory.path()).unwrap();
    let seen: Vec<_> = listeners
        .iter()
        .map(|l| (l.address, l.port, l.inode))
        .collect();
    let expected = [
        (IpAddr::V4(Ipv4Addr::LOCALHOST), 8080, 4242),
        (IpAddr::V6(Ipv6Addr::LOCALHOST), 80, 99),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_listener_has_an_accept_queue_and_no_backlog() {
    let directory = root(&[("tcp", TCP)]);
    let listener = &tcp_listeners(directory.path()).unwrap()[0];
    assert_eq!(listener.accept_queue, 3);
    assert_eq!((listener.backlog, listener.drops), (None, None));
    assert_eq!((listener.uid, listener.source), (33, SocketSource::ProcNet));
}

#[test]
fn a_request_of_a_listener_does_not_end_the_listeners() {
    let content = TCP.replace("01BB 01", "01BB 03");
    let directory = root(&[("tcp", &content)]);
    assert_eq!(tcp_listeners(directory.path()).unwrap().len(), 2);
}

#[test]
fn requests_are_counted_by_the_address_that_they_were_sent_to() {
    let many = TCP.replace("01BB 01", "01BB 03").repeat(2);
    let directory = root(&[("tcp", &many), ("tcp6", TCP6)]);
    let expected = SynRecv {
        family: Family::V4,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 57322,
        interface: None,
        requests: 2,
    };
    assert_eq!(syn_recv(directory.path()), Ok(vec![expected]));
}

#[test]
fn no_tcp_file_is_a_gap() {
    let directory = root(&[("tcp6", TCP6)]);
    let gap = tcp_listeners(directory.path()).unwrap_err();
    assert_eq!(gap.why, Why::Absent);
    assert!(gap.what.ends_with("/tcp"), "{gap}");
}

#[test]
fn a_line_that_makes_no_sense_is_a_gap() {
    let cut = "heading\n   0: 0100007F:1F90 00000000:0000 0A 00000000\n";
    for content in [cut, "heading\nrubbish\n"] {
        let directory = root(&[("tcp", content)]);
        let gap = tcp_listeners(directory.path()).unwrap_err();
        assert!(matches!(gap.why, Why::Malformed(_)), "{gap}");
    }
}

/// Its releases print the address of a socket in different ways.
#[test]
fn the_zeros_of_gvisor_are_no_queues() {
    let release_20221219 = GVISOR.replace("0x00000000000000", "0000000000000000");
    for table in [GVISOR, &release_20221219] {
        let directory = root(&[("tcp", table)]);
        let gap = tcp_listeners(directory.path()).unwrap_err();
        assert!(matches!(gap.why, Why::Unsupported(_)), "{gap}");
    }
}

#[test]
fn a_table_without_a_heading_was_not_read() {
    let directory = root(&[("tcp", ""), ("unix", "")]);
    assert!(tcp_listeners(directory.path()).is_err());
    assert!(unix_listeners(directory.path()).is_err());
}

#[test]
fn our_own_listener_is_found_by_inode_in_gvisor_too() {
    for (content, inode, expected) in [
        (TCP, 4242, Some(queues(3, 0))),
        (TCP, 1, None),
        (GVISOR, 13, Some(queues(0, 0))),
    ] {
        let directory = root(&[("tcp", content)]);
        let found = tcp_queues(directory.path(), Family::V4, inode);
        assert_eq!(found, Ok(expected));
    }
}

#[test]
fn a_unix_table_with_hidden_pointers_cannot_be_parsed() {
    let heading = "Num       RefCount Protocol Flags    Type St Inode Path\n";
    let rest = "00000003 00000000 00000000 0001 03 13430\n";
    for (slot, parses) in [
        ("0000000029c0ebfe:", true),
        ("0x00000000000000:", true),
        ("(____ptrval____):", false),
    ] {
        let directory = root(&[("unix", &format!("{heading}{slot} {rest}"))]);
        assert_eq!(unix_is_readable(directory.path()).is_ok(), parses, "{slot}");
    }
}
