//! `sockdoctor listeners`: a table of the listening sockets.

use super::Mistake;
use super::named::as_it_is_called;
use super::progress::Progress;
use crate::cli;
use crate::collect::{Causes, Owners, Plan, collect};
use crate::exit::Exit;
use crate::probes::processes::is_gone;
use crate::report::listeners::{Listing, human, json};
use crate::report::page::Look;
use crate::runner;
use crate::stdout;
use sockdoctor_checks::check::Group;
use sockdoctor_checks::diagnosis;
use sockdoctor_checks::facts::{Facts, Topic, Topics};
use sockdoctor_checks::listeners::{Filter, Kind, Process, Request, table};
use std::mem::ManuallyDrop;

pub(super) fn run(options: &cli::Listeners) -> Result<Exit, Mistake> {
    if options.no_process && options.sort == Some(cli::Sort::Process) {
        let why = "--sort process: --no-process leaves out what to sort by";
        return Err(Mistake(why.to_owned()));
    }
    if let Some(Process::Pid(pid)) = options.process
        && is_gone(pid)
    {
        return Err(Mistake(format!("there is no process {pid}")));
    }
    let plan = plan(options);
    runner::tell_panics_in_the_report();
    let progress = Progress::start(&plan);
    // The process ends with the table, and gives all of its memory back at once.
    let facts = ManuallyDrop::new(collect(&plan).map_err(|error| Mistake(error.to_string()))?);
    drop(progress);
    let request = request(options, &facts);
    let table = ManuallyDrop::new(table(&facts, &request));
    let exit = match table.read {
        0 => Exit::Undecided,
        _ => Exit::Fine,
    };
    let listing = Listing {
        facts: &facts,
        request: &request,
        table: &table,
        exit,
    };
    let look = || Look::of_stdout(options.color);
    match options.format {
        cli::ListFormat::Json => stdout::stream(|stdout| json::write(&listing, stdout))?,
        cli::ListFormat::Human => stdout::write(&human::render(&listing, look()))?,
    };
    Ok(exit)
}

fn plan(options: &cli::Listeners) -> Plan {
    Plan {
        checks: Vec::new(),
        topics: topics(options),
        namespaces: options.netns.clone(),
        causes: match options.passive {
            true => Causes::First,
            false => Causes::WhereBlind,
        },
        passive: options.passive,
        sample: None,
        owners: match options.no_process {
            true => Owners::Unasked,
            false => Owners::OfAll {
                asked_for: options.process.clone(),
            },
        },
        iterators: true,
        timeout: options.timeout,
    }
}

/// The sockets, and what the verdict on ss is judged from.
fn topics(options: &cli::Listeners) -> Topics {
    let (sockets, other_ss) = match options.unix {
        true => (Topic::UnixListeners | Topic::UnixStreams, Topic::SsTcp),
        false => (
            Topic::Listeners | Topic::SynRecv | Topic::Counters,
            Topic::SsUnix,
        ),
    };
    // Each run of ss takes longer than all else about a small machine.
    let verdict = diagnosis::topics(|check| check.group == Group::Path);
    (verdict | sockets | Topic::Somaxconn) - (other_ss | Topic::SsInstalled)
}

fn request(options: &cli::Listeners, facts: &Facts) -> Request {
    let owners = facts.owners.value().map_or(&[][..], Vec::as_slice);
    let process = options.process.as_ref();
    Request {
        kind: if options.unix { Kind::Unix } else { Kind::Tcp },
        filter: Filter {
            ports: options.port.iter().map(|port| port.get()).collect(),
            process: process.map(|process| as_it_is_called(process, owners)),
            full: options.full,
        },
        order: options.sort.map(Into::into).unwrap_or_default(),
    }
}
