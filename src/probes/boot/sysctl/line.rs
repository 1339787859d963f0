//! One line of sysctl.d (parse_line, src/sysctl/sysctl.c; sysctl_normalize,
//! src/basic/sysctl-util.c, as it is since systemd 246).

use super::super::lines::trimmed;

/// What a line says of a key, or of all keys that a pattern matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// With slashes.
    pub(super) key: Vec<u8>,
    /// `None` takes the key out of patterns.
    pub(super) value: Option<Vec<u8>>,
}

impl Setting {
    /// `None` for what systemd passes over.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
            return None;
        }
        let (key, value) = match line.iter().position(|&byte| byte == b'=') {
            Some(at) => {
                let (key, value) = (&line[..at], trimmed(&line[at + 1..]));
                (key.strip_prefix(b"-").unwrap_or(key), Some(value.to_vec()))
            }
            None => (line.strip_prefix(b"-")?, None),
        };
        let key = normalized(trimmed(key));
        Some(Setting { key, value })
    }

    /// It means every key that it matches (GLOB_CHARS, src/basic/glob-util.h). Braces alone do not
    /// make a pattern.
    pub(super) fn is_pattern(&self) -> bool {
        self.key.iter().any(|byte| b"*?[".contains(byte))
    }

    /// It goes up in the tree. systemd refuses that since 246; before, it wrote there.
    pub(super) fn goes_up(&self) -> bool {
        let mut names = self.key.split(|&byte| byte == b'/');
        names.any(|name| name == b"..")
    }
}

/// Turns dots to slashes, and slashes to dots, unless a slash comes first. Then without empty
/// names and names of one dot (path_simplify, src/basic/path-util.c).
fn normalized(key: &[u8]) -> Vec<u8> {
    let first = key.iter().find(|byte| b"./".contains(byte));
    let swap = |&byte: &u8| match byte {
        b'.' => b'/',
        b'/' => b'.',
        other => other,
    };
    let swapped: Vec<u8> = match first {
        Some(b'.') => key.iter().map(swap).collect(),
        _ => key.to_vec(),
    };
    let names = swapped.split(|&byte| byte == b'/');
    let names: Vec<&[u8]> = names.filter(|name| !matches!(name, [] | [b'.'])).collect();
    names.join(&b'/')
}
