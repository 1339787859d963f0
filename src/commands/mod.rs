//! One file a subcommand.

use crate::exit::Exit;
use std::ffi::OsString;

/// Runs the program with these arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let _ = arguments;
    Exit::Usage
}
