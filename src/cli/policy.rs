//! Options about the policy.

use clap::Args;
use std::path::PathBuf;

/// What is asked for and accepted.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is accepted")]
pub struct Policy {
    /// The policy file; without it, sockdoctor.toml in the working directory if there is one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
