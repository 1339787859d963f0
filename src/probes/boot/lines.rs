//! Lines as systemd reads them (read_line_full, src/basic/fileio.c; the same from 239 to 258).

/// A line of so many bytes ends the file: it and what follows are not read (LONG_LINE_MAX,
/// src/basic/fileio.h).
const LONGEST: usize = 1 << 20;

/// The lines without the blanks around them, each with its number as an editor counts. They end
/// at a newline, a carriage return or a zero byte.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut number = 1;
    let parts = bytes.split_inclusive(|byte| is_end(*byte));
    let numbered = parts.map(move |part| {
        let own = number;
        number += usize::from(part.ends_with(b"\n"));
        match part {
            [line @ .., end] if is_end(*end) => (own, line),
            line => (own, line),
        }
    });
    let short = numbered.take_while(|(_, line)| line.len() < LONGEST);
    short.map(|(number, line)| (number, trimmed(line)))
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b'\0')
}

/// Without the blanks at both ends (WHITESPACE, src/basic/string-util.h).
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t') && !is_end(*byte);
    let start = text.iter().position(is_text).unwrap_or(text.len());
    let end = text.iter().rposition(is_text).map_or(start, |at| at + 1);
    &text[start..end]
}
