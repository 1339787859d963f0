//! The program from outside: arguments, streams, exit codes.

mod bad_input;
mod exit_codes;
mod help;
mod libraries;
mod policy;
#[path = "../support/program.rs"]
mod program;
mod record;
mod streams;
