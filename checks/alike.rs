//! Findings that say the same of several namespaces, or of several kernels, become one finding
//! about all of them.

use crate::finding::{Finding, Remedy, Status, Step, Subject};
use crate::policy::Ruling;
use std::collections::BTreeMap;

/// Of how many the remedies are spelled out: mostly each names its namespace.
const SPELLED_OUT: usize = 4;

/// A finding, and how many became one in it.
struct Merged {
    finding: Finding,
    number: usize,
}

/// Puts those together that are alike. The evidence of the first stands for the others.
pub(crate) fn merged(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut merged: Vec<Merged> = Vec::new();
    let mut alike: BTreeMap<(Status, String, Option<Ruling>), usize> = BTreeMap::new();
    for finding in findings {
        let at = key(&finding).map(|key| *alike.entry(key).or_insert(merged.len()));
        match at.and_then(|at| merged.get_mut(at)) {
            Some(known) => known.take_in(finding),
            None => merged.push(Merged { finding, number: 1 }),
        }
    }
    merged.into_iter().map(|one| one.finding).collect()
}

/// What is the same of those that are alike. `None` for one that stands alone.
fn key(finding: &Finding) -> Option<(Status, String, Option<Ruling>)> {
    labels(&finding.subject)?;
    let key = || {
        let Finding {
            status,
            summary,
            ruling,
            ..
        } = finding;
        (*status, summary.clone(), ruling.clone())
    };
    (!finding.alone).then(key)
}

fn labels(subject: &Subject) -> Option<&Vec<String>> {
    match subject {
        Subject::Namespaces(labels) | Subject::Kernels(labels) => Some(labels),
        Subject::Host | Subject::Listener { .. } => None,
    }
}

impl Merged {
    fn take_in(&mut self, other: Finding) {
        let more = labels(&other.subject).cloned().unwrap_or_default();
        if let Subject::Namespaces(known) | Subject::Kernels(known) = &mut self.finding.subject {
            known.extend(more);
        }
        self.number += 1;
        if let (Some(known), Some(other)) = (&mut self.finding.remedy, other.remedy) {
            add(known, other, self.number);
        }
    }
}

/// Adds the remedy of one that is the `number`th of its kind. What all have in common comes after
/// what each has for itself.
fn add(known: &mut Remedy, other: Remedy, number: usize) {
    for (known, other) in [(&mut known.now, other.now), (&mut known.keep, other.keep)] {
        let common = known.iter().position(|step| other.contains(step));
        let at = common.unwrap_or(known.len());
        let own = other.into_iter().filter(|step| !known.contains(step));
        let own: Vec<Step> = own.collect();
        if number <= SPELLED_OUT {
            known.splice(at..at, own);
        } else if number == SPELLED_OUT + 1 && !own.is_empty() {
            known.insert(at, Step::Do("the same for each of the others".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(label: &str, remedy: &str) -> Finding {
        let subject = Subject::Namespaces(vec![label.to_owned()]);
        let remedy = Remedy::run(remedy).then_do("restart");
        Finding::about(subject, Status::Warn, "low").remedy(remedy)
    }

    fn in_each(number: usize) -> Vec<Finding> {
        let labels = (1..=number).map(|number| format!("nc{number}"));
        let findings = labels.map(|label| finding(&label, &format!("mend {label}")));
        merged(findings)
    }

    fn steps(finding: &Finding) -> Vec<&str> {
        let remedy = finding.remedy.as_ref().expect("a remedy");
        remedy.now.iter().map(Step::text).collect()
    }

    #[test]
    fn each_of_a_few_namespaces_keeps_its_remedy() {
        let merged = in_each(2);
        let labels = vec!["nc1".to_owned(), "nc2".to_owned()];
        assert_eq!(merged[0].subject, Subject::Namespaces(labels));
        assert_eq!(merged.len(), 1);
        assert_eq!(steps(&merged[0]), ["mend nc1", "mend nc2", "restart"]);
    }

    #[test]
    fn of_many_the_first_stand_for_the_others() {
        let merged = in_each(1_000);
        assert_eq!(merged.len(), 1);
        let steps = steps(&merged[0]);
        assert_eq!(
            steps[SPELLED_OUT..],
            ["the same for each of the others", "restart"]
        );
    }

    #[test]
    fn one_remedy_for_all_is_told_once() {
        let merged = merged(
            ["a", "b", "c", "d", "e"]
                .map(|label| finding(label, "mend"))
                .into_iter(),
        );
        assert_eq!(steps(&merged[0]), ["mend", "restart"]);
    }

    #[test]
    fn what_stands_alone_is_put_together_with_nothing() {
        let alone = Finding {
            alone: true,
            ..finding("a", "mend")
        };
        let all = [alone, finding("b", "mend"), finding("c", "mend")];
        let merged = merged(all.into_iter());
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].subject, Subject::Namespaces(vec!["a".to_owned()]));
    }
}
