//! What one look at the machine brings.

use crate::facts::{Fact, Namespace};
use std::time::Duration;

/// One reading of all namespaces that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The namespaces. `Partial` when some are known to exist but could not be seen.
    pub namespaces: Fact<Vec<Timed>>,
}

/// A namespace, and when it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// Time since the watch began, measured where its counters and listeners were read.
    pub at: Duration,
    /// What tells the namespace from a later one with the same identity, which the kernel gives
    /// again. `None` where that could not be asked.
    pub cookie: Option<u64>,
    /// What was read.
    pub namespace: Namespace,
}
