//! What the situations are made of.

pub(crate) mod doctor;
#[path = "../../support/netns.rs"]
pub(crate) mod netns;
#[path = "../../support/options.rs"]
pub(crate) mod options;
#[path = "../../support/programs.rs"]
pub(crate) mod programs;
pub(crate) mod report;
pub(crate) mod sockets;
#[path = "../../support/terminal.rs"]
pub(crate) mod terminal;
pub(crate) mod watching;

use std::time::{Duration, Instant};

/// Waits until `condition` holds. The limit only turns a test that would never end into one
/// that fails.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < limit, "never happened: {what}");
        std::thread::yield_now();
    }
}
