//! fnmatch(3) without flags in the C locale, as libkmod and glob(3) call it: on bytes, without
//! recursion, and in no more steps than the lengths of pattern and text multiplied.

/// True when the whole of `text` matches `pattern` (fnmatch_loop.c of glibc 2.36).
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut taken) = (0, 0);
    // Where to go on when what follows the last star does not fit: that star takes one byte more.
    let mut retry = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            retry = Some((at, taken));
            continue;
        }
        let step = match (pattern.get(at), text.get(taken)) {
            (None, None) => return true,
            (Some(_), Some(&byte)) => one(&pattern[at..], byte),
            _ => None,
        };
        match (step, retry) {
            (Some(length), _) => (at, taken) = (at + length, taken + 1),
            (None, Some((star, from))) if from < text.len() => {
                (at, taken) = (star, from + 1);
                retry = Some((at, taken));
            }
            _ => return false,
        }
    }
}

/// The length of the first element of `pattern`, which is not empty, if it matches `byte`.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        // An escape of nothing matches nothing.
        [b'\\'] => None,
        [b'[', inside @ ..] => match bracket(inside, byte) {
            Bracket::Closed { length, matched } => matched.then_some(1 + length),
            Bracket::Open => (byte == b'[').then_some(1),
            Bracket::Invalid => None,
        },
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// What a bracket is.
enum Bracket {
    /// A set that ends, after so many bytes, and whether it has the byte.
    Closed { length: usize, matched: bool },
    /// Without an end: a plain bracket.
    Open,
    /// With a class or a collating symbol that the C locale does not have: it matches nothing.
    Invalid,
}

fn bracket(inside: &[u8], byte: u8) -> Bracket {
    let negated = matches!(inside.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let mut found = false;
    let first = at;
    loop {
        match inside.get(at..).unwrap_or_default() {
            [] => return Bracket::Open,
            [b']', ..] if at > first => {
                let matched = found != negated;
                let length = at + 1;
                return Bracket::Closed { length, matched };
            }
            [b'[', b':', rest @ ..] if let Some((name, length)) = class_name(rest) => {
                match class(name) {
                    Some(has) => found |= has(&byte),
                    // The rest of a set that has the byte already is passed over.
                    None if found => {}
                    None => return Bracket::Invalid,
                }
                at += length;
            }
            rest => {
                let (low, length) = member(rest);
                let (high, more) = range_end(&rest[length..], low);
                found |= (low..=high).contains(&byte);
                at += length + more;
            }
        }
    }
}

/// The name in `alpha:]`, and how long it is with the `[:` before it.
fn class_name(rest: &[u8]) -> Option<(&[u8], usize)> {
    // Not z, which is in no name (fnmatch_loop.c).
    let end = rest.iter().position(|byte| !(b'a'..=b'y').contains(byte))?;
    rest[end..]
        .starts_with(b":]")
        .then(|| (&rest[..end], end + 4))
}

/// The bytes of a class in the C locale.
fn class(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

/// The byte at the beginning of `text`, which is not empty, and how long it is as written.
fn member(text: &[u8]) -> (u8, usize) {
    match text {
        [b'\\', escaped, ..] => (*escaped, 2),
        other => (other[0], 1),
    }
}

/// The end of the range that begins with `low`, and its length as written. No range: `low`.
fn range_end(rest: &[u8], low: u8) -> (u8, usize) {
    match rest {
        [b'-', b']', ..] | [b'-'] => (low, 0),
        [b'-', end @ ..] => {
            let (high, length) = member(end);
            (high, 1 + length)
        }
        _ => (low, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn says(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes())
    }

    #[test]
    fn a_star_takes_anything_and_a_question_mark_one_byte() {
        assert!(says("*", "") && says("a*c*", "abcd/c") && says("?b", "/b"));
        assert!(!says("a*c", "abcd") && !says("?", "") && !says("", "a"));
    }

    #[test]
    fn a_bracket_is_a_set_of_bytes_and_ranges() {
        assert!(says("[a-c]x", "bx") && says("[]a]", "]") && says("[!a]", "b"));
        assert!(says("[a-]", "-") && says("[\\]a]", "]") && says("[^a-c]", "d"));
        assert!(!says("[c-a]", "b") && !says("[!a]", "a") && !says("[a]", ""));
    }

    #[test]
    fn a_class_is_one_of_the_c_locale() {
        assert!(says("[[:alpha:]_]x", "bx") && says("[[:alpha:]_]", "_"));
        assert!(says("[^[:digit:]]", "x") && !says("[![:digit:]]", "1"));
        assert!(!says("[[:nope:]x]", "x") && says("[x[:nope:]]", "x"));
        assert!(says("[[:Alpha:]", "A") && !says("[[:Alpha:]", "b"));
    }

    #[test]
    fn a_bracket_without_an_end_is_a_plain_one() {
        assert!(says("[a", "[a") && !says("[a", "a"));
    }

    #[test]
    fn a_backslash_takes_the_next_byte_as_it_is() {
        assert!(says("\\*", "*") && !says("\\*", "a") && !says("a\\", "a\\"));
    }

    #[test]
    fn many_stars_take_no_more_than_the_product_of_the_lengths() {
        let pattern = "*a".repeat(2000) + "b";
        assert!(!says(&pattern, &"a".repeat(4000)));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_matched(pattern: Vec<u8>, text: Vec<u8>) {
            let _ = matches(&pattern, &text);
        }

        #[test]
        fn a_text_without_special_bytes_matches_itself_alone(a in "[a-z_0-9:.-]{0,9}", b in "[a-z_]{0,9}") {
            prop_assert!(says(&a, &a));
            prop_assert_eq!(says(&a, &b), a == b);
        }
    }
}
