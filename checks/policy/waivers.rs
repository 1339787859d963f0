//! The waivers of the policy are in date and in use.

use super::{Policy, Standing, Waiver};
use crate::check::{Check, Group, Judges, Scope};
use crate::finding::{Evidence, Finding, Remedy, Status};

/// The waivers of the policy are in date and in use.
pub static CHECK: Check = Check {
    id: "waivers",
    title: "The waivers of the policy are in date and in use",
    group: Group::Policy,
    scope: Scope::Host,
    explain: include_str!("waivers.md"),
    needs: &[],
    masked_by: &[],
    judges: Judges::Waivers,
    // The others have to be judged before: `findings` does it then.
    judge: |_| vec![nothing_to_judge()],
};

fn nothing_to_judge() -> Finding {
    Finding::host(Status::Skipped, "there are no waivers")
}

/// What is to be said of the waivers of `policy`, which were good for `standings`.
pub(crate) fn findings(policy: &Policy, standings: &[Standing]) -> Vec<Finding> {
    let judged = policy.waivers.iter().zip(standings);
    let mut findings: Vec<Finding> = judged
        .filter_map(|(waiver, standing)| match standing {
            Standing::Expired => Some(expired(waiver)),
            Standing::Unused => Some(unused(waiver)),
            Standing::Used | Standing::Open => None,
        })
        .collect();
    if findings.is_empty() {
        let summary = match standings.len() {
            0 => return vec![nothing_to_judge()],
            1 => "the waiver is in date".to_owned(),
            number => format!("all {number} waivers are in date"),
        };
        findings.push(Finding::host(Status::Pass, summary));
    }
    findings
}

fn expired(waiver: &Waiver) -> Finding {
    let summary = format!("{waiver} expired on {}", waiver.expires);
    let decide = "mend what it accepted and delete it, or give it a new date";
    Finding::host(Status::Fail, summary)
        .evidence(reason(waiver))
        .remedy(Remedy::by_hand(format!("{decide}, at {}", waiver.place)))
}

fn unused(waiver: &Waiver) -> Finding {
    let summary = format!("{waiver} accepts nothing: there is no such warning or failure");
    Finding::host(Status::Warn, summary)
        .evidence(reason(waiver))
        .remedy(Remedy::by_hand(format!("delete it, at {}", waiver.place)))
}

fn reason(waiver: &Waiver) -> Evidence {
    let says = format!("until {}: {}", waiver.expires, waiver.reason);
    Evidence::at(waiver.place.clone(), says)
}
