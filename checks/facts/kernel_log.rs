//! What the kernel wrote to its log.

use serde::{Deserialize, Serialize};

/// A line of the kernel log that was written while this program ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Microseconds since boot, by the clock of the log.
    pub micros_since_boot: u64,
    /// What the kernel wrote.
    pub text: String,
}

impl std::fmt::Display for LogLine {
    /// As dmesg prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.micros_since_boot / 1_000_000;
        let micros = self.micros_since_boot % 1_000_000;
        write!(f, "[{seconds}.{micros:06}] {}", self.text)
    }
}
