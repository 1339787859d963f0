//! `sockdoctor image`: what would be on a machine that boots this.

use super::{Output, Policy, Selection};
use clap::Args;
use std::path::PathBuf;

/// Judge the root of a machine that has not booted: a directory or a tar
#[derive(Debug, Args)]
pub(crate) struct Image {
    /// The root: a directory, a tar file (plain, gzip, xz or zstd), or `-` for a tar on stdin
    pub root: PathBuf,
    /// Which checks.
    #[command(flatten)]
    pub selection: Selection,
    /// What is accepted.
    #[command(flatten)]
    pub policy: Policy,
    /// How to show it.
    #[command(flatten)]
    pub output: Output,
}
