//! Accept queues and backlogs: one file a check.

pub mod accept_queue;
pub mod backlog_clamped;
pub mod listen_drops;
pub mod listen_overflows;
pub mod somaxconn;
pub mod sysctl_drift;
