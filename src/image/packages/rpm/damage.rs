//! Why a database of rpm is not read to its end.

use crate::probes::io_gap;
use sockdoctor_checks::facts::{Gap, Why};
use std::io;

/// What stopped a reader.
#[derive(Debug)]
pub(super) enum Damage {
    /// It could not be read.
    Io(io::Error),
    /// It is not as its format wants it.
    Malformed(String),
    /// It is of a kind that is not read here.
    Unsupported(String),
}

impl Damage {
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Damage::Malformed(why.into())
    }

    pub(super) fn unsupported(why: impl Into<String>) -> Self {
        Damage::Unsupported(why.into())
    }

    pub(super) fn gap(self, what: &str) -> Gap {
        match self {
            Damage::Io(error) => io_gap(what, &error),
            Damage::Malformed(why) => Gap::malformed(what, why),
            Damage::Unsupported(why) => Gap::new(what, Why::Unsupported(why)),
        }
    }
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Damage::Io(error)
    }
}
