//! Drawn bars.

use crate::report::escape::Charset;

/// Columns of the longest bar.
const LONGEST: u64 = 30;

/// A bar for `count` where the longest is that of `most`. Anything that is not 0 can be seen.
pub(super) fn bar(count: u64, most: u64, charset: Charset) -> String {
    let mark = match charset {
        Charset::Unicode => "█",
        Charset::Ascii => "#",
    };
    let columns = (u128::from(count) * u128::from(LONGEST)).div_ceil(u128::from(most.max(1)));
    mark.repeat(usize::try_from(columns).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: u64, most: u64) -> usize {
        bar(count, most, Charset::Ascii).len()
    }

    #[test]
    fn bars_are_in_proportion_and_only_nothing_is_empty() {
        assert_eq!(columns(100, 100), 30);
        assert_eq!(columns(50, 100), 15);
        assert_eq!(columns(1, 1_000_000), 1);
        assert_eq!(columns(0, 100), 0);
        assert_eq!(columns(0, 0), 0);
        assert_eq!(columns(u64::MAX, u64::MAX), 30);
    }
}
