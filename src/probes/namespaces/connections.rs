//! What is read of connections: those that are half open, and unix streams with unread bytes.

use crate::probes::proc_net;
use sockdoctor_checks::facts::{Fact, Gap, SynRecv, UnixStream};
use std::path::Path;

/// In how many namespaces SYN_RECV is counted. For each the kernel walks the table of all
/// connections of all namespaces (inet_diag_dump_icsk, net/ipv4/inet_diag.c).
pub(super) const COUNTED: usize = 64;

/// The requests in SYN_RECV, from `asked` or else from the tables in `directory`, which have them
/// all.
pub(super) fn syn_recv(asked: Fact<Vec<SynRecv>>, directory: &Path) -> Fact<Vec<SynRecv>> {
    match asked {
        Fact::Missing(gap) => proc_net::syn_recv(directory).map_err(|_| gap).into(),
        answered => answered,
    }
}

/// Where SYN_RECV is not counted.
pub(super) fn not_counted() -> Gap {
    let why = format!(
        "the kernel walks all connections for each namespace, so they are counted in the first \
         {COUNTED} only; --netns NAME counts them in that one"
    );
    Gap::not_collected("SYN_RECV sockets", why)
}

/// The streams with unread bytes, from `asked`; or else those in `directory`, whose unread bytes
/// are still to be asked of their descriptors.
pub(super) fn unix_streams(
    asked: Fact<Vec<UnixStream>>,
    directory: &Path,
) -> Fact<Vec<UnixStream>> {
    match asked {
        Fact::Missing(gap) => match proc_net::unix_streams(directory) {
            Ok(streams) if streams.is_empty() => Fact::Known(streams),
            Ok(streams) => Fact::with_gaps(streams, vec![gap]),
            Err(_) => Fact::Missing(gap),
        },
        answered => answered,
    }
}
