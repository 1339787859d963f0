//! Text: names and paths of the machine, which may be any bytes, and what is like a name.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The bytes as text. What is not UTF-8 stands as `\xNN`; control characters stay, because the
/// report escapes them for the terminal and JSON carries them.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    push(&mut text, bytes);
    text
}

/// Adds the bytes to `text`, in the same way.
pub(crate) fn push(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
}

/// The longest text of a configuration that is told in full. Whoever wrote more has the line.
const QUOTED: usize = 400;

/// As much of a configuration's text as a person would read of it.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The path as text, in the same way.
pub(crate) fn shown(path: &Path) -> String {
    text(path.as_os_str().as_bytes())
}

/// The known name that is most like `name`, if one is like it at all.
pub(crate) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|&(likeness, _)| likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// An error of the operating system in words, without its number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn bytes_that_are_not_utf8_are_escaped() {
        assert_eq!(text(b"/run/\xff\xc3\xa9"), "/run/\\xffé");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "é".repeat(QUOTED + 1);
        assert_eq!(quoted(&long).chars().count(), QUOTED + 1);
        assert!(quoted(&long).ends_with('…'));
        assert_eq!(quoted("short"), "short");
    }

    #[test]
    fn two_paths_that_differ_are_shown_differently() {
        let path = |bytes: &'static [u8]| shown(Path::new(OsStr::from_bytes(bytes)));
        assert_ne!(path(b"/run/netns/\xfe"), path(b"/run/netns/\xff"));
    }
}
