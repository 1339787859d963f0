//! Where the watch is told: lines on stdout, or a live view on a terminal.

use super::Message;
use super::live::Live;
use super::session::Session;
use super::signals;
use super::stop::stop;
use crate::cli::{self, ListFormat};
use crate::report::environment::Environment;
use crate::report::page::Look;
use crate::report::watch::{Closing, json, line};
use crate::stdout::write_all;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::iterator::Handle;
use sockdoctor_checks::watch::Event;
use std::io::{self, IsTerminal};
use std::sync::mpsc::SyncSender;
use std::time::SystemTime;

/// Where it is told.
#[derive(Debug)]
pub(super) enum Output {
    /// A line for each event.
    Lines(Lines),
    /// On the screen, and afterwards a line.
    Live(Box<Live>, Lines),
}

/// Lines on stdout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    format: ListFormat,
    look: Look,
}

impl Output {
    /// The live view for people at a terminal, where there can be one.
    pub(super) fn open(
        options: &cli::Watch,
        sender: &SyncSender<Message>,
        signals: &Handle,
    ) -> Self {
        let look = Look::of_stdout(options.color);
        let lines = Lines {
            format: options.format,
            look,
        };
        signals::second_one_kills();
        let is_dumb = Environment::here()
            .get("TERM")
            .is_none_or(|term| term == "dumb");
        if options.format == ListFormat::Human && io::stdout().is_terminal() && !is_dumb {
            // Without a keyboard there are still lines.
            if let Ok(live) = Live::open(look, sender, signals) {
                return Output::Live(Box::new(live), lines);
            }
        }
        Output::Lines(lines)
    }

    /// How many listeners can be seen: none in a pipe.
    pub(super) fn room_for_listeners(&self) -> usize {
        match self {
            Output::Lines(_) => 0,
            Output::Live(live, _) => live.room_for_listeners(),
        }
    }

    /// Tells what is watched.
    pub(super) fn begin(&mut self, session: &Session) -> io::Result<()> {
        match self {
            Output::Lines(lines) => lines.begin(session),
            // It is in the title.
            Output::Live(..) => Ok(()),
        }
    }

    /// Tells what happened.
    pub(super) fn show(&mut self, events: &[Event], session: &Session) -> io::Result<()> {
        match self {
            Output::Lines(lines) => lines.show(events, session.when()),
            Output::Live(live, _) => {
                live.note(events, session.when());
                live.draw(session)
            }
        }
    }

    /// Draws again what is on the screen.
    pub(super) fn redraw(&mut self, session: &Session) -> io::Result<()> {
        match self {
            Output::Lines(_) => Ok(()),
            Output::Live(live, _) => live.draw(session),
        }
    }

    /// Stops the process. Meanwhile the terminal is as it was found.
    pub(super) fn stop(&mut self, session: &Session) -> io::Result<()> {
        match self {
            Output::Lines(_) => stop(),
            Output::Live(live, _) => {
                live.give_back();
                stop()?;
                self.take_back(session)
            }
        }
    }

    /// Takes the terminal again after a stop, and draws what was on the screen.
    pub(super) fn take_back(&mut self, session: &Session) -> io::Result<()> {
        match self {
            Output::Lines(_) => Ok(()),
            Output::Live(live, _) => {
                live.take_back()?;
                live.draw(session)
            }
        }
    }

    /// Leaves the screen, if there is one. What is still to be said are lines.
    pub(super) fn leave(self) -> Lines {
        match self {
            Output::Lines(lines) | Output::Live(_, lines) => lines,
        }
    }
}

impl Lines {
    fn begin(self, session: &Session) -> io::Result<()> {
        let (opening, when) = (session.opening(), session.when());
        write_all(&match self.format {
            ListFormat::Human => line::opening(self.look, when, &opening),
            ListFormat::Json => json::opening(when, &opening),
        })
    }

    fn show(self, events: &[Event], when: SystemTime) -> io::Result<()> {
        if events.is_empty() {
            return reader_is_there();
        }
        let line = |event: &Event| match self.format {
            ListFormat::Human => line::event(self.look, when, event),
            ListFormat::Json => json::event(when, event),
        };
        write_all(&events.iter().map(line).collect::<String>())
    }

    /// Tells what came of it.
    pub(super) fn close(self, when: SystemTime, closing: &Closing<'_>) -> io::Result<()> {
        write_all(&match self.format {
            ListFormat::Human => line::closing(self.look, when, closing),
            ListFormat::Json => json::closing(when, closing),
        })
    }
}

/// Where nothing happens nothing is written, and nobody would notice that the reader has left:
/// poll(2) says so of the writing end of a pipe.
fn reader_is_there() -> io::Result<()> {
    let stdout = rustix::stdio::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut polled, Some(&at_once)) {
        Ok(_) if polled[0].revents().contains(PollFlags::ERR) => {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        // What it does not tell is told by the next line.
        _ => Ok(()),
    }
}
