//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    sockdoctor::commands::run(std::env::args_os()).into()
}
