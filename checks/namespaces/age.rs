//! How old a total is, and how long a sample was, in words.

use crate::facts::{Facts, Namespace};
use crate::list::counted;

/// How far back a total reaches: `boot, 3 days ago`.
pub(crate) fn since(facts: &Facts, namespace: &Namespace) -> String {
    let up = facts.machine.uptime_seconds.value().map(|&up| days(up));
    match (namespace.host == Some(true), up) {
        (true, Some(up)) => format!("boot, {up} ago"),
        (true, None) => "boot".to_owned(),
        (false, Some(up)) => format!("the namespace was created (the machine is up {up})"),
        (false, None) => "the namespace was created".to_owned(),
    }
}

/// `2.0 s`.
pub(crate) fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

/// `3 days`, `1 hour`, `20 minutes`: the largest unit that fits.
fn days(seconds: u64) -> String {
    let (count, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    counted(count, unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Gap, Why};
    use crate::fixture::{healthy, namespace};

    #[test]
    fn a_container_may_be_younger_than_the_machine() {
        let web = namespace(1, "web", Vec::new());
        let host = namespace(1, "host", Vec::new());
        assert_eq!(since(&healthy(), &host), "boot, 1 day ago");
        assert_eq!(
            since(&healthy(), &web),
            "the namespace was created (the machine is up 1 day)"
        );
    }

    #[test]
    fn an_uptime_that_is_not_known_is_not_said() {
        let mut facts = healthy();
        facts.machine.uptime_seconds = Fact::Missing(Gap::new("/proc/uptime", Why::Absent));
        assert_eq!(since(&facts, &namespace(1, "host", Vec::new())), "boot");
    }

    #[test]
    fn ages_are_said_in_the_largest_unit() {
        assert_eq!(days(3 * 86_400 + 5), "3 days");
        assert_eq!(days(3_600), "1 hour");
        assert_eq!(days(1_200), "20 minutes");
        assert_eq!(days(59), "59 seconds");
    }
}
