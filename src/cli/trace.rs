//! The options of `trace`.

use super::{ListFormat, duration, netns, port};
use crate::netns::Selector;
use crate::report::style::ColorChoice;
use clap::Args;
use std::num::NonZeroU16;
use std::time::Duration;

/// Watch the kernel drop connection requests, as it happens
#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// Only listeners on this port
    #[arg(long, value_name = "PORT", value_parser = port, allow_negative_numbers = true)]
    pub port: Option<NonZeroU16>,
    /// Network namespace: all, self, host, a name, or the pid of a process in it; repeatable
    #[arg(long, value_name = "WHICH", value_parser = netns, default_value = "all")]
    pub netns: Vec<Selector>,
    /// End after TIME (10s, 5m); otherwise with Ctrl-C
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Every SYN at a listener, not only those that are dropped
    #[arg(long)]
    pub all: bool,
    /// The way through the kernel, function by function
    #[arg(long)]
    pub stack: bool,
    /// Only say whether this machine can trace, piece by piece
    #[arg(long)]
    pub can_run: bool,
    /// Attach with kprobes even where fentry works
    // For tests: no kernel of the lab lacks fentry.
    #[arg(long, hide = true)]
    pub kprobe: bool,
    /// For people or for programs; one JSON document a line
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}
