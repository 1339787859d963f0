//! Small files of the system, and the gap with the reason where it does not give something.

use crate::text::{shown, text};
use sockdoctor_checks::facts::{Errno, Gap, Why};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The gap for an input or output error of the operation `what`.
pub(crate) fn io_gap(what: impl Into<String>, error: &std::io::Error) -> Gap {
    use std::io::ErrorKind;
    let why = match (error.kind(), error.raw_os_error()) {
        (ErrorKind::NotFound, _) => Why::Absent,
        // A filter, a security module or the bounds of its user namespace: to become root, which
        // it is, would lift nothing.
        (ErrorKind::PermissionDenied, Some(code)) if rustix::process::geteuid().is_root() => {
            Why::Failed(Errno(code))
        }
        (ErrorKind::PermissionDenied, _) => Why::Denied {
            needs: "root".to_owned(),
        },
        (_, Some(code)) => Why::Failed(Errno(code)),
        (_, None) => Why::Malformed(error.to_string()),
    };
    Gap::new(what, why)
}

/// The gap of what nobody asked for.
pub(crate) fn unselected(what: &str) -> Gap {
    Gap::not_collected(what, "--only or --skip")
}

/// More than nearly all files of /proc and /sys hold that are read here.
pub(crate) const USUAL_LENGTH: usize = 4096;

/// Reads a file of /proc or /sys, which have no length that could be asked for: `std::fs::read`
/// asks all the same, and then begins with 32 bytes.
///
/// # Errors
/// It cannot be opened or read.
pub(crate) fn read_proc(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    File::open(path)?.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a small text file of /proc or /sys, without the white space at its ends.
///
/// # Errors
/// The gap, named after the path.
pub(crate) fn read_trimmed(path: impl AsRef<Path>) -> Result<String, Gap> {
    let path = path.as_ref();
    let bytes = read_proc(path).map_err(|error| io_gap(shown(path), &error))?;
    Ok(text(&bytes).trim().to_owned())
}
