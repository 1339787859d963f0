//! The live view: what is on the screen, and the keys.

use super::Message;
use super::screen::Screen;
use super::session::Session;
use super::signals;
use crate::report::page::Look;
use crate::report::watch::live::{View, draw, room_for_events, room_for_listeners};
use crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyModifiers};
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::iterator::Handle;
use sockdoctor_checks::watch::Event;
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::SyncSender;
use std::time::SystemTime;

/// Events that are remembered: more than any screen shows.
const REMEMBERED: usize = 64;

/// The live view.
#[derive(Debug)]
pub(super) struct Live {
    screen: Screen,
    look: Look,
    events: VecDeque<(SystemTime, Event)>,
}

impl Live {
    /// Takes over the terminal.
    pub(super) fn open(
        look: Look,
        sender: &SyncSender<Message>,
        stops: &Handle,
    ) -> io::Result<Self> {
        let screen = Screen::open()?;
        signals::forward_stops(stops)?;
        let sender = sender.clone();
        let builder = std::thread::Builder::new().name("keys".to_owned());
        builder.spawn(move || forward_keys(&sender))?;
        Ok(Live {
            screen,
            look,
            events: VecDeque::new(),
        })
    }

    /// How many listeners can be seen.
    pub(super) fn room_for_listeners(&self) -> usize {
        room_for_listeners(self.screen.height())
    }

    /// Remembers what happened.
    pub(super) fn note(&mut self, events: &[Event], when: SystemTime) {
        self.events
            .extend(events.iter().map(|event| (when, event.clone())));
        let too_many = self.events.len().saturating_sub(REMEMBERED);
        self.events.drain(..too_many);
    }

    /// Leaves the terminal as it was found.
    pub(super) fn give_back(&mut self) {
        self.screen.give_back();
    }

    /// Takes the terminal again.
    pub(super) fn take_back(&mut self) -> io::Result<()> {
        self.screen.take_back()
    }

    /// Draws it.
    pub(super) fn draw(&mut self, session: &Session) -> io::Result<()> {
        let height = self.screen.height();
        let rows = session.rows();
        let seen = rows.iter().take(room_for_listeners(height));
        let hidden = self.events.len().saturating_sub(room_for_events(height));
        let view = View {
            opening: session.opening(),
            readings: session.totals().readings,
            when: session.when(),
            owners: seen.map(|row| session.owner(row.who.inode)).collect(),
            events: self.events.iter().skip(hidden).collect(),
            rows,
        };
        let look = self.look;
        self.screen.draw(|frame| draw(frame, &view, look))
    }
}

fn forward_keys(sender: &SyncSender<Message>) {
    // Without a keyboard a signal still ends the watch.
    while let Ok(input) = event::read() {
        let message = match input {
            Input::Resize(..) => Message::Resized,
            Input::Key(key) if leaves(key) => Message::Quit,
            Input::Key(key) if is_control(key, 'z') => {
                // All that was started with this process stops with it, as without raw mode; this
                // one by way of its signal.
                let _ = kill_current_process_group(Signal::TSTP);
                continue;
            }
            _ => continue,
        };
        if sender.send(message).is_err() {
            return;
        }
    }
}

/// In raw mode Ctrl-C is a key like others.
fn leaves(key: KeyEvent) -> bool {
    matches!(key.code, KeyCode::Char('q' | 'Q')) || is_control(key, 'c')
}

fn is_control(key: KeyEvent, letter: char) -> bool {
    key.code == KeyCode::Char(letter) && key.modifiers.contains(KeyModifiers::CONTROL)
}
