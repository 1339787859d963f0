//! Times as the facts and the reports for programs have them.

use std::time::Duration;

/// Whole milliseconds. What is longer than 64 bits of them is the most that they can say.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
