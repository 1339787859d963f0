//! All checks, run over one set of facts.

use crate::alike;
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Facts, Topics};
use crate::finding::{Finding, Status};
use crate::image::{self, kernels};
use crate::policy::{Policy, Ruling, Standing, waive_follow_ons, waivers};
use crate::verdict::{Verdict, Walk};
use std::cmp::Reverse;

/// What came of it.
#[derive(Debug)]
pub struct Diagnosis {
    /// The answer to the question that the user came with.
    pub verdict: Verdict,
    /// One entry for each check that was selected, in catalogue order.
    pub results: Vec<CheckResult>,
    /// What each waiver of the policy was good for, in its order.
    pub waivers: Vec<Standing>,
}

/// One check and its findings.
#[derive(Debug)]
pub struct CheckResult {
    /// The check.
    pub check: &'static Check,
    /// The worst of its findings.
    pub status: Status,
    /// Worst first; never empty.
    pub findings: Vec<Finding>,
    /// The failed check that explains this one, when there is one.
    pub masked_by: Option<&'static str>,
}

/// How many checks came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Checks that passed.
    pub pass: usize,
    /// Checks that warn.
    pub warn: usize,
    /// Checks that failed.
    pub fail: usize,
    /// Checks that could not be decided.
    pub unknown: usize,
    /// Checks that do not apply.
    pub skipped: usize,
    /// Checks whose outcome somebody has accepted.
    pub waived: usize,
}

/// Judges `facts` by each check that `selected` lets through, and by what `policy` asks for and
/// accepts.
pub fn diagnose(facts: &Facts, policy: &Policy, selected: impl Fn(&Check) -> bool) -> Diagnosis {
    diagnose_kernels(facts, &[], policy, selected)
}

/// The same of an image with several kernels: there are facts for each.
pub fn diagnose_kernels(
    first: &Facts,
    others: &[Facts],
    policy: &Policy,
    selected: impl Fn(&Check) -> bool,
) -> Diagnosis {
    let mut results = results(first, policy, &selected);
    for facts in others {
        kernels::add(&mut results, self::results(facts, policy, &selected));
    }
    let verdict = |facts| (facts, verdict(facts, &selected));
    let mut verdict = kernels::blindest(verdict(first), others.iter().map(verdict).collect());
    waive_follow_ons(&mut results);
    let standings = policy.standings(&results);
    judge_waivers(&mut results, policy, &standings);
    for walk in [&mut verdict.tcp, &mut verdict.unix] {
        waive(walk, &results);
    }
    Diagnosis {
        verdict,
        results,
        waivers: standings,
    }
}

fn results(facts: &Facts, policy: &Policy, selected: impl Fn(&Check) -> bool) -> Vec<CheckResult> {
    let limits = &policy.limits;
    let view = View { facts, limits };
    let mut results: Vec<CheckResult> = crate::CATALOGUE
        .iter()
        .copied()
        .filter(|check| selected(check) && is_judged(check, facts, policy))
        .map(|check| judge(check, &view, policy))
        .collect();
    mask(&mut results);
    results
}

/// Whether `check` has something to say of what these facts are about.
fn is_judged(check: &Check, facts: &Facts, policy: &Policy) -> bool {
    let is_image = facts.origin.image().is_some();
    match check.judges {
        Judges::Machines => !is_image,
        Judges::MachinesAndKernels | Judges::MachinesAndSetting(_) => true,
        Judges::Images => is_image,
        Judges::Promises => !is_image && facts.expected.is_some(),
        Judges::Waivers => !policy.waivers.is_empty(),
    }
}

fn verdict(facts: &Facts, selected: impl Fn(&Check) -> bool) -> Verdict {
    let mut verdict = crate::path::verdict(facts);
    for (walk, asked) in [
        (&mut verdict.tcp, &crate::path::tcp_diag::CHECK),
        (&mut verdict.unix, &crate::path::unix_diag::CHECK),
    ] {
        let remedy = walk.remedy.take();
        walk.remedy = remedy.map(|remedy| image::remedy(facts, remedy));
        if walk.status == Status::Unknown && !selected(asked) {
            walk.status = Status::Skipped;
            walk.summary = format!("Not asked: {} is not among the checks.", asked.id);
            walk.steps.clear();
        }
    }
    verdict
}

/// The waivers are judged last, by what they were good for.
fn judge_waivers(results: &mut [CheckResult], policy: &Policy, standings: &[Standing]) {
    let id = waivers::CHECK.id;
    if let Some(result) = results.iter_mut().find(|result| result.check.id == id) {
        let findings = waivers::findings(policy, standings).into_iter();
        result.findings = findings.map(|finding| policy.rule(id, finding)).collect();
        result.rank();
    }
}

/// A walk whose cause is waived says what it says, and does not fail.
fn waive(walk: &mut Walk, results: &[CheckResult]) {
    let cause = results
        .iter()
        .find(|result| Some(result.check.id) == walk.cause);
    if walk.status > Status::Unknown && cause.is_some_and(|cause| cause.waiver().is_some()) {
        walk.status = Status::Waived;
    }
}

/// The groups of facts that the selected checks need.
pub fn topics(selected: impl Fn(&Check) -> bool) -> Topics {
    crate::CATALOGUE
        .iter()
        .filter(|check| selected(check))
        .flat_map(|check| check.needs.iter().copied())
        .collect()
}

fn judge(check: &'static Check, view: &View<'_>, policy: &Policy) -> CheckResult {
    let judged = match image::not_applicable(view.facts, check) {
        Some(finding) => vec![finding],
        None => (check.judge)(view),
    };
    let told = judged
        .into_iter()
        .flat_map(|finding| policy.apart(check.id, image::told(view.facts, finding)))
        .map(|finding| policy.rule(check.id, finding));
    let mut findings = alike::merged(told);
    if findings.is_empty() {
        findings.push(Finding::host(
            Status::Skipped,
            "there was nothing here to judge",
        ));
    }
    let mut result = CheckResult {
        check,
        status: Status::Unknown,
        findings,
        masked_by: None,
    };
    result.rank();
    result
}

impl CheckResult {
    /// Puts the worst finding first and takes its status.
    pub(crate) fn rank(&mut self) {
        // Stable: among equals the check's own order stands, the longest queue first.
        self.findings.sort_by_key(|finding| Reverse(finding.status));
        let worst = self.findings.first();
        self.status = worst.map_or(Status::Unknown, |worst| worst.status);
    }

    /// The worst status without regard to waivers.
    fn unwaived(&self) -> Status {
        let statuses = self.findings.iter().map(Finding::unwaived);
        statuses.max().unwrap_or(self.status)
    }

    /// Why nothing worse than a waived finding is left of it, when that is so.
    pub fn waiver(&self) -> Option<&Ruling> {
        let waived = self
            .findings
            .iter()
            .filter(|_| self.status == Status::Waived);
        let worst = waived.max_by_key(|finding| finding.unwaived());
        worst.and_then(|finding| finding.ruling.as_ref())
    }
}

fn mask(results: &mut [CheckResult]) {
    let found: Vec<(&str, Status)> = results
        .iter()
        .map(|result| (result.check.id, result.unwaived()))
        .collect();
    for result in results {
        // What blinds ss explains what else of the path is as bad or less so, and what could not
        // be decided about queues. It does not explain a queue that was seen to be full.
        let explains = match (result.unwaived(), result.check.group) {
            (Status::Unknown, _) => Status::Fail,
            (status @ (Status::Warn | Status::Fail), Group::Path) => status,
            _ => continue,
        };
        let is_root = |id: &&str| {
            found
                .iter()
                .any(|(other, is)| other == id && *is >= explains)
        };
        result.masked_by = result.check.masked_by.iter().copied().find(is_root);
    }
}

fn was_judged(finding: &Finding) -> bool {
    !matches!(finding.status, Status::Unknown | Status::Skipped)
}

impl Diagnosis {
    /// True when the question whether ss can be believed was asked, for TCP or for unix sockets,
    /// and a walk could not answer it.
    pub fn lacks_an_answer(&self) -> bool {
        let walks = [&self.verdict.tcp, &self.verdict.unix];
        walks.iter().any(|walk| walk.status == Status::Unknown)
    }

    /// True when anything was judged. A check is undecided where one of many namespaces is, and has
    /// judged the others all the same.
    pub fn judged_anything(&self) -> bool {
        let mut findings = self.results.iter().flat_map(|result| &result.findings);
        findings.any(was_judged)
    }

    /// True when checks of namespaces were asked for, and could judge none: all that was asked for
    /// by name were denied, for one.
    pub fn saw_no_namespace(&self) -> bool {
        let results = self.results.iter();
        let mut of_namespaces = results
            .filter(|result| result.check.scope == Scope::Netns)
            .flat_map(|result| &result.findings);
        let is_open = |finding: &Finding| finding.status == Status::Unknown;
        of_namespaces.clone().any(is_open) && !of_namespaces.any(was_judged)
    }

    /// How many checks came out how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for result in &self.results {
            *match result.status {
                Status::Pass => &mut counts.pass,
                Status::Skipped => &mut counts.skipped,
                Status::Waived => &mut counts.waived,
                Status::Unknown => &mut counts.unknown,
                Status::Warn => &mut counts.warn,
                Status::Fail => &mut counts.fail,
            } += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Answer, Errno, Fact, Gap, Refusal, SocketSource, UnixListener, Why};
    use crate::fixture::{healthy, namespace};

    fn blind_with_a_full_unix_queue() -> Facts {
        let mut facts = healthy();
        let Fact::Known(trips) = &mut facts.round_trips else {
            panic!("the fixture has round trips");
        };
        for canary in [&mut trips.tcp4, &mut trips.tcp6] {
            let Fact::Known(canary) = canary else {
                panic!("the fixture has canaries");
            };
            canary.sock_diag = None;
            canary.answer = Fact::Known(Answer::Refused {
                how: Refusal::DoneMessage,
                errno: Errno::ENOENT,
            });
        }
        let mut host = namespace(1, "host", Vec::new());
        host.unix_listeners = Fact::Known(vec![UnixListener {
            name: "/run/x.sock".to_owned(),
            accept_queue: Some(6),
            backlog: Some(5),
            inode: 9,
            source: SocketSource::SockDiag,
        }]);
        facts.namespaces = Fact::Known(vec![host]);
        facts
    }

    #[test]
    fn a_queue_that_was_seen_to_be_full_is_not_folded_under_tcp_diag() {
        let facts = blind_with_a_full_unix_queue();
        let diagnosis = diagnose(&facts, &Policy::default(), |_| true);
        let result = |id| diagnosis.results.iter().find(|r| r.check.id == id);
        assert_eq!(result("tcp-diag").map(|r| r.status), Some(Status::Fail));
        let full = result("accept-queue").expect("accept-queue is judged");
        assert_eq!((full.status, full.masked_by), (Status::Fail, None));
    }

    #[test]
    fn a_walk_that_nobody_asked_for_is_not_an_open_question() {
        let mut facts = healthy();
        let why = Why::NotCollected("--only or --skip".to_owned());
        facts.round_trips = Fact::Missing(Gap::new("round trip", why));
        let policy = Policy::default();
        let queues = diagnose(&facts, &policy, |check| check.group == Group::Queues);
        assert_eq!(queues.verdict.tcp.status, Status::Skipped);
        assert!(!queues.lacks_an_answer());
        let all = diagnose(&facts, &policy, |_| true);
        assert!(all.lacks_an_answer());
    }
}
