//! Discovery and visits, in real namespaces. Needs root, iproute2 and util-linux.

mod discovery;
#[path = "../support/netns.rs"]
mod guards;
mod namespaces;
#[path = "../support/programs.rs"]
mod programs;
mod unprivileged;
mod visits;
