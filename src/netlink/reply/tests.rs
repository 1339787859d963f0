use super::*;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

/// `struct inet_diag_msg` of a listener on 127.0.0.1:80, with 1 of 7 waiting.
fn inet_message(state: u8) -> Vec<u8> {
    let mut bytes = vec![2, state, 0, 0];
    bytes.extend(80_u16.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend([127, 0, 0, 1]);
    bytes.extend([0; 28]);
    bytes.extend(3_u32.to_ne_bytes());
    bytes.extend([5; 8]);
    for word in [0_u32, 1, 7, 33, 4242] {
        bytes.extend(word.to_ne_bytes());
    }
    assert_eq!(bytes.len(), INET_HEADER);
    bytes
}

/// `struct unix_diag_msg` of a listener.
fn unix_message() -> Vec<u8> {
    let mut bytes = vec![1, 1, TCP_LISTEN, 0];
    bytes.extend(99_u32.to_ne_bytes());
    bytes.extend([6; 8]);
    bytes
}

fn with_attribute(mut message: Vec<u8>, kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap();
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
    message
}

fn memory(words: u32) -> Vec<u8> {
    (0..words)
        .flat_map(|word| (word * 100).to_ne_bytes())
        .collect()
}

fn listener(payload: &[u8]) -> (Option<TcpListener>, Damage) {
    let mut damage = Damage::default();
    let row = tcp_listener(payload, &mut damage);
    (row.map(|row| row.value), damage)
}

#[test]
fn a_listener_is_read_in_full() {
    let message = with_attribute(inet_message(TCP_LISTEN), INET_DIAG_SKMEMINFO, &memory(9));
    let expected = TcpListener {
        family: Family::V4,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 80,
        interface: 3,
        interface_name: None,
        accept_queue: 1,
        backlog: Some(7),
        drops: Some(800),
        uid: 33,
        inode: 4242,
        source: SocketSource::SockDiag,
    };
    assert_eq!(listener(&message), (Some(expected), Damage::default()));
}

#[test]
fn short_memory_information_has_no_drops_and_is_no_damage() {
    let message = with_attribute(inet_message(TCP_LISTEN), INET_DIAG_SKMEMINFO, &memory(8));
    let (row, damage) = listener(&message);
    assert_eq!(row.unwrap().drops, None);
    assert_eq!(damage, Damage::default());
}

#[test]
fn attributes_of_another_kind_are_passed_over() {
    let odd = with_attribute(inet_message(TCP_LISTEN), 200, b"odd");
    let message = with_attribute(odd, INET_DIAG_SKMEMINFO, &memory(9));
    assert_eq!(listener(&message).0.unwrap().drops, Some(800));
}

#[test]
fn a_damaged_attribute_keeps_the_listener_and_is_noted() {
    let mut message = inet_message(TCP_LISTEN);
    message.extend([0xff, 0xff, 0, 0]);
    let (row, damage) = listener(&message);
    assert_eq!(row.unwrap().backlog, Some(7));
    assert_eq!(damage.count, 1);
}

#[test]
fn a_socket_in_another_state_is_no_listener() {
    assert_eq!(listener(&inet_message(1)), (None, Damage::default()));
}

#[test]
fn an_unknown_family_is_noted() {
    let mut message = inet_message(TCP_LISTEN);
    message[0] = 77;
    let (row, damage) = listener(&message);
    assert_eq!((row, damage.count), (None, 1));
}

#[test]
fn a_unix_listener_is_read_in_full() {
    let lengths: Vec<u8> = [2_u32, 5]
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    let named = with_attribute(unix_message(), UNIX_DIAG_NAME, b"/run/a\0");
    let message = with_attribute(named, UNIX_DIAG_RQLEN, &lengths);
    let row = unix_listener(&message, &mut Damage::default()).unwrap();
    let expected = UnixListener {
        name: "/run/a".to_owned(),
        accept_queue: Some(2),
        backlog: Some(5),
        inode: 99,
        source: SocketSource::SockDiag,
    };
    assert_eq!(row.value, expected);
}

#[test]
fn a_unix_listener_without_queues_is_noted() {
    let message = with_attribute(unix_message(), UNIX_DIAG_NAME, b"/run/a\0");
    let mut damage = Damage::default();
    assert_eq!(unix_listener(&message, &mut damage), None);
    assert_eq!(
        damage.first.as_deref(),
        Some("unix socket 99 without queue lengths")
    );
}

/// Every decoder, for what must hold of all of them.
fn decode_all(payload: &[u8]) {
    let damage = &mut Damage::default();
    tcp_listener(payload, damage);
    inet_queues(payload, 1, damage);
    unix_listener(payload, damage);
    unix_queues(payload, damage);
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_a_panic(payload in prop::collection::vec(any::<u8>(), 0..256)) {
        decode_all(&payload);
    }

    #[test]
    fn any_attributes_are_decoded_without_a_panic(
        attributes in prop::collection::vec(any::<u8>(), 0..128),
        unix in any::<bool>(),
    ) {
        let mut payload = if unix { unix_message() } else { inet_message(TCP_LISTEN) };
        payload.extend(attributes);
        decode_all(&payload);
    }
}
