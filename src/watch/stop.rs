//! Stops this process, as SIGTSTP does where nobody catches it.
#![allow(unsafe_code)] // sigaction: no crate here gives a signal its default back for a moment

use libc::{SIG_DFL, SIGTSTP, sigaction};
use std::io::{Error, Result};
use std::mem::zeroed;

/// Returns when the process goes on. The kernel does not stop a process whose group is orphaned,
/// such as the only one of a container or of `ssh -t`, because nobody would let it go on; so
/// SIGSTOP, which it always obeys, would not do.
pub(super) fn stop() -> Result<()> {
    // SAFETY: all zeroes is a sigaction: no flags, no mask, and SIG_DFL is zero itself.
    let mut default: sigaction = unsafe { zeroed() };
    default.sa_sigaction = SIG_DFL;
    let ours = exchange(&default)?;
    // SAFETY: raise takes a number and touches no memory of ours.
    let raised = unsafe { libc::raise(SIGTSTP) };
    exchange(&ours)?;
    match raised {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

/// Sets what happens at SIGTSTP, and gives what happened before.
fn exchange(action: &sigaction) -> Result<sigaction> {
    // SAFETY: all zeroes is a sigaction.
    let mut before: sigaction = unsafe { zeroed() };
    // SAFETY: both are whole sigactions of this frame or the caller's. What is set is the default
    // or the handler that signal-hook had set, and that one stays valid for ever.
    match unsafe { libc::sigaction(SIGTSTP, action, &raw mut before) } {
        0 => Ok(before),
        _ => Err(Error::last_os_error()),
    }
}
