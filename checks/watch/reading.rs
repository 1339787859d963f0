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
    /// What was read.
    pub namespace: Namespace,
}
