//! Discovery and visits, in real namespaces. Needs root, iproute2 and util-linux.

mod discovery;
mod namespaces;
mod unprivileged;
mod visits;
