//! Writes to stdout, and says so when that cannot be done.

use super::{Mistake, closed_stdout};
pub(super) use crate::text::reason;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

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
    stream(|stdout| stdout.write_all(text.as_bytes()))
}

/// Lets `write` write to stdout, and says whether it was wanted: for what is too long to be held
/// in memory first.
pub(super) fn stream(
    write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>,
) -> Result<Reader, Mistake> {
    const BUFFER: usize = 64 * 1024;
    open()?;
    let mut stdout = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let written = write(&mut stdout).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(Mistake(format!("stdout: {}", reason(&error)))),
        Ok(()) => Ok(Reader::Listens),
    }
}
