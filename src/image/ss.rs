//! The `ss` of an image, and its version, read from its bytes: nothing of an image is run.

use super::there;
use crate::root::Root;
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Distribution, Fact, Gap, SsInstalled, Why};
use std::collections::BTreeSet;
use std::path::Path;

/// Where the usual PATH leads, most important first.
const DIRECTORIES: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// Where PATH leads on NixOS, to whatever it makes of it at boot.
const OF_NIXOS: &str = "/run/current-system/sw/bin/ss";

/// The first `ss` on the way that can be run. `Partial`: one of the directories cannot be looked
/// into. `Missing`: none was found, and `distribution` has another place for it.
pub(super) fn collect(
    root: &dyn Root,
    distribution: Option<&Distribution>,
) -> Fact<Option<SsInstalled>> {
    let mut gaps = Vec::new();
    for directory in DIRECTORIES {
        let path = Path::new(directory).join("ss");
        match there(&path, root.is_executable(&path)) {
            Ok(Some(true)) => {
                let installed = SsInstalled {
                    path: shown(&path),
                    version: version(root, &path).into(),
                };
                return Fact::with_gaps(Some(installed), gaps);
            }
            Ok(_) => {}
            Err(gap) => gaps.push(gap),
        }
    }
    if distribution.is_some_and(|it| it.id == "nixos") {
        let why = "NixOS makes its /run/current-system at boot";
        return Fact::Missing(Gap::new(OF_NIXOS, Why::Unsupported(why.to_owned())));
    }
    Fact::with_gaps(None, gaps)
}

fn version(root: &dyn Root, path: &Path) -> Result<String, Gap> {
    let gap = |why| Gap::new(format!("version of {}", shown(path)), why);
    let bytes = there(path, root.read(path))?;
    let bytes = bytes.ok_or_else(|| gap(Why::Absent))?;
    if !bytes.starts_with(b"\x7fELF") {
        return Err(gap(Why::Malformed("not a program".to_owned())));
    }
    version_in(&bytes).map_err(|why| gap(Why::Malformed(why)))
}

/// What `ss -V` would print after `ss utility, `. Its format is a string of the program (`case
/// 'V'` in main, misc/ss.c), and what goes into it another: a version such as 6.1.0
/// (include/version.h), up to iproute2 5.x a date such as 190107 (include/SNAPSHOT.h).
fn version_in(program: &[u8]) -> Result<String, String> {
    let strings = || program.split(|&byte| byte == 0).map(last_text);
    let format = strings().find_map(|string| string.strip_prefix(b"ss utility, "));
    let format = text(format.ok_or("not the ss of iproute2")?.trim_ascii_end());
    let Some((before, after)) = format.split_once("%s") else {
        return Ok(format);
    };
    let fits = match before.ends_with("-ss") {
        true => is_date,
        false => is_version,
    };
    let found: BTreeSet<&[u8]> = strings().filter(|string| fits(string)).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(version), None) => Ok(format!("{before}{}{after}", text(version))),
        (None, _) => Err("no string in it is a version".to_owned()),
        (Some(one), Some(other)) => Err(format!(
            "both {} and {} could be its version",
            text(one),
            text(other)
        )),
    }
}

/// What follows the last byte that is no text: data can stand right before a string.
fn last_text(bytes: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let start = bytes.iter().rposition(|byte| !is_text(byte));
    &bytes[start.map_or(0, |at| at + 1)..]
}

fn is_version(string: &[u8]) -> bool {
    let mut parts = string.split(|&byte| byte == b'.');
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    parts.clone().count() == 3 && parts.all(is_number)
}

fn is_date(string: &[u8]) -> bool {
    string.len() == 6 && string.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(program: &[u8]) -> Result<String, String> {
        version_in(program)
    }

    #[test]
    fn a_version_stands_apart_from_its_format() {
        let program =
            b"\x7fELF\0\0.0.0.0.%d\0ss utility, iproute2-%s\n\0\x01\xff6.1.0\0GCC 12.2.0\0";
        assert_eq!(version(program), Ok("iproute2-6.1.0".to_owned()));
    }

    #[test]
    fn old_programs_have_a_date() {
        let program = b"\x7fELF\0ss utility, iproute2-ss%s\n\x00190107\x001.2.3\0";
        assert_eq!(version(program), Ok("iproute2-ss190107".to_owned()));
    }

    #[test]
    fn what_is_not_sure_is_not_said() {
        let two = b"ss utility, iproute2-%s\n\x006.1.0\x001.2.3\0";
        let expected = "both 1.2.3 and 6.1.0 could be its version";
        assert_eq!(version(two), Err(expected.to_owned()));
        let none = b"ss utility, iproute2-%s\n\0";
        assert_eq!(
            version(none),
            Err("no string in it is a version".to_owned())
        );
        let other = b"\x7fELF\0BusyBox v1.36.1\x006.1.0\0";
        assert_eq!(version(other), Err("not the ss of iproute2".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            let _ = version(&[b"ss utility, iproute2-%s\n\0", &*bytes].concat());
        }
    }
}
