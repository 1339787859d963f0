//! Makes text from the machine safe to show: a process may call itself `ESC [ 2 J`.

use std::borrow::Cow;
use std::fmt::Write;

/// The characters that the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// All of them.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// `text` without anything that could move the cursor, change its colour, hide itself, turn
/// the direction of writing, or begin a new line. What is taken out is shown as `\n`, `\x1b`
/// or `\u{202e}`.
pub(crate) fn escape(text: &str, charset: Charset) -> Cow<'_, str> {
    // Nearly all text is of this kind, and a long table has a hundred thousand cells.
    let is_printable = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.bytes().all(is_printable) || text.chars().all(|c| is_plain(c, charset)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push(&mut safe, c, charset);
    }
    Cow::Owned(safe)
}

fn is_plain(c: char, charset: Charset) -> bool {
    match charset {
        _ if c.is_ascii() => !c.is_ascii_control(),
        Charset::Unicode => !c.is_control() && !is_invisible(c),
        Charset::Ascii => false,
    }
}

fn push(safe: &mut String, c: char, charset: Charset) {
    match (c, ascii(c)) {
        _ if is_plain(c, charset) => safe.push(c),
        ('\n', _) => safe.push_str("\\n"),
        ('\r', _) => safe.push_str("\\r"),
        ('\t', _) => safe.push_str("\\t"),
        (_, Some(stand_in)) => safe.push_str(stand_in),
        _ if c.is_ascii() => put(safe, format_args!("\\x{:02x}", c as u32)),
        _ => put(safe, format_args!("\\u{{{:x}}}", c as u32)),
    }
}

fn put(safe: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = safe.write_fmt(arguments);
}

/// What this program's own sentences may contain, in ASCII.
fn ascii(c: char) -> Option<&'static str> {
    Some(match c {
        '·' | '–' | '—' | '−' => "-",
        '…' => "...",
        '→' => "->",
        '≤' => "<=",
        '≥' => ">=",
        '×' => "x",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        _ => return None,
    })
}

/// Format characters of Unicode: they have no width, or turn the direction of what follows.
/// U+2028 and U+2029 begin a new line. Tags, U+E0000 to U+E0FFF, show nothing. U+FFFE and U+FFFF
/// are no characters at all, and XML cannot carry them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::Charset::{Ascii, Unicode};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_terminal_escape_becomes_visible() {
        assert_eq!(escape("\x1b[2J", Unicode), r"\x1b[2J");
    }

    #[test]
    fn a_newline_stays_on_its_line() {
        assert_eq!(escape("a\r\n\tb\u{2028}c", Unicode), r"a\r\n\tb\u{2028}c");
    }

    #[test]
    fn the_direction_of_writing_cannot_be_turned() {
        assert_eq!(
            escape("\u{202e}txt.exe\u{2066}", Unicode),
            r"\u{202e}txt.exe\u{2066}"
        );
    }

    #[test]
    fn letters_of_all_scripts_stay_where_they_can_be_shown() {
        assert_eq!(escape("Größe·日本", Unicode), "Größe·日本");
        assert_eq!(escape("Gr·日", Ascii), r"Gr-\u{65e5}");
    }

    proptest! {
        #[test]
        fn nothing_that_controls_a_terminal_gets_through(text in any::<String>()) {
            prop_assert!(!escape(&text, Unicode).chars().any(|c| c.is_control() || is_invisible(c)));
        }

        #[test]
        fn ascii_is_ascii(text in any::<String>()) {
            prop_assert!(escape(&text, Ascii).bytes().all(|b| (0x20..0x7f).contains(&b)));
        }
    }
}
