//! Accept queues and backlogs: one file a check.

pub mod accept_queue;
pub(crate) mod age;
pub mod backlog_clamped;
pub(crate) mod clamped;
pub(crate) mod counter;
pub(crate) mod dropping;
pub(crate) mod incomplete;
pub mod listen_drops;
pub mod listen_overflows;
pub(crate) mod listening;
pub(crate) mod seen;
pub mod somaxconn;
pub mod sysctl_drift;
#[cfg(test)]
pub(crate) mod testing;
