//! sockdoctor: says whether the queue numbers that `ss` shows can be believed, and why not.
//!
//! [`probes`] observe the machine and yield facts, [`sockdoctor_checks`] judges them, and
//! `report` renders what came of it. [`runner`] keeps the probes apart from each other.
//!
//! The program needs [`commands`] alone; what else is public here is so for the tests.

mod aftermath;
mod cli;
mod collect;
pub mod commands;
mod exit;
mod gap;
pub mod image;
mod input;
mod loading;
pub mod netlink;
pub mod netns;
mod owners;
mod policy;
pub mod probes;
mod report;
pub mod root;
pub mod runner;
mod stdout;
mod text;
mod trace;
mod watch;
