//! The options of `sockdoctor listeners`.

use super::{ListFormat, duration, netns, port};
use crate::netns::Selector;
use crate::report::style::ColorChoice;
use crate::text::text;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use sockdoctor_checks::listeners::{Order, Process};
use std::ffi::OsStr;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

pub(super) const AFTER_HELP: &str = "\
Examples:
  sockdoctor listeners                  every TCP listener, the worst first
  sockdoctor listeners --full           those that are full or may have dropped
  sockdoctor listeners --process nginx  those of one program
  sockdoctor listeners --unix           unix listeners, and bytes left unread

This is a table and no gate. For a gate: sockdoctor check --only accept-queue.

Exit codes:
  0  the table could be made, whatever it shows
  2  a mistake in usage, or output that could not be written
  4  no listener could be read";

/// Show every listening socket: its queue, its drops, its process
#[derive(Debug, Args)]
#[command(next_help_heading = "What to look at")]
pub(crate) struct Listeners {
    /// Only these ports, with commas
    #[arg(
        long,
        value_name = "PORT",
        value_delimiter = ',',
        value_parser = port,
        allow_negative_numbers = true,
        conflicts_with = "unix"
    )]
    pub port: Vec<NonZero<u16>>,
    /// Only the sockets that this process holds, or one of this name
    #[arg(long, value_name = "NAME|PID", value_parser = OsStringValueParser::new().try_map(|given| process(&given)))]
    pub process: Option<Process>,
    /// Network namespace: all, self, host, a name, or the pid of a process in it; repeatable
    #[arg(long, value_name = "WHICH", value_parser = netns, default_value = "all")]
    pub netns: Vec<Selector>,
    /// Only what is full, or may have dropped connection requests
    #[arg(long)]
    pub full: bool,
    /// Unix listeners and unix streams with unread bytes, in place of TCP listeners
    #[arg(long)]
    pub unix: bool,
    /// Do not look for who holds each socket, which takes longest where descriptors are many
    #[arg(long, conflicts_with = "process")]
    pub no_process: bool,
    /// Send nothing that can make the kernel load a module
    #[arg(long)]
    pub passive: bool,
    /// Give up after TIME on what has not answered
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub timeout: Duration,
    /// What comes first; where nothing is said, what is full, then by fill, then by drops
    #[arg(long, value_enum, value_name = "KEY", help_heading = "What to show")]
    pub sort: Option<Sort>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = ListFormat::Human, help_heading = "What to show")]
    pub format: ListFormat,
    /// Colours
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t = ColorChoice::Auto,
        help_heading = "What to show"
    )]
    pub color: ColorChoice,
}

/// By what the table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// The longest accept queue first
    Queue,
    /// The fullest accept queue first
    Fill,
    /// Who dropped most first
    Drops,
    /// By address and port
    Address,
    /// By name and pid of the process
    Process,
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Queue => Order::Queue,
            Sort::Fill => Order::Fill,
            Sort::Drops => Order::Drops,
            Sort::Address => Order::Address,
            Sort::Process => Order::Process,
        }
    }
}

/// A name may be any bytes. What is not UTF-8 becomes text as it does where it is read.
fn process(given: &OsStr) -> Result<Process, String> {
    let text = text(given.as_bytes());
    match text.parse() {
        Ok(0) => Err("a process is a name or a pid, and no pid is 0".to_owned()),
        Ok(pid) => Ok(Process::Pid(pid)),
        Err(_) if text.is_empty() => Err("a process is a name or a pid".to_owned()),
        Err(_) => Ok(Process::Name(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_a_pid_or_a_name() {
        let process = |text: &[u8]| process(OsStr::from_bytes(text));
        assert_eq!(process(b"812"), Ok(Process::Pid(812)));
        assert_eq!(process(b"nginx"), Ok(Process::Name("nginx".to_owned())));
        assert_eq!(process(b"\xff"), Ok(Process::Name(r"\xff".to_owned())));
        assert!(process(b"").is_err() && process(b"0").is_err());
    }
}
