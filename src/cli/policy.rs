//! Options about the policy.

use clap::Args;
use std::path::PathBuf;

/// What is asked for and accepted.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is accepted")]
pub(crate) struct Policy {
    /// The policy file; else sockdoctor.toml beside the image or in the working directory, if any
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
