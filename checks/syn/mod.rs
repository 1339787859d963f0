//! SYN queues and cookies: one file a check.

pub mod abort_on_overflow;
pub mod max_syn_backlog;
pub mod syn_queue;
pub mod syncookies;
