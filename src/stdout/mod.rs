//! Writes to stdout, and says so when that cannot be done.

mod closed;

use crate::exit::Mistake;
use crate::text::reason;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

/// Whether somebody still reads stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    Left,
}

/// A stdout to write to, for what would take long in vain without one.
pub(crate) fn open() -> Result<(), Mistake> {
    if closed::closed() {
        return Err(Mistake("stdout is closed".to_owned()));
    }
    Ok(())
}

/// Writes all of `text` to stdout. A reader who has seen enough and left is no mistake.
pub(crate) fn print(text: &str) -> Result<(), Mistake> {
    write(text).map(|_| ())
}

/// Writes all of `text` to stdout, and says whether it was wanted.
pub(crate) fn write(text: &str) -> Result<Reader, Mistake> {
    open()?;
    heard(write_all(text))
}

/// Lets `write` write to stdout, and says whether it was wanted: for what is too long to be held
/// in memory first.
pub(crate) fn stream(
    write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>,
) -> Result<Reader, Mistake> {
    const BUFFER: usize = 64 * 1024;
    open()?;
    let mut stdout = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    heard(write(&mut stdout).and_then(|()| stdout.flush()))
}

fn heard(written: io::Result<()>) -> Result<Reader, Mistake> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(Mistake(format!("stdout: {}", reason(&error)))),
        Ok(()) => Ok(Reader::Listens),
    }
}

/// Writes all of `text` to stdout, for who tells a reader that left from what else went wrong.
pub(crate) fn write_all(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
