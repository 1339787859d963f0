//! Writes to stdout, and says so when that cannot be done.

use super::{Mistake, closed_stdout};
pub(super) use crate::text::reason;
use std::io::{BufWriter, ErrorKind, Write};

/// Whether somebody still reads stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Listens,
    Left,
}

/// A stdout to write to, for what would take long in vain without one.
pub(super) fn open() -> Result<(), Mistake> {
    if closed_stdout::closed() {
        return Err(Mistake("stdout is closed".to_owned()));
    }
    Ok(())
}

/// Writes all of `text` to stdout. A reader who has seen enough and left is no mistake.
pub(super) fn print(text: &str) -> Result<(), Mistake> {
    write(text).map(|_| ())
}

/// Writes all of `text` to stdout, and says whether it was wanted.
pub(super) fn write(text: &str) -> Result<Reader, Mistake> {
    open()?;
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(Mistake(format!("stdout: {}", reason(&error)))),
        Ok(()) => Ok(Reader::Listens),
    }
}
