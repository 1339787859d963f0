//! Watches the kernel drop connection requests, as it happens.
//!
//! [`Session`] puts BPF programs on the functions of the kernel that drop them, and hands on what
//! they tell. The programs, their maps and links are held by descriptors alone: they go with the
//! process, however it ends.

mod btf;
mod event;
pub(crate) mod namespaces;
pub(crate) mod requirements;
mod run;
mod session;
pub(crate) mod sockets;
mod stacks;
mod trouble;

use event::Event;
pub(crate) use run::Run;
pub(crate) use session::{Filter, Method, Session};
use stacks::Symbols;
pub(crate) use trouble::Trouble;

/// The compiled bpf/programs.bpf.c; tests/bpf compiles it again and compares.
static OBJECT: &[u8] = aya::include_bytes_aligned!("bpf/programs.bpf.o");

/// Drops at the SYN.
const SYN: &str = "tcp_conn_request";
/// Drops at the final ACK, of IPv4 also at an IPv6 listener.
const FINAL_ACK_V4: &str = "tcp_v4_syn_recv_sock";
/// Drops at the final ACK, of IPv6.
const FINAL_ACK_V6: &str = "tcp_v6_syn_recv_sock";

/// The time of the BPF programs, CLOCK_MONOTONIC in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let (seconds, nanoseconds) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
    seconds * 1_000_000_000 + nanoseconds
}
