//! sock_diag, the canaries and `ss` against real sockets in real network namespaces. Needs root,
//! `ip` and `ss`; without them these tests fail.

// Outside #[test] functions clippy.toml does not reach: here too a failure is a failed test.
#![allow(clippy::unwrap_used)]

mod descriptors;
mod listeners;
mod netns;
#[path = "../support/options.rs"]
mod options;
mod proc_net;
#[path = "../support/programs.rs"]
mod programs;
mod round_trip;
mod ss;
mod syn_recv;
mod unix;
