//! Shell patterns, as glob(3) matches them with GLOB_BRACE, which is how systemd-sysctl calls it
//! (glob_extend, src/basic/glob-util.c).

use crate::probes::fnmatch;
use crate::probes::work::Work;

/// True when `pattern` matches `path`: no wildcard crosses a slash. `None` when that takes more
/// work than is left.
pub(super) fn matches_path(pattern: &[u8], path: &[u8], work: &mut Work) -> Option<bool> {
    let mut patterns = vec![pattern.to_vec()];
    while let Some(pattern) = patterns.pop() {
        work.spend(pattern.len())?;
        match braces(&pattern) {
            Some(braces) => {
                work.spend(pattern.len() * braces.choices.len())?;
                patterns.extend(braces.expanded());
            }
            None if by_parts(&pattern, path, work)? => return Some(true),
            None => {}
        }
    }
    Some(false)
}

/// glob(3) takes a pattern apart at its slashes, also at those in brackets.
fn by_parts(pattern: &[u8], path: &[u8], work: &mut Work) -> Option<bool> {
    let parts = |text| <[u8]>::split(text, |&byte| byte == b'/');
    if parts(pattern).count() != parts(path).count() {
        return Some(false);
    }
    for (pattern, name) in parts(pattern).zip(parts(path)) {
        work.spend(pattern.len() * (name.len() + 1))?;
        if !fnmatch::matches(pattern, name) {
            return Some(false);
        }
    }
    Some(true)
}

/// The first braces of a pattern: `before{one,other}after`.
struct Braces<'p> {
    before: &'p [u8],
    choices: Vec<&'p [u8]>,
    after: &'p [u8],
}

impl Braces<'_> {
    fn expanded(&self) -> impl Iterator<Item = Vec<u8>> {
        let expand = |choice: &&[u8]| [self.before, choice, self.after].concat();
        self.choices.iter().map(expand)
    }
}

/// `None` without any, and where they do not close: then the pattern means what it says
/// (next_brace_sub, glibc's posix/glob.c).
fn braces(pattern: &[u8]) -> Option<Braces<'_>> {
    let open = unescaped(pattern, 0, |byte| byte == b'{')?;
    let (mut choices, mut from, mut depth) = (Vec::new(), open + 1, 0);
    let mut at = from;
    loop {
        at = unescaped(pattern, at, |byte| matches!(byte, b'{' | b',' | b'}'))?;
        let choice = &pattern[from..at];
        match pattern[at] {
            b'}' if depth == 0 => {
                choices.push(choice);
                return Some(Braces {
                    before: &pattern[..open],
                    choices,
                    after: &pattern[at + 1..],
                });
            }
            b',' if depth == 0 => {
                choices.push(choice);
                from = at + 1;
            }
            b'}' => depth -= 1,
            b'{' => depth += 1,
            _ => {}
        }
        at += 1;
    }
}

/// Where the first such byte is, from `at` on, that no backslash stands before.
fn unescaped(pattern: &[u8], mut at: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    loop {
        match *pattern.get(at)? {
            b'\\' => at += 2,
            byte if wanted(byte) => return Some(at),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &[u8] = b"net/core/somaxconn";

    fn says(pattern: &str) -> bool {
        matches_path(pattern.as_bytes(), PATH, &mut Work::at_most(1 << 24)).expect("little work")
    }

    // Each of these was tried with systemd-sysctl 252 on glibc 2.36.
    #[test]
    fn patterns_match_as_in_glibc() {
        for pattern in [
            "net/core/{somaxconn,[x]}",
            "net/{core/somaxconn,ipv4/*x}",
            "net/*re/som\\a?conn",
            "net/core/soma[x]con{n}",
            "net/core/soma[{x,y}]conn",
            "net/core/*{somaxconn,x}",
            "net/core/{soma{xconn,y},z}*",
            "net/core/{}soma*",
            "net/core/soma[[:alpha:]]conn",
            "net/core/soma[^a]conn",
            "net/core/soma[!a]conn",
            "net/**/somaxconn",
        ] {
            assert!(says(pattern), "{pattern}");
        }
        for pattern in [
            "net/core/{soma*",
            "net/core/soma{[x,y]}conn",
            "net/core/so\\{,m}a?conn",
            "net/[c/]ore/somaxconn",
            "net/core/soma[[:nope:]x]conn",
            "*somaxconn",
            "net/*",
        ] {
            assert!(!says(pattern), "{pattern}");
        }
    }

    #[test]
    fn work_ends() {
        let many = "{a,b}".repeat(1000);
        let mut work = Work::at_most(1 << 20);
        assert_eq!(matches_path(many.as_bytes(), PATH, &mut work), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_matched(pattern: Vec<u8>) {
            let _ = matches_path(&pattern, PATH, &mut Work::at_most(1 << 24));
        }

        #[test]
        fn braces_take_any_of_their_choices(names in proptest::collection::vec("[a-z]{1,9}", 1..9)) {
            let pattern = format!("net/core/{{{},somaxconn}}", names.join(","));
            prop_assert!(says(&pattern));
        }
    }
}
