//! What sock_diag answered about sockets whose state was known.

use super::{Errno, Fact};
use serde::{Deserialize, Serialize};

/// The system call with which sock_diag is opened, as gaps and evidence name it.
pub const SOCKET_CALL: &str = "socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG)";

/// The whole path tried out, once for each table that ss shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundTrips {
    /// [`SOCKET_CALL`].
    pub socket: Opened,
    /// A TCP listener on IPv4 loopback.
    pub tcp4: Fact<Canary>,
    /// A TCP listener on IPv6 loopback.
    pub tcp6: Fact<Canary>,
    /// A UDP socket on loopback.
    pub udp: Fact<Canary>,
    /// A connected unix stream with bytes left unread.
    pub unix: Fact<Canary>,
}

/// What a system call that opens something returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opened {
    /// It succeeded.
    Yes,
    /// It failed.
    No(Errno),
}

/// A socket of our own, and what was said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The socket in words: `127.0.0.1:40123, listen(fd, 7), one connection waiting`.
    pub socket: String,
    /// Its queues, known because this program made them.
    pub truth: Queues,
    /// What sock_diag answered to the dump that decides whether it can answer at all.
    pub answer: Fact<Answer>,
    /// The queues in that answer, `None` when the socket was not in it.
    pub sock_diag: Option<Queues>,
    /// The queues in /proc/thread-self/net, when the socket is there. Unix sockets have none; the
    /// tables of the others are read only where sock_diag did not show the socket.
    pub proc_net: Fact<Option<Queues>>,
}

/// The two queue columns of ss. `None`: this source does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    /// Recv-Q: for a listener the accept queue, for a stream the unread bytes.
    pub recv: Option<u32>,
    /// Send-Q: for a listener the backlog.
    pub send: Option<u32>,
}

/// What sock_diag answered to a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The dump ran to its end.
    Complete,
    /// It was refused.
    Refused {
        /// In which of its two ways.
        how: Refusal,
        /// With which error.
        errno: Errno,
    },
}

/// The two ways in which netlink says no to a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// NLMSG_ERROR: there is no handler for the family.
    ErrorMessage,
    /// NLMSG_DONE with a negative payload: the family is there, the protocol is not.
    DoneMessage,
}
