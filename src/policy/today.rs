//! Today's date.

use sockdoctor_checks::policy::Date;
use std::time::{SystemTime, UNIX_EPOCH};
use toml::value::Datetime;

/// Today by the clock of this machine, in UTC, so that a waiver ends everywhere at once.
///
/// # Errors
/// The clock is not in this calendar: then it is wrong, and no waiver can be judged.
pub(super) fn utc() -> Result<Date, String> {
    date(SystemTime::now()).ok_or_else(|| "the clock is wrong, so no waiver can be judged".into())
}

fn date(now: SystemTime) -> Option<Date> {
    const END: u64 = 253_402_300_800; // 10000-01-01, which has no RFC 3339 form
    let since = now.duration_since(UNIX_EPOCH).ok()?;
    let in_calendar = (since.as_secs() < END).then_some(now)?;
    let text = humantime::format_rfc3339_seconds(in_calendar).to_string();
    let date = text.parse::<Datetime>().ok()?.date?;
    Some(Date::new(date.year, date.month, date.day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let midnight = UNIX_EPOCH + Duration::from_secs(20_850 * 86_400);
        let second = Duration::from_secs(1);
        assert_eq!(date(midnight - second), Some(Date::new(2027, 1, 31)));
        assert_eq!(date(midnight), Some(Date::new(2027, 2, 1)));
    }

    #[test]
    fn a_clock_outside_the_calendar_has_no_date() {
        assert_eq!(date(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(date(UNIX_EPOCH + Duration::from_secs(1 << 40)), None);
    }
}
