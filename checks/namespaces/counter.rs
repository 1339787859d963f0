//! Counters that only grow: a total is history, growth is now.

use super::age::{seconds, since};
use super::seen::{subject, undecided};
use crate::facts::{Counters, Facts, Gap, Namespace, Why};
use crate::finding::{Evidence, Finding, Remedy, Status};
use crate::list::counted;
use std::cmp::Reverse;

/// Namespaces whose numbers are spelled out; the others are put together as alike.
const SPELLED_OUT: usize = 16;

/// What a counter holds, and what it did during the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
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

/// A counter, and how one speaks of it.
#[derive(Debug)]
pub(crate) struct Counter {
    /// As in /proc/net/netstat.
    pub(crate) name: &'static str,
    /// Its total.
    pub(crate) total: fn(&Counters) -> Result<u64, Gap>,
    /// What one step of it is, as in "3 times …": `a SYN was dropped`.
    pub(crate) event: &'static str,
    /// That it never moved.
    pub(crate) never: &'static str,
    /// That it moved, without a number: what is said of many namespaces at once.
    pub(crate) moved: &'static str,
    /// The status of growth during the sample.
    pub(crate) growing: Status,
}

/// The value of a column, or the gap that this kernel does not have it.
pub(crate) fn column(name: &str, value: Option<u64>) -> Result<u64, Gap> {
    value.ok_or_else(|| Gap::new(format!("TcpExt.{name}"), Why::Absent))
}

/// Judges one counter of one namespace, with `remedy` where it is not well.
pub(crate) fn judge<'a>(
    facts: &Facts,
    namespace: &'a Namespace,
    counter: &Counter,
    remedy: impl FnOnce(&Namespace) -> Remedy,
) -> Judged<'a> {
    let (weight, mut finding) = match read(namespace, counter.total) {
        Ok(tally) => (tally.weight(), tally.finding(facts, namespace, counter)),
        Err(gap) => {
            let summary = format!("{} is not known", counter.name);
            (0, undecided(namespace, summary, &gap))
        }
    };
    if finding.status >= Status::Warn {
        finding.remedy = Some(remedy(namespace));
    }
    Judged {
        namespace,
        weight,
        finding,
    }
}

/// Reads a total in a namespace, and what it did during the sample.
pub(crate) fn read(
    namespace: &Namespace,
    total: impl Fn(&Counters) -> Result<u64, Gap>,
) -> Result<Tally, Gap> {
    let before = total(namespace.counters.known().map_err(Clone::clone)?)?;
    Ok(Tally {
        total: before,
        growth: growth(namespace, total, before),
    })
}

fn growth(
    namespace: &Namespace,
    total: impl Fn(&Counters) -> Result<u64, Gap>,
    before: u64,
) -> Growth {
    let Some(sample) = &namespace.sample else {
        return Growth::NotSampled;
    };
    let after = match sample.counters.known() {
        Ok(counters) => total(counters),
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

impl Tally {
    /// The number that the finding is about: growth where there was some, or else the total.
    pub(crate) fn weight(&self) -> u64 {
        match self.growth {
            Growth::By { amount, .. } => amount,
            Growth::NotSampled | Growth::Unknown(_) => self.total,
        }
    }

    /// The finding about this tally, with the counter as its evidence.
    fn finding(&self, facts: &Facts, namespace: &Namespace, counter: &Counter) -> Finding {
        if let (0, Growth::Unknown(gap)) = (self.total, &self.growth) {
            return undecided(namespace, "the second reading of the sample failed", gap);
        }
        let (status, summary) = self.verdict(facts, namespace, counter);
        let label = namespace.label();
        let mut finding = Finding::about(subject(namespace), status, summary);
        let mut total = self.total;
        if let Growth::By {
            amount,
            interval_ms,
        } = self.growth
        {
            let grown = Evidence::counter(counter.name, &label, Some(interval_ms), amount);
            finding = finding.evidence(grown);
            total += amount;
        }
        finding = finding.evidence(Evidence::counter(counter.name, &label, None, total));
        if let Growth::Unknown(gap) = &self.growth {
            finding = finding.evidence(Evidence::gap(gap));
        }
        finding
    }

    fn verdict(&self, facts: &Facts, namespace: &Namespace, counter: &Counter) -> (Status, String) {
        let event = counter.event;
        match (&self.growth, self.total) {
            (
                &Growth::By {
                    amount,
                    interval_ms,
                },
                _,
            ) if amount > 0 => {
                let summary = format!(
                    "{} {event} within {}",
                    counted(amount, "time"),
                    seconds(interval_ms)
                );
                (counter.growing, summary)
            }
            (_, 0) => (Status::Pass, counter.never.to_owned()),
            (Growth::By { interval_ms, .. }, _) => {
                let quiet = seconds(*interval_ms);
                let summary = format!("history only: no growth within {quiet}");
                (Status::Pass, summary)
            }
            (Growth::NotSampled | Growth::Unknown(_), total) => {
                let since = since(facts, namespace);
                let summary = format!("{} {event} since {since}", counted(total, "time"));
                (Status::Warn, summary)
            }
        }
    }
}

/// A namespace and what its counter came to.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) weight: u64,
    pub(crate) finding: Finding,
}

/// Keeps the numbers of the worst namespaces, adds `details` to them, and says of the others
/// only that it happened there too, so that they can be shown as one.
pub(crate) fn spell_out_worst(
    mut judged: Vec<Judged<'_>>,
    counter: &Counter,
    details: impl Fn(&Namespace) -> Vec<Evidence>,
) -> Vec<Finding> {
    judged.sort_by_key(|one| Reverse((one.finding.status, one.weight)));
    for (rank, one) in judged.iter_mut().enumerate() {
        if one.finding.status < Status::Warn {
            continue;
        }
        if rank < SPELLED_OUT {
            one.finding.evidence.extend(details(one.namespace));
            one.finding.alone = true;
        } else {
            counter.moved.clone_into(&mut one.finding.summary);
        }
    }
    judged.into_iter().map(|one| one.finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, Sample};
    use crate::fixture::{healthy, namespace, quiet};

    const DROPS: Counter = Counter {
        name: "ListenDrops",
        total: |counters| column("ListenDrops", counters.listen_drops),
        event: "a SYN was dropped",
        never: "no SYN was dropped",
        moved: "SYNs were dropped",
        growing: Status::Fail,
    };

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
        judge(&healthy(), namespace, &DROPS, |_| Remedy::default()).finding
    }

    #[test]
    fn a_total_is_history_and_says_how_old() {
        let finding = finding(&counting("host", 15, None));
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(
            finding.summary,
            "15 times a SYN was dropped since boot, 1 day ago"
        );
    }

    #[test]
    fn growth_during_the_sample_is_now() {
        let finding = finding(&counting("host", 15, Some(counted(18))));
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.summary, "3 times a SYN was dropped within 2.0 s");
    }

    #[test]
    fn one_is_once() {
        let finding = finding(&counting("host", 1, None));
        assert!(finding.summary.starts_with("1 time a SYN"));
    }

    #[test]
    fn no_growth_passes_whatever_the_total() {
        let finding = finding(&counting("host", 15, Some(counted(15))));
        assert_eq!(finding.status, Status::Pass);
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn a_counter_that_shrinks_is_not_believed() {
        let finding = finding(&counting("host", 15, Some(counted(3))));
        assert_eq!(finding.status, Status::Warn);
        let says = &finding.evidence.last().expect("evidence").says;
        assert!(says.contains("went from 15 to 3"));
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
        assert_eq!(finding(&namespace).status, Status::Unknown);
    }

    #[test]
    fn only_the_worst_namespaces_are_spelled_out() {
        let namespace = namespace(1, "host", Vec::new());
        let judged = (0..40).map(|weight| Judged {
            namespace: &namespace,
            weight,
            finding: Finding::about(subject(&namespace), Status::Warn, weight.to_string()),
        });
        let named = spell_out_worst(judged.collect(), &DROPS, |_| Vec::new());
        assert_eq!(named[0].summary, "39");
        assert_eq!(named[SPELLED_OUT].summary, DROPS.moved);
    }
}
