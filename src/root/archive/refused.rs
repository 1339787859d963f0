//! Why an archive cannot be judged.

use crate::text::reason;
use std::fmt;
use std::io;

/// Why an archive is not read, in one line.
#[derive(Debug)]
pub enum Refused {
    /// It cannot be read.
    Io(io::Error),
    /// Neither a tar stream nor one in gzip, xz or zstd.
    NotAnArchive,
    /// A tar stream of nothing. A disk image that begins with zeros looks like one.
    Empty,
    /// It ends before its end mark.
    CutOff {
        /// The last member whose header was read, empty before the first.
        after: String,
    },
    /// What it holds makes no sense.
    Malformed {
        /// The member, empty before the first.
        member: String,
        /// What is wrong there.
        why: String,
    },
    /// It goes beyond a limit.
    Limit {
        /// The limit, as the end of "it has …".
        what: String,
    },
    /// `docker save` or an OCI layout: an archive of layers, which are not a root.
    Layers,
}

impl Refused {
    pub(super) fn limit(what: impl Into<String>) -> Self {
        Refused::Limit { what: what.into() }
    }

    /// What makes no sense, wherever it stands.
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Refused::Malformed {
            member: String::new(),
            why: why.into(),
        }
    }

    /// The same error, known to be met at the member `place`.
    pub(super) fn at(self, place: &str) -> Self {
        match self {
            Refused::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Refused::CutOff {
                after: place.to_owned(),
            },
            // What a decoder says of its stream.
            Refused::Io(error) if error.raw_os_error().is_none() => Refused::Malformed {
                member: place.to_owned(),
                why: error.to_string(),
            },
            Refused::Malformed { member, why } if member.is_empty() => Refused::Malformed {
                member: place.to_owned(),
                why,
            },
            other => other,
        }
    }
}

/// A limit passes through decoders as an input error and comes out as what it was.
impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Refused::Io)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Io(error) => write!(f, "cannot be read: {}", reason(error)),
            Refused::NotAnArchive => {
                write!(f, "is no tar archive, plain or in gzip, xz or zstd")
            }
            Refused::Empty => write!(f, "is a tar archive of nothing"),
            Refused::CutOff { after } if after.is_empty() => write!(f, "is cut off at its start"),
            Refused::CutOff { after } => write!(f, "is cut off after the header of {after}"),
            Refused::Malformed { member, why } if member.is_empty() => {
                write!(f, "is damaged at its start: {why}")
            }
            Refused::Malformed { member, why } => write!(f, "is damaged at {member}: {why}"),
            Refused::Limit { what } => write!(f, "is refused: it has {what}"),
            Refused::Layers => write!(
                f,
                "holds the layers of a container image, not a root: use `docker export` or \
                 `podman export` of a container made from it"
            ),
        }
    }
}

impl std::error::Error for Refused {}
