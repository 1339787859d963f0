//! Requests that wait for the final ACK: where they are counted, and from what.

use crate::probes::proc_net;
use sockdoctor_checks::facts::{Fact, Gap, SynRecv, Why};
use std::path::Path;

/// In how many namespaces SYN_RECV is counted. For each the kernel walks the table of all
/// connections of all namespaces (inet_diag_dump_icsk, net/ipv4/inet_diag.c).
pub(super) const COUNTED: usize = 64;

/// The requests in SYN_RECV, from `asked` or else from the tables in `directory`, which have them
/// all.
pub(super) fn or_of_proc(asked: Fact<Vec<SynRecv>>, directory: &Path) -> Fact<Vec<SynRecv>> {
    match asked {
        Fact::Missing(gap) => proc_net::syn_recv(directory).map_err(|_| gap).into(),
        answered => answered,
    }
}

/// Where SYN_RECV is not counted.
pub(super) fn not_counted() -> Gap {
    let what = format!("SYN_RECV sockets of more than {COUNTED} namespaces");
    let why = "the kernel walks all connections for each; --netns NAME counts them in that one";
    Gap::new(what, Why::Unsupported(why.to_owned()))
}
