//! The namespaces that could be looked at, and a word about those that could not.

use crate::check::View;
use crate::facts::{Fact, Gap, Namespace};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};
use crate::lift::lift;

/// Gaps that one finding spells out; the others are counted.
const GAPS_SHOWN: usize = 3;

/// Judges each namespace that could be looked at, and says when some could not be.
pub(crate) fn each_namespace(
    view: &View<'_>,
    judge: impl FnMut(&Namespace) -> Vec<Finding>,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = seen(view).iter().flat_map(judge).collect();
    findings.extend(unseen(view));
    findings
}

/// The namespaces that could be looked at.
pub(crate) fn seen<'a>(view: &View<'a>) -> &'a [Namespace] {
    view.facts.namespaces.value().map_or(&[], Vec::as_slice)
}

/// The finding about namespaces that could not be looked at, when there are any: what was not
/// looked at is never a pass. Namespaces that nobody asked for are not missed.
pub(crate) fn unseen(view: &View<'_>) -> Option<Finding> {
    let (summary, gaps): (_, Vec<&Gap>) = match &view.facts.namespaces {
        Fact::Known(_) => return None,
        Fact::Missing(gap) => ("no network namespace could be looked at", vec![gap]),
        Fact::Partial { gaps, .. } => (
            "some network namespaces could not be looked at",
            gaps.iter().filter(|gap| was_wanted(gap)).collect(),
        ),
    };
    if gaps.is_empty() {
        return None;
    }
    let mut finding = Finding::about(Subject::Host, Status::Unknown, summary);
    finding.evidence = gap_evidence(&gaps);
    finding.remedy = gaps
        .iter()
        .find_map(|gap| lift(&gap.why))
        .map(Remedy::by_hand);
    Some(finding)
}

/// Undecided, because a setting of this namespace is not known.
pub(crate) fn unreadable(namespace: &Namespace, sysctl: &str, gap: &Gap) -> Finding {
    undecided(namespace, format!("{sysctl} is not known"), gap)
}

/// Undecided in this namespace, because of `gap`.
pub(crate) fn undecided(namespace: &Namespace, summary: impl Into<String>, gap: &Gap) -> Finding {
    let mut finding = Finding::unknown(subject(namespace), summary, gap);
    finding.remedy = lift(&gap.why).map(Remedy::by_hand);
    finding
}

/// The subject of a finding about this namespace.
pub(crate) fn subject(namespace: &Namespace) -> Subject {
    Subject::Namespaces(vec![namespace.label()])
}

/// The first gaps in full, and the number of the others.
pub(crate) fn gap_evidence(gaps: &[&Gap]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = gaps
        .iter()
        .take(GAPS_SHOWN)
        .map(|gap| Evidence::gap(gap))
        .collect();
    if gaps.len() > GAPS_SHOWN {
        let more = gaps.len() - GAPS_SHOWN;
        evidence.push(Evidence {
            source: crate::finding::Source::Gap,
            says: format!("and {more} more readings that failed"),
        });
    }
    evidence
}

fn was_wanted(gap: &Gap) -> bool {
    !gap.is_unasked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, Why};
    use crate::fixture::healthy;
    use crate::limits::Limits;

    fn unseen_of(facts: &Facts) -> Option<Finding> {
        let limits = Limits::default();
        unseen(&View {
            facts,
            limits: &limits,
        })
    }

    fn partial(gaps: Vec<Gap>) -> Facts {
        Facts {
            namespaces: Fact::Partial {
                value: Vec::new(),
                gaps,
            },
            ..healthy()
        }
    }

    fn denied(what: &str) -> Gap {
        let needs = "root".to_owned();
        Gap::new(what, Why::Denied { needs })
    }

    #[test]
    fn all_seen_says_nothing() {
        assert_eq!(unseen_of(&healthy()), None);
    }

    #[test]
    fn a_namespace_that_was_denied_is_unknown_and_says_what_would_lift_it() {
        let finding = unseen_of(&partial(vec![denied("open /proc/9/ns/net")])).expect("a finding");
        assert_eq!(finding.status, Status::Unknown);
        assert_eq!(finding.remedy.expect("a remedy").now.len(), 1);
    }

    #[test]
    fn a_namespace_that_nobody_asked_for_is_not_missed() {
        let gap = Gap::not_collected("other namespaces", "--netns self");
        assert_eq!(unseen_of(&partial(vec![gap])), None);
    }

    #[test]
    fn a_hundred_gaps_make_one_short_finding() {
        let gaps = (0..100).map(|pid| denied(&format!("open /proc/{pid}/ns/net")));
        let finding = unseen_of(&partial(gaps.collect())).expect("a finding");
        assert_eq!(finding.evidence.len(), GAPS_SHOWN + 1);
        assert!(finding.evidence[GAPS_SHOWN].says.contains("97 more"));
    }

    #[test]
    fn no_namespaces_at_all_is_unknown() {
        let facts = Facts {
            namespaces: Fact::Missing(denied("namespaces")),
            ..healthy()
        };
        assert_eq!(
            unseen_of(&facts).map(|finding| finding.status),
            Some(Status::Unknown)
        );
    }
}
