//! Requests in SYN_RECV, of which a listener can have thousands.

use sockdoctor_checks::facts::{Family, SynRecv};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A request by its family, local address, port, and interface, if that is known.
pub(crate) type SynRequest = (Family, IpAddr, u16, Option<u32>);

/// How many requests are alike.
pub(crate) fn count_requests(requests: impl IntoIterator<Item = SynRequest>) -> Vec<SynRecv> {
    let mut counts = BTreeMap::new();
    for request in requests {
        *counts.entry(request).or_default() += 1;
    }
    let requests = |((family, address, port, interface), requests)| SynRecv {
        family,
        address,
        port,
        interface,
        requests,
    };
    counts.into_iter().map(requests).collect()
}
