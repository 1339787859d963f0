//! A fact, or the reason why there is none.

use serde::{Deserialize, Serialize};

/// What a probe learned about one thing.
///
/// There is deliberately no `Default` and no `unwrap_or`: a reading that failed must stay
/// visible as a [`Gap`] until a check has said what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact<T> {
    /// Read in full.
    Known(T),
    /// Read in part: `value` is true as far as it goes, `gaps` say what is not in it.
    Partial {
        /// What could be read.
        value: T,
        /// What could not.
        gaps: Vec<Gap>,
    },
    /// Not read at all.
    Missing(Gap),
}

impl<T> Fact<T> {
    /// The value, complete or partial.
    pub fn value(&self) -> Option<&T> {
        match self {
            Fact::Known(value) | Fact::Partial { value, .. } => Some(value),
            Fact::Missing(_) => None,
        }
    }

    /// The value, to be changed.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Fact::Known(value) | Fact::Partial { value, .. } => Some(value),
            Fact::Missing(_) => None,
        }
    }

    /// Everything that could not be read, in the order in which it was met.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Fact::Known(_) => &[],
            Fact::Partial { gaps, .. } => gaps,
            Fact::Missing(gap) => std::slice::from_ref(gap),
        }
    }

    /// The value, complete or partial, or the gap.
    ///
    /// # Errors
    /// The gap of a fact that is missing.
    pub fn known(&self) -> Result<&T, &Gap> {
        match self {
            Fact::Known(value) | Fact::Partial { value, .. } => Ok(value),
            Fact::Missing(gap) => Err(gap),
        }
    }

    /// The value, complete or partial, without what it lacks; or the gap.
    ///
    /// # Errors
    /// The gap of a fact that is missing.
    pub fn into_result(self) -> Result<T, Gap> {
        match self {
            Fact::Known(value) | Fact::Partial { value, .. } => Ok(value),
            Fact::Missing(gap) => Err(gap),
        }
    }

    /// The same fact with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Fact::Known(value) => Fact::Known(f(value)),
            Fact::Partial { value, gaps } => Fact::Partial {
                value: f(value),
                gaps,
            },
            Fact::Missing(gap) => Fact::Missing(gap),
        }
    }

    /// `Known` when there are no gaps, `Partial` when there are.
    pub fn with_gaps(value: T, gaps: Vec<Gap>) -> Self {
        if gaps.is_empty() {
            Fact::Known(value)
        } else {
            Fact::Partial { value, gaps }
        }
    }

    /// The same fact, which lacks these things as well.
    #[must_use]
    pub fn and_gaps(self, more: Vec<Gap>) -> Self {
        match self {
            Fact::Known(value) => Fact::with_gaps(value, more),
            Fact::Partial { value, mut gaps } => {
                gaps.extend(more);
                Fact::Partial { value, gaps }
            }
            missing @ Fact::Missing(_) => missing,
        }
    }
}

impl<T> From<Result<T, Gap>> for Fact<T> {
    fn from(result: Result<T, Gap>) -> Self {
        match result {
            Ok(value) => Fact::Known(value),
            Err(gap) => Fact::Missing(gap),
        }
    }
}

/// Something that could not be learned: what, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The thing or the operation, as a person would say it: `read /proc/1/ns/net`.
    pub what: String,
    /// Why it could not be learned.
    pub why: Why,
}

/// Why something could not be learned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Nobody asked for it: `--only`, `--passive`, no `--sample`.
    NotCollected(String),
    /// It is not there on this machine: no such file, no such column.
    Absent,
    /// The kernel refused; `needs` says what would lift that ("root", "CAP_SYS_ADMIN").
    Denied {
        /// What would make it readable.
        needs: String,
    },
    /// This kernel, build or sandbox cannot do it.
    Unsupported(String),
    /// It did not answer in time.
    TimedOut {
        /// How long it was given, in milliseconds.
        after_ms: u64,
    },
    /// The probe itself failed: a bug in this program.
    Panicked(String),
    /// It was read and made no sense.
    Malformed(String),
    /// It contradicted itself, or changed while it was read.
    Inconsistent(String),
    /// The call failed with an errno that is none of the above.
    Failed(super::Errno),
}

impl Gap {
    /// A gap in `what`, because of `why`.
    pub fn new(what: impl Into<String>, why: Why) -> Self {
        Gap {
            what: what.into(),
            why,
        }
    }

    /// Nobody asked for `what`, because of `why` (an option, a mode).
    pub fn not_collected(what: impl Into<String>, why: impl Into<String>) -> Self {
        Gap::new(what, Why::NotCollected(why.into()))
    }

    /// Whether nobody asked for it.
    pub fn is_unasked(&self) -> bool {
        matches!(self.why, Why::NotCollected(_))
    }

    /// `what` was read and made no sense.
    pub fn malformed(what: impl Into<String>, why: impl Into<String>) -> Self {
        Gap::new(what, Why::Malformed(why.into()))
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::NotCollected(why) => write!(f, "not asked for ({why})"),
            Why::Absent => write!(f, "not there"),
            Why::Denied { needs } => write!(f, "denied, needs {needs}"),
            Why::Unsupported(why) => write!(f, "not supported: {why}"),
            Why::TimedOut { after_ms } => write!(f, "no answer within {after_ms} ms"),
            Why::Panicked(message) => write!(f, "the probe failed: {message}"),
            Why::Malformed(why) => write!(f, "malformed: {why}"),
            Why::Inconsistent(why) => write!(f, "inconsistent: {why}"),
            Why::Failed(errno) => write!(f, "{errno}"),
        }
    }
}
