//! Numbers and lists in sentences.

use std::fmt::Display;

/// `1 drop`, `2 drops`.
pub fn counted(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `a, b and c`.
pub fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `a, b, c and 37 more namespaces`: at most `limit` of them, where that saves something.
pub fn some(names: &[String], limit: usize, noun: &str) -> String {
    let more = names.len().saturating_sub(limit);
    if more < 2 {
        return list(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    format!("{} and {more} more {noun}", names[..limit].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(0, "drop"), "0 drops");
        assert_eq!(counted(1_u64, "drop"), "1 drop");
        assert_eq!(counted(11, "drop"), "11 drops");
    }

    #[test]
    fn a_list_is_cut_only_where_that_saves_something() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(some(&names, 3, "namespaces"), "a, b, c and d");
        assert_eq!(some(&names, 2, "namespaces"), "a, b and 2 more namespaces");
    }
}
