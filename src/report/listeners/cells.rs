//! Values as they stand in a table.

use super::grid::Grid;
use super::words;
use crate::report::NOBODY;
use crate::report::escape::Charset;
use crate::report::style::Tone;
use sockdoctor_checks::facts::Owner;
use sockdoctor_checks::listeners::{Fill, Known};

/// Columns of a bar.
const BAR: usize = 5;

/// What is not known.
pub(super) fn unknown(grid: &mut Grid) {
    grid.toned("?", Some(Tone::Unsure));
}

pub(super) fn number<T: itoa::Integer + Copy>(grid: &mut Grid, number: &Known<T>) {
    match number {
        Ok(number) => grid.number(*number),
        Err(_) => unknown(grid),
    }
}

/// Nothing where the kernel counts none. In colour where connection requests may be among them.
pub(super) fn drops(grid: &mut Grid, drops: Option<&Known<u64>>, dropped: bool) {
    match drops {
        Some(Ok(drops)) if dropped => grid.toned(drops, Some(Tone::Warn)),
        Some(Ok(drops)) => grid.number(*drops),
        Some(Err(_)) => unknown(grid),
        None => grid.plain(""),
    }
}

/// Rounded down, so that what is not full never shows 100%. With a bar where there is a charset
/// for it.
pub(super) fn fill(grid: &mut Grid, fill: Fill, percent: Option<u64>, bars: Option<Charset>) {
    let tone = match fill {
        Fill::Full => Some(Tone::Bad),
        Fill::Nearly => Some(Tone::Warn),
        Fill::Room | Fill::Unknown => None,
    };
    match (percent, bars) {
        (None, _) => unknown(grid),
        (Some(percent), None) => grid.measured(percent, "%", tone),
        (Some(percent), Some(charset)) => {
            let bar = bar(percent, charset);
            grid.toned(format_args!("{bar} {percent:>3}%"), tone);
        }
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

/// Who holds a socket, behind what stands `before` it.
pub(super) fn owner(grid: &mut Grid, before: &str, owner: &Known<Option<&Owner>>) {
    match owner {
        Ok(Some(owner)) => grid.plain(format_args!("{before}{}", words::owner(owner))),
        Ok(None) => grid.toned(format_args!("{before}{NOBODY}"), Some(Tone::Faint)),
        Err(_) => grid.toned(format_args!("{before}?"), Some(Tone::Unsure)),
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
