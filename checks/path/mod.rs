//! Why ss can or cannot see: one file a check, and the verdict that they add up to.

pub mod image_drift;
pub mod inet_diag;
pub mod module_autoload;
pub mod other_diag;
pub mod sock_diag_round_trip;
pub mod ss_agrees;
pub mod ss_environment;
pub mod ss_installed;
pub mod tcp_diag;
pub mod udp_diag;
pub mod unix_diag;

#[cfg(test)]
mod broken;
mod canary;
mod cause;
mod ground;
mod handler;
mod mend;
mod presence;
mod promise;
mod promises;
mod refusal;
mod socket;
mod telling;
mod walk;

pub use promises::promises;
pub use walk::verdict;
