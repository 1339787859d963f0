//! Values as they stand in a table.

use super::cell::Cell;
use super::words;
use crate::report::NOBODY;
use crate::report::escape::Charset;
use crate::report::style::Tone;
use sockdoctor_checks::facts::Owner;
use sockdoctor_checks::listeners::{Fill, Known};
use std::fmt::Display;

/// Columns of a bar.
const BAR: usize = 5;

pub(super) fn number<T: Display>(number: &Known<T>) -> Cell {
    match number {
        Ok(number) => Cell::plain(number.to_string()),
        Err(_) => Cell::unknown(),
    }
}

pub(super) fn drops(drops: &Known<u64>) -> Cell {
    match drops {
        Ok(1..) => number(drops).in_tone(Tone::Warn),
        _ => number(drops),
    }
}

/// Rounded down, so that what is not full never shows 100%. With a bar where there is a charset
/// for it.
pub(super) fn fill(fill: Fill, percent: Option<u64>, bars: Option<Charset>) -> Cell {
    let Some(percent) = percent else {
        return Cell::unknown();
    };
    let cell = Cell::plain(match bars {
        Some(charset) => format!("{} {percent:>3}%", bar(percent, charset)),
        None => format!("{percent}%"),
    });
    match fill {
        Fill::Full => cell.in_tone(Tone::Bad),
        Fill::Nearly => cell.in_tone(Tone::Warn),
        Fill::Room | Fill::Unknown => cell,
    }
}

/// `███▌ ` in eighths of a column, or `###..`.
fn bar(percent: u64, charset: Charset) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let percent = usize::try_from(percent.min(100)).unwrap_or(100);
    match charset {
        Charset::Unicode => {
            let eighths = percent * BAR * 8 / 100;
            let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
            format!("{bar:BAR$}")
        }
        Charset::Ascii => {
            let whole = percent * BAR / 100;
            "#".repeat(whole) + &".".repeat(BAR - whole)
        }
    }
}

pub(super) fn owner(owner: &Known<Option<Owner>>) -> Cell {
    match owner {
        Ok(Some(owner)) => Cell::plain(words::owner(owner)),
        Ok(None) => Cell::plain(NOBODY).in_tone(Tone::Faint),
        Err(_) => Cell::unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_at_the_end() {
        let bars = |percent| [Charset::Unicode, Charset::Ascii].map(|it| bar(percent, it));
        assert_eq!(bars(0), ["     ", "....."]);
        assert_eq!(bars(50), ["██▌  ", "##..."]);
        assert_eq!(bars(99), ["████▉", "####."]);
        assert_eq!(bars(100), ["█████", "#####"]);
        assert_eq!(bars(400), ["█████", "#####"]);
    }
}
