//! The command line.

/// From which status on the exit code says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// A failure.
    Fail,
    /// A warning or worse.
    Warn,
    /// An undecided check or worse.
    Unknown,
    /// Nothing: exit 0 whatever was found.
    Never,
}
