//! Counters that only grow: a total is history, growth is now.

use super::seen::{subject, undecided};
use crate::facts::{Counters, Facts, Gap, Namespace, Why};
use crate::finding::{Evidence, Finding, Status};
use std::cmp::Reverse;

/// Namespaces whose numbers are spelled out; the others are put together as alike.
const SPELLED_OUT: usize = 16;

/// What a counter holds, and what it did during the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) total: u64,
    pub(crate) growth: Growth,
}

/// What a counter did between two readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Growth {
    /// There was no second reading.
    NotSampled,
    /// The second reading failed.
    Unknown(Gap),
    /// It grew by this much; 0 is an answer too.
    By { amount: u64, interval_ms: u64 },
}

/// A counter in words.
#[derive(Debug)]
pub(crate) struct Words {
    /// What one step of it is, as in "3 …": `SYNs were dropped`.
    pub(crate) event: &'static str,
    /// That it never moved.
    pub(crate) never: &'static str,
    /// That it moved, without a number: what is said of many namespaces at once.
    pub(crate) moved: &'static str,
    /// The status of growth during the sample.
    pub(crate) growing: Status,
}

/// One column of TcpExt, as a total.
pub(crate) type Column = fn(&Counters) -> Result<u64, Gap>;

/// The value of a column, or the gap that this kernel does not have it.
pub(crate) fn column(name: &str, value: Option<u64>) -> Result<u64, Gap> {
    value.ok_or_else(|| Gap::new(format!("TcpExt.{name}"), Why::Absent))
}

/// Reads a column of a namespace, and what it did during the sample.
pub(crate) fn read(namespace: &Namespace, of: Column) -> Result<Reading, Gap> {
    let total = of(namespace.counters.known().map_err(Clone::clone)?)?;
    Ok(Reading {
        total,
        growth: growth(namespace, of, total),
    })
}

fn growth(namespace: &Namespace, of: Column, before: u64) -> Growth {
    let Some(sample) = &namespace.sample else {
        return Growth::NotSampled;
    };
    let after = match sample.counters.known() {
        Ok(counters) => of(counters),
        Err(gap) => Err(gap.clone()),
    };
    let grown = after.and_then(|after| {
        after.checked_sub(before).ok_or_else(|| {
            // Counters are unsigned long: on a 32-bit kernel they wrap.
            let why = format!("went from {before} to {after} during the sample");
            Gap::new("second reading", Why::Inconsistent(why))
        })
    });
    match grown {
        Ok(amount) => Growth::By {
            amount,
            interval_ms: sample.interval_ms,
        },
        Err(gap) => Growth::Unknown(gap),
    }
}

impl Reading {
    /// The number that the finding is about: growth where there was some, or else the total.
    pub(crate) fn weight(&self) -> u64 {
        match self.growth {
            Growth::By { amount, .. } => amount,
            Growth::NotSampled | Growth::Unknown(_) => self.total,
        }
    }

    /// The sample's length, when growth is what the finding is about.
    pub(crate) fn interval_ms(&self) -> Option<u64> {
        match self.growth {
            Growth::By { interval_ms, .. } => Some(interval_ms),
            Growth::NotSampled | Growth::Unknown(_) => None,
        }
    }

    /// The finding about this reading, with the counter as its evidence.
    pub(crate) fn finding(
        &self,
        facts: &Facts,
        namespace: &Namespace,
        name: &str,
        words: &Words,
    ) -> Finding {
        if let (0, Growth::Unknown(gap)) = (self.total, &self.growth) {
            return undecided(namespace, "the second reading of the sample failed", gap);
        }
        let (status, summary) = self.verdict(facts, namespace, words);
        let label = namespace.label();
        let mut finding = Finding::about(subject(namespace), status, summary);
        if let Growth::By { amount, .. } = self.growth {
            let grown = Evidence::counter(name, &label, self.interval_ms(), amount);
            finding = finding.evidence(grown);
        }
        finding = finding.evidence(Evidence::counter(name, &label, None, self.total));
        if let Growth::Unknown(gap) = &self.growth {
            finding = finding.evidence(Evidence::gap(gap));
        }
        finding
    }

    fn verdict(&self, facts: &Facts, namespace: &Namespace, words: &Words) -> (Status, String) {
        match (&self.growth, self.total) {
            (
                Growth::By {
                    amount,
                    interval_ms,
                },
                _,
            ) if *amount > 0 => {
                let summary = format!("{amount} {} within {}", words.event, seconds(*interval_ms));
                (words.growing, summary)
            }
            (_, 0) => (Status::Pass, words.never.to_owned()),
            (Growth::By { interval_ms, .. }, _) => {
                let quiet = seconds(*interval_ms);
                let summary = format!("history only: no growth within {quiet}");
                (Status::Pass, summary)
            }
            (Growth::NotSampled | Growth::Unknown(_), total) => {
                let since = since(facts, namespace);
                let summary = format!("{total} {} since {since}", words.event);
                (Status::Warn, summary)
            }
        }
    }
}

/// Keeps the numbers of the worst namespaces, and says of the others only that it happened
/// there too, so that they can be shown as one.
pub(crate) fn spell_out_worst(mut weighted: Vec<(u64, Finding)>, words: &Words) -> Vec<Finding> {
    weighted.sort_by_key(|(weight, finding)| Reverse((finding.status, *weight)));
    for (_, finding) in weighted.iter_mut().skip(SPELLED_OUT) {
        if finding.status >= Status::Warn {
            words.moved.clone_into(&mut finding.summary);
        }
    }
    weighted.into_iter().map(|(_, finding)| finding).collect()
}

/// How far back a total reaches: `boot, 3 days ago`.
fn since(facts: &Facts, namespace: &Namespace) -> String {
    let up = facts.machine.uptime_seconds.value().map(|&up| days(up));
    match (namespace.host == Some(true), up) {
        (true, Some(up)) => format!("boot, {up} ago"),
        (true, None) => "boot".to_owned(),
        (false, Some(up)) => format!("the namespace was created (the machine is up {up})"),
        (false, None) => "the namespace was created".to_owned(),
    }
}

/// `2.0 s`.
fn seconds(ms: u64) -> String {
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
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Sample};
    use crate::fixture::{healthy, namespace, quiet};

    const WORDS: Words = Words {
        event: "SYNs were dropped",
        never: "no SYN was dropped",
        moved: "SYNs were dropped",
        growing: Status::Fail,
    };

    fn drops(counters: &Counters) -> Result<u64, Gap> {
        column("ListenDrops", counters.listen_drops)
    }

    fn counted(total: u64) -> Fact<Counters> {
        Fact::Known(Counters {
            listen_drops: Some(total),
            ..quiet()
        })
    }

    fn counting(name: &str, before: u64, after: Option<Fact<Counters>>) -> Namespace {
        Namespace {
            counters: counted(before),
            sample: after.map(|counters| Sample {
                interval_ms: 2_040,
                counters,
                listeners: Fact::Known(Vec::new()),
            }),
            ..namespace(1, name, Vec::new())
        }
    }

    fn finding(namespace: &Namespace) -> Finding {
        let reading = read(namespace, drops).expect("a reading");
        reading.finding(&healthy(), namespace, "ListenDrops", &WORDS)
    }

    #[test]
    fn a_total_is_history_and_says_how_old() {
        let finding = finding(&counting("host", 15, None));
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(
            finding.summary,
            "15 SYNs were dropped since boot, 1 day ago"
        );
    }

    #[test]
    fn a_container_may_be_younger_than_the_machine() {
        assert_eq!(
            finding(&counting("web", 15, None)).summary,
            "15 SYNs were dropped since the namespace was created (the machine is up 1 day)"
        );
    }

    #[test]
    fn growth_during_the_sample_is_now() {
        let finding = finding(&counting("host", 15, Some(counted(18))));
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.summary, "3 SYNs were dropped within 2.0 s");
    }

    #[test]
    fn no_growth_passes_whatever_the_total() {
        let finding = finding(&counting("host", 15, Some(counted(15))));
        assert_eq!(finding.status, Status::Pass);
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn a_counter_that_shrinks_is_not_believed() {
        let reading = read(&counting("host", 15, Some(counted(3))), drops).expect("a reading");
        assert!(matches!(reading.growth, Growth::Unknown(_)));
    }

    #[test]
    fn a_failed_second_reading_is_never_a_pass() {
        let gap = Gap::new("/proc/net/netstat", Why::Absent);
        let namespace = counting("host", 0, Some(Fact::Missing(gap)));
        assert_eq!(finding(&namespace).status, Status::Unknown);
    }

    #[test]
    fn a_kernel_without_the_column_is_a_gap() {
        let mut namespace = counting("host", 0, None);
        namespace.counters = Fact::Known(Counters {
            listen_drops: None,
            ..quiet()
        });
        assert!(read(&namespace, drops).is_err());
    }

    #[test]
    fn only_the_worst_namespaces_are_spelled_out() {
        let findings = (0..40).map(|n| (n, Finding::namespace("n", Status::Warn, n.to_string())));
        let named = spell_out_worst(findings.collect(), &WORDS);
        assert_eq!(named[0].summary, "39");
        assert_eq!(named[SPELLED_OUT].summary, WORDS.moved);
    }

    #[test]
    fn ages_are_said_in_the_largest_unit() {
        assert_eq!(days(3 * 86_400 + 5), "3 days");
        assert_eq!(days(3_600), "1 hour");
        assert_eq!(days(59), "59 seconds");
    }
}
