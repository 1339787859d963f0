//! What is shared by those that look at one network namespace after the other: which were seen,
//! their listeners, and their counters.

pub(crate) mod age;
pub(crate) mod counter;
pub(crate) mod dropping;
pub(crate) mod incomplete;
pub(crate) mod listening;
pub(crate) mod seen;
#[cfg(test)]
pub(crate) mod testing;
