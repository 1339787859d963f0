//! Whether stdout was closed when this program began.
//!
//! The standard library opens /dev/null in the place of a closed stdout before it calls main
//! (`sanitize_standard_fds`, library/std/src/sys/pal/unix/mod.rs), and a report into nowhere
//! would count as written. So this looks before the standard library does.
#![allow(unsafe_code)] // the attribute that puts a function into .init_array

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

// SAFETY: .init_array holds pointers to functions that the C run time calls once, before main
// and on the only thread. This one makes one system call and stores one atomic.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()) == Err(rustix::io::Errno::BADF);
    CLOSED.store(closed, Ordering::Relaxed);
}

/// True when there was no stdout to write to.
pub(super) fn closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
