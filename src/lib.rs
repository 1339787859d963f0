//! sockdoctor: says whether the queue numbers that `ss` shows can be believed, and why not.
//!
//! [`probes`] observe the machine and yield facts, [`sockdoctor_checks`] judges them, and
//! [`report`] renders what came of it. [`runner`] keeps the probes apart from each other.

pub mod aftermath;
pub mod cli;
pub mod collect;
pub mod commands;
pub mod exit;
pub mod image;
mod input;
pub mod netlink;
pub mod netns;
mod owners;
pub mod policy;
pub mod probes;
pub mod report;
pub mod root;
pub mod runner;
mod text;
pub mod trace;
pub mod watch;
