//! What is asked: netlink messages, ready to be sent.

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_packet_sock_diag::unix::{ShowFlags, StateFlags as UnixStates, UnixRequest};
use netlink_packet_sock_diag::{AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP, SockDiagMessage};
use sockdoctor_checks::facts::Family;

/// A cookie that matches every socket (INET_DIAG_NOCOOKIE, net/core/sock_diag.c).
const ANY_COOKIE: [u8; 8] = [0xff; 8];

/// A request, serialised except for its sequence number.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// What it asks for, in words that stand in a gap.
    pub(super) what: String,
    bytes: Vec<u8>,
}

impl Request {
    /// All TCP listeners, IPv4 and IPv6 in one walk: the old TCPDIAG_GETSOCK, for which the
    /// kernel takes AF_UNSPEC whatever the request says (inet_diag_dump_compat).
    pub(super) fn tcp_listeners() -> Self {
        let dump = LegacyDump {
            states: StateFlags::LISTEN,
            extensions: ExtensionFlags::SKMEMINFO,
        };
        Request::new("dump of TCP listeners", dump, NLM_F_DUMP)
    }

    /// All TCP connections in SYN_RECV, as which request sockets are shown (inet_req_diag_fill,
    /// net/ipv4/inet_diag.c; inet_diag_dump_icsk takes them among the connections).
    pub(super) fn syn_recv() -> Self {
        let dump = LegacyDump {
            states: StateFlags::SYN_RECV,
            extensions: ExtensionFlags::empty(),
        };
        Request::new("dump of TCP connections in SYN_RECV", dump, NLM_F_DUMP)
    }

    /// The TCP listeners or UDP sockets with this local port, asked as ss asks first.
    pub(super) fn inet_port(family: Family, protocol: Protocol, port: u16) -> Self {
        let (mut socket_id, family) = match family {
            Family::V4 => (SocketId::new_v4(), AF_INET),
            Family::V6 => (SocketId::new_v6(), AF_INET6),
        };
        socket_id.source_port = port;
        let request = InetRequest {
            family,
            protocol: protocol.number(),
            extensions: ExtensionFlags::empty(),
            states: protocol.states(),
            socket_id,
        };
        let what = format!("dump of {} port {port}", protocol.name());
        Request::new(what, SockDiagMessage::InetRequest(request), NLM_F_DUMP)
    }

    /// All unix listeners.
    pub(super) fn unix_listeners() -> Self {
        let request = UnixRequest {
            state_flags: UnixStates::LISTEN,
            inode: 0,
            show_flags: ShowFlags::NAME | ShowFlags::RQLEN,
            cookie: ANY_COOKIE,
        };
        let message = SockDiagMessage::UnixRequest(request);
        Request::new("dump of unix listeners", message, NLM_F_DUMP)
    }

    /// Unix sockets in no state: the end of the dump alone, however many sockets there are
    /// (unix_diag_dump, net/unix/diag.c, passes over those whose state was not asked for).
    pub(super) fn no_unix_sockets() -> Self {
        let request = UnixRequest {
            state_flags: UnixStates::empty(),
            inode: 0,
            show_flags: ShowFlags::empty(),
            cookie: ANY_COOKIE,
        };
        let message = SockDiagMessage::UnixRequest(request);
        Request::new("dump of unix sockets", message, NLM_F_DUMP)
    }

    /// All connected unix sockets.
    pub(super) fn unix_streams() -> Self {
        let request = UnixRequest {
            state_flags: UnixStates::ESTABLISHED,
            inode: 0,
            show_flags: ShowFlags::NAME | ShowFlags::PEER | ShowFlags::RQLEN,
            cookie: ANY_COOKIE,
        };
        let message = SockDiagMessage::UnixRequest(request);
        Request::new("dump of connected unix sockets", message, NLM_F_DUMP)
    }

    /// The unix socket with this inode. With an acknowledgement, so that this exchange too has
    /// a last message.
    pub(super) fn unix_socket(inode: u32) -> Self {
        let request = UnixRequest {
            state_flags: UnixStates::empty(),
            inode,
            show_flags: ShowFlags::RQLEN,
            cookie: ANY_COOKIE,
        };
        let message = SockDiagMessage::UnixRequest(request);
        Request::new(format!("unix socket {inode}"), message, NLM_F_ACK)
    }

    fn new<B: NetlinkSerializable>(what: impl Into<String>, body: B, flags: u16) -> Self {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(body));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        Request {
            what: what.into(),
            bytes,
        }
    }

    /// The message type, which its replies carry too.
    pub(super) fn kind(&self) -> u16 {
        NetlinkBuffer::new(&self.bytes).message_type()
    }

    /// The bytes to send under this sequence number.
    pub(super) fn numbered(&mut self, sequence: u32) -> &[u8] {
        NetlinkBuffer::new(&mut self.bytes).set_sequence_number(sequence);
        &self.bytes
    }
}

/// What sock_diag is asked about through inet_diag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Listeners, through tcp_diag.
    Tcp,
    /// Unconnected sockets, through udp_diag.
    Udp,
}

impl Protocol {
    const fn number(self) -> u8 {
        match self {
            Protocol::Tcp => IPPROTO_TCP,
            Protocol::Udp => IPPROTO_UDP,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }

    /// LISTEN alone walks the listeners only; an unconnected UDP socket is in state CLOSE.
    const fn states(self) -> StateFlags {
        match self {
            Protocol::Tcp => StateFlags::LISTEN,
            Protocol::Udp => StateFlags::CLOSE,
        }
    }
}

/// `struct inet_diag_req` for TCP sockets in these states. The crate knows only its successor,
/// `struct inet_diag_req_v2`.
struct LegacyDump {
    states: StateFlags,
    extensions: ExtensionFlags,
}

impl LegacyDump {
    /// TCPDIAG_GETSOCK (include/uapi/linux/inet_diag.h).
    const TYPE: u16 = 18;
    /// Four bytes, the socket id, and two words.
    const LEN: usize = 60;
    const EXTENSIONS: usize = 3;
    const STATES: std::ops::Range<usize> = 52..56;
}

impl NetlinkSerializable for LegacyDump {
    fn message_type(&self) -> u16 {
        Self::TYPE
    }

    fn buffer_len(&self) -> usize {
        Self::LEN
    }

    fn serialize(&self, buffer: &mut [u8]) {
        buffer.fill(0);
        buffer[Self::EXTENSIONS] = self.extensions.bits();
        buffer[Self::STATES].copy_from_slice(&self.states.bits().to_ne_bytes());
    }
}
