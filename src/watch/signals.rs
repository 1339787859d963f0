//! Ctrl-C and its like end the watch in order.

use super::Message;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;

/// Ctrl-C, a polite end, and a terminal that is closed.
const ENDS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Has the loop told of signals, instead of the process ended by them.
pub(super) fn forward(sender: &SyncSender<Message>) -> io::Result<()> {
    let mut signals = Signals::new(ENDS)?;
    let sender = sender.clone();
    let builder = std::thread::Builder::new().name("signals".to_owned());
    builder.spawn(move || {
        for _ in signals.forever() {
            if sender.send(Message::Quit).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// From the second signal on they end the process at once: it may stand still because nobody
/// takes what it writes.
pub(super) fn second_one_kills() {
    let one_came = Arc::new(AtomicBool::new(false));
    for signal in ENDS {
        // The order counts: the first one must find the flag down. Where it cannot be set, a
        // second signal is like the first.
        let _ = flag::register_conditional_default(signal, Arc::clone(&one_came))
            .and_then(|_| flag::register(signal, Arc::clone(&one_came)));
    }
}
