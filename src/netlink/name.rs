//! The names of unix sockets.

use crate::text::{push, text};

/// The name of a unix socket as UNIX_DIAG_NAME carries it: a path with a NUL at its end, or a
/// NUL and an abstract name, which is shown with `@` and any further NUL as `\x00`. A socket
/// without a name has the empty one.
pub(crate) fn socket_name(bytes: &[u8]) -> String {
    match bytes {
        [0, name @ ..] => abstract_name(name),
        [path @ .., 0] => text(path),
        path => text(path),
    }
}

fn abstract_name(name: &[u8]) -> String {
    let mut shown = String::with_capacity(1 + name.len());
    shown.push('@');
    for (at, part) in name.split(|byte| *byte == 0).enumerate() {
        if at > 0 {
            shown.push_str("\\x00");
        }
        push(&mut shown, part);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_its_terminator_and_nothing_else() {
        assert_eq!(socket_name(b"/run/a\nb\x1b[2J\0"), "/run/a\nb\x1b[2J");
        assert_eq!(socket_name(b"/run/not-terminated"), "/run/not-terminated");
    }

    #[test]
    fn an_abstract_name_keeps_its_nul_bytes_visible() {
        assert_eq!(socket_name(b"\0a\0b"), "@a\\x00b");
        assert_eq!(socket_name(b"\0"), "@");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped() {
        assert_eq!(socket_name(b"/run/\xff\xc3\xa9\0"), "/run/\\xffé");
    }

    #[test]
    fn a_socket_without_a_name_has_the_empty_one() {
        assert_eq!(socket_name(b""), "");
    }
}
