//! The options of `sockdoctor watch`.

use super::{FailOn, ListFormat, duration, netns};
use crate::netns::Selector;
use crate::report::style::ColorChoice;
use clap::Args;
use std::num::NonZero;
use std::time::Duration;

/// Shown after the options.
pub(super) const AFTER_HELP: &str = "\
On a terminal it is a live view, worst first; q leaves it. In a pipe it is a
line for each event, with --format json an object a line.

The exit code is that of `check` for the queues and syn checks, judged over the
whole watch: a queue that was full at any reading counts, and so does a drop in
between. So `sockdoctor watch --count 10` is a gate: 0 well, 1 a failure, 2 a
mistake, 3 warnings with --fail-on warn, 4 undecided.";

/// Look again and again, and tell what happens to the queues
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Network namespace: all, self, host, a name, or the pid of a process in it; repeatable
    #[arg(long, value_name = "WHICH", value_parser = netns, default_value = "all")]
    pub netns: Vec<Selector>,
    /// Time from one reading to the next (2s, 500ms)
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    pub interval: Duration,
    /// End after so many readings
    #[arg(long, value_name = "NUMBER", value_parser = count, allow_negative_numbers = true)]
    pub count: Option<NonZero<u64>>,
    /// Send nothing that can make the kernel load a module
    #[arg(long)]
    pub passive: bool,
    /// Give up a reading after TIME
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub timeout: Duration,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// The least bad outcome that the exit code tells
    #[arg(long, value_enum, value_name = "STATUS", default_value_t = FailOn::Fail)]
    pub fail_on: FailOn,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

fn count(text: &str) -> Result<NonZero<u64>, String> {
    text.parse()
        .map_err(|_| "a number of readings is 1 or more".to_owned())
}
