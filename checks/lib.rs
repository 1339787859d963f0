//! The judgement of sockdoctor: pure functions from [`facts`] to [`finding`]s.
//!
//! No input, no output, no clock, no environment: what is judged here can be judged again from
//! a recorded file on another machine.
#![forbid(unsafe_code)]

mod alike;
mod boot;
#[cfg(test)]
mod catalogue_tests;
pub mod check;
pub mod diagnosis;
pub mod duration;
pub mod facts;
pub mod finding;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod image;
pub mod label;
mod lift;
pub mod limits;
pub mod list;
pub mod listeners;
mod namespaces;
pub mod path;
pub mod policy;
pub mod queues;
pub mod syn;
mod sysctl;
pub mod trace;
pub mod verdict;
pub mod wanted_owners;
pub mod watch;

use check::Check;

/// Every check, in report order.
pub static CATALOGUE: &[&Check] = &[
    &path::ss_environment::CHECK,
    &path::sock_diag_round_trip::CHECK,
    &path::inet_diag::CHECK,
    &path::tcp_diag::CHECK,
    &path::udp_diag::CHECK,
    &path::unix_diag::CHECK,
    &path::other_diag::CHECK,
    &path::module_autoload::CHECK,
    &path::ss_agrees::CHECK,
    &path::ss_installed::CHECK,
    &path::image_drift::CHECK,
    &queues::accept_queue::CHECK,
    &queues::listen_overflows::CHECK,
    &queues::listen_drops::CHECK,
    &queues::somaxconn::CHECK,
    &queues::backlog_clamped::CHECK,
    &queues::sysctl_drift::CHECK,
    &syn::syn_queue::CHECK,
    &syn::syncookies::CHECK,
    &syn::max_syn_backlog::CHECK,
    &syn::abort_on_overflow::CHECK,
    &policy::waivers::CHECK,
];

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    CATALOGUE.iter().copied().find(|check| check.id == id)
}
