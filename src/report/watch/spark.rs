//! Numbers as bars: one filled from the left, and one a column.

use crate::report::escape::Charset;
use sockdoctor_checks::watch::{Fill, Row};

/// Heights of a column, from nothing to all. The first is a nought that was read.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LETTERS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// How full a queue is, so many columns wide. Only a full one fills it, and only an empty one
/// leaves it empty. Blank where that is not known.
pub(super) fn bar(row: &Row<'_>, width: usize, charset: Charset) -> String {
    let Some(share) = row.share() else {
        return " ".repeat(width);
    };
    let filled = match row.fill {
        Fill::Full => width,
        _ => part(share, width).min(width.saturating_sub(1)),
    };
    let (full, empty) = match charset {
        Charset::Unicode => ("█", "░"),
        Charset::Ascii => ("#", "."),
    };
    full.repeat(filled) + &empty.repeat(width - filled)
}

/// One column for each value, as high as it is against `most`. A value that was not read is
/// blank.
pub(super) fn columns(
    values: impl Iterator<Item = Option<f64>>,
    most: f64,
    charset: Charset,
) -> String {
    let heights = match charset {
        Charset::Unicode => BLOCKS,
        Charset::Ascii => LETTERS,
    };
    let column = |value: Option<f64>| match value {
        None => ' ',
        Some(value) if most > 0.0 => heights[part(value / most, heights.len() - 1)],
        Some(_) => heights[0],
    };
    values.map(column).collect()
}

/// How many of `whole` that is, more than none where there is something.
fn part(share: f64, whole: usize) -> usize {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )] // from 0 to a handful of columns
    let part = (share.clamp(0.0, 1.0) * whole as f64).ceil() as usize;
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use Charset::{Ascii, Unicode};

    fn drawn(values: &[Option<f64>], most: f64, charset: Charset) -> String {
        columns(values.iter().copied(), most, charset)
    }

    #[test]
    fn a_nought_that_was_read_is_not_a_gap() {
        let values = [Some(0.0), None, Some(0.1), Some(8.0)];
        assert_eq!(drawn(&values, 8.0, Unicode), "▁ ▂█");
        assert_eq!(drawn(&values, 8.0, Ascii), "_ .#");
    }

    #[test]
    fn nothing_at_all_is_flat() {
        assert_eq!(drawn(&[Some(0.0), Some(0.0)], 0.0, Unicode), "▁▁");
    }
}
