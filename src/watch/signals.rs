//! Ctrl-C and its like end the watch in order, and Ctrl-Z stops it in order.

use super::Message;
use crate::exit::ends;
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;

/// Has the loop told of signals, instead of the process ended by them.
pub(super) fn forward(sender: &SyncSender<Message>) -> io::Result<Handle> {
    let mut signals = Signals::new(ends())?;
    let (handle, sender) = (signals.handle(), sender.clone());
    let builder = std::thread::Builder::new().name("signals".to_owned());
    builder.spawn(move || {
        for signal in signals.forever() {
            if sender.send(message(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(handle)
}

fn message(signal: i32) -> Message {
    match signal {
        SIGTSTP => Message::Stop,
        SIGCONT => Message::Continued,
        _ => Message::Quit,
    }
}

/// Has the loop told before the process is stopped, and after: whoever holds the terminal has to
/// give it back in between.
pub(super) fn forward_stops(handle: &Handle) -> io::Result<()> {
    handle.add_signal(SIGTSTP)?;
    handle.add_signal(SIGCONT)
}

/// From the second signal on they end the process at once: it may stand still because nobody
/// takes what it writes.
pub(super) fn second_one_kills() {
    let one_came = Arc::new(AtomicBool::new(false));
    for signal in ends() {
        // The order counts: the first one must find the flag down. Where it cannot be set, a
        // second signal is like the first.
        let _ = flag::register_conditional_default(signal, Arc::clone(&one_came))
            .and_then(|_| flag::register(signal, Arc::clone(&one_came)));
    }
}
