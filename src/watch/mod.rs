//! `sockdoctor watch`: reading after reading, and what happens in between.
//!
//! One thread reads at the beat, one waits for signals, and on a terminal one for keys. They
//! all send to the loop here, which alone knows what was seen and writes to stdout.

mod asked;
mod live;
mod output;
mod pace;
mod reader;
mod screen;
mod session;
mod signals;
mod stop;

use crate::cli;
use crate::collect::{Causes, Owners, Plan, collect, may_ask};
use crate::exit::Exit;
use crate::netns::{NoSuchNamespace, Selector};
use crate::report::watch::Closing;
use crate::runner;
use output::Output;
use reader::{Reader, Taken};
use session::Session;
use sockdoctor_checks::check::{Check, Group};
use sockdoctor_checks::diagnosis;
use sockdoctor_checks::facts::{Facts, Topic, Topics};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

/// Why a watch did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A namespace that was asked for is not there.
    NoSuchNamespace(NoSuchNamespace),
    /// The machine did not give what it needs: what that is.
    Means(&'static str, io::Error),
    /// What was seen could not be written.
    Stdout(io::Error),
}

/// What the loop waits for.
#[derive(Debug)]
enum Message {
    /// A reading was taken.
    Read(Box<Taken>),
    /// The size of the terminal has changed.
    Resized,
    /// The process is to be stopped, as by Ctrl-Z.
    Stop,
    /// It was stopped, and goes on.
    Continued,
    /// A key or a signal asks for the end.
    Quit,
}

/// Readings that wait to be told. A reader that is slow to take what is written holds up the
/// readings, which then skip beats and say so; they do not pile up.
const WAITING: usize = 1;

/// Watches until it is told to stop, and judges what was seen.
///
/// # Errors
/// What kept it from doing that.
pub(crate) fn run(options: &cli::Watch) -> Result<Exit, Failure> {
    runner::tell_panics_in_the_report();
    let facts = around(options).map_err(Failure::NoSuchNamespace)?;
    let may_ask = may_ask(options.passive, &facts.modules);
    let mut session = Session::new(options);
    let mut reader = Reader::new(&options.netns, may_ask, options.timeout);
    let first = reader.first().map_err(Failure::NoSuchNamespace)?;

    // Until here nobody would have heard of a signal, and nothing was told that had to be ended in
    // order: it ended the process.
    let (sender, messages) = sync_channel(WAITING);
    let signals =
        signals::forward(&sender).map_err(|error| Failure::Means("a thread for signals", error))?;
    let mut output = Output::open(options, &sender, &signals);
    keep_reading(reader, options.interval, &sender)
        .map_err(|error| Failure::Means("a thread for the readings", error))?;
    let watched = session
        .begin(first, &mut output)
        .and_then(|()| until_the_end(&mut session, &mut output, &messages));
    // The terminal comes back before anything is said about the end.
    let lines = output.leave();
    let (diagnosis, exit) = session.judge(facts, options.fail_on);
    let closing = Closing {
        totals: session.totals(),
        diagnosis: &diagnosis,
        exit,
    };
    let said = watched.and_then(|()| lines.close(SystemTime::now(), &closing));
    match said {
        // A reader who has seen enough and left is no mistake.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Stdout(error)),
        _ => Ok(exit),
    }
}

/// What is read in each namespace at each beat. Requests in SYN_RECV are not: the kernel walks
/// its whole table of connections for them.
fn watched() -> Topics {
    Topic::Listeners | Topic::UnixListeners | Topic::Counters | Topic::Somaxconn | Topic::TcpSysctls
}

/// The checks that judge what was watched. Whether ss can be believed is not watched.
fn is_judged(check: &Check) -> bool {
    matches!(check.group, Group::Queues | Group::Syn)
}

/// What does not change from reading to reading: the machine, its kernel, and what the next
/// boot sets.
fn around(options: &cli::Watch) -> Result<Facts, NoSuchNamespace> {
    collect(&Plan {
        checks: Vec::new(),
        topics: diagnosis::topics(is_judged) - watched(),
        namespaces: vec![Selector::All],
        causes: Causes::First,
        passive: options.passive,
        sample: None,
        owners: Owners::OfFindings,
        iterators: false,
        timeout: options.timeout,
    })
}

fn keep_reading(
    reader: Reader,
    interval: Duration,
    sender: &SyncSender<Message>,
) -> io::Result<()> {
    let sender = sender.clone();
    let deliver = move |taken| sender.send(Message::Read(Box::new(taken))).is_ok();
    let builder = std::thread::Builder::new().name("readings".to_owned());
    builder.spawn(move || reader.keep_reading(interval, deliver))?;
    Ok(())
}

fn until_the_end(
    session: &mut Session,
    output: &mut Output,
    messages: &Receiver<Message>,
) -> io::Result<()> {
    while !session.is_complete() {
        match messages.recv() {
            Ok(Message::Read(taken)) => session.go_on(*taken, output)?,
            Ok(Message::Resized) => output.redraw(session)?,
            Ok(Message::Stop) => output.stop(session)?,
            Ok(Message::Continued) => output.take_back(session)?,
            Ok(Message::Quit) | Err(_) => break,
        }
    }
    Ok(())
}
