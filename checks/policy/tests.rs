use super::*;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::facts::{Answer, Errno, Fact, Facts, Gap, Place, Refusal, Why};
use crate::fixture::{healthy, listener, namespace};

const TODAY: Date = Date::new(2027, 1, 31);

fn waiver(id: &'static str, subject: Option<&str>) -> Waiver {
    Waiver {
        id,
        subject: subject.map(str::to_owned),
        reason: "the kernel is changed in spring".to_owned(),
        expires: TODAY,
        place: Place {
            path: "sockdoctor.toml".to_owned(),
            line: Some(7),
        },
    }
}

fn policy(waivers: Vec<Waiver>) -> Policy {
    Policy {
        waivers,
        today: TODAY,
        ..Policy::default()
    }
}

fn judged(facts: &Facts, policy: &Policy) -> Diagnosis {
    diagnose(facts, policy, |_| true)
}

fn result<'a>(diagnosis: &'a Diagnosis, id: &str) -> &'a CheckResult {
    let mut results = diagnosis.results.iter();
    results.find(|result| result.check.id == id).expect(id)
}

fn status(diagnosis: &Diagnosis, id: &str) -> Status {
    result(diagnosis, id).status
}

/// Two namespaces with a low somaxconn and a full queue each.
fn low_and_full() -> Facts {
    let mut facts = healthy();
    let namespaces = ["web", "api"].map(|name| {
        let mut full = listener("0.0.0.0", 80);
        full.accept_queue = 600;
        let mut namespace = namespace(u64::from(name.as_bytes()[0]), name, vec![full]);
        namespace.sysctls.somaxconn = Fact::Known(128);
        namespace
    });
    facts.namespaces = Fact::Known(namespaces.to_vec());
    facts
}

/// ss is blind: tcp_diag does not answer.
fn blind() -> Facts {
    let mut facts = healthy();
    if let Fact::Known(trips) = &mut facts.round_trips {
        for canary in [&mut trips.tcp4, &mut trips.tcp6] {
            if let Fact::Known(canary) = canary {
                canary.sock_diag = None;
                canary.answer = Fact::Known(Answer::Refused {
                    how: Refusal::DoneMessage,
                    errno: Errno::ENOENT,
                });
            }
        }
    }
    if let Fact::Known(run) = &mut facts.ss.tcp {
        run.rows[0].send_q = 0;
    }
    facts
}

#[test]
fn a_waiver_holds_on_its_last_day_and_fails_on_the_next() {
    let mut policy = policy(vec![waiver("somaxconn", None)]);
    let last_day = judged(&low_and_full(), &policy);
    assert_eq!(status(&last_day, "somaxconn"), Status::Waived);
    assert_eq!(status(&last_day, "waivers"), Status::Pass);
    assert_eq!(last_day.waivers, [Standing::Used]);

    policy.today = Date::new(2027, 2, 1);
    let day_after = judged(&low_and_full(), &policy);
    assert_eq!(status(&day_after, "somaxconn"), Status::Warn);
    let waivers = result(&day_after, "waivers");
    assert_eq!(waivers.status, Status::Fail);
    assert_eq!(
        waivers.findings[0].summary,
        "the waiver of somaxconn expired on 2027-01-31"
    );
    assert_eq!(day_after.waivers, [Standing::Expired]);
}

#[test]
fn a_waiver_fails_after_its_day_even_where_all_is_well() {
    let mut policy = policy(vec![waiver("somaxconn", None)]);
    policy.today = Date::new(2028, 1, 1);
    assert_eq!(
        status(&judged(&healthy(), &policy), "waivers"),
        Status::Fail
    );
}

#[test]
fn a_waiver_that_accepts_nothing_warns() {
    for (id, subject) in [("tcp-diag", None), ("somaxconn", Some("db"))] {
        let diagnosis = judged(&low_and_full(), &policy(vec![waiver(id, subject)]));
        assert_eq!(status(&diagnosis, "waivers"), Status::Warn, "{id}");
        assert_eq!(diagnosis.waivers, [Standing::Unused], "{id}");
    }
}

#[test]
fn a_waiver_of_what_could_not_be_decided_is_left_alone_and_accepts_nothing() {
    let mut facts = healthy();
    let gap = Gap::new("round trip", Why::TimedOut { after_ms: 5000 });
    facts.round_trips = Fact::Missing(gap);
    let diagnosis = judged(&facts, &policy(vec![waiver("udp-diag", None)]));
    assert_eq!(status(&diagnosis, "udp-diag"), Status::Unknown);
    assert_eq!(status(&diagnosis, "waivers"), Status::Pass);
    assert_eq!(diagnosis.waivers, [Standing::Open]);
}

#[test]
fn a_waiver_of_a_check_that_does_not_apply_here_is_left_alone() {
    let diagnosis = judged(&healthy(), &policy(vec![waiver("max-syn-backlog", None)]));
    assert_eq!(status(&diagnosis, "max-syn-backlog"), Status::Skipped);
    assert_eq!(status(&diagnosis, "waivers"), Status::Pass);
    assert_eq!(diagnosis.waivers, [Standing::Open]);
}

#[test]
fn a_waiver_of_a_check_that_is_not_among_those_selected_is_left_alone() {
    let policy = policy(vec![waiver("tcp-diag", None)]);
    let diagnosis = diagnose(&healthy(), &policy, |check| check.id != "tcp-diag");
    assert_eq!(status(&diagnosis, "waivers"), Status::Pass);
}

#[test]
fn a_waiver_of_a_namespace_leaves_the_others() {
    let diagnosis = judged(
        &low_and_full(),
        &policy(vec![waiver("somaxconn", Some("web"))]),
    );
    let about: Vec<_> = result(&diagnosis, "somaxconn")
        .findings
        .iter()
        .map(|finding| (finding.status, finding.subject.clone()))
        .collect();
    let only = |label: &str| crate::finding::Subject::Namespaces(vec![label.to_owned()]);
    let expected = [(Status::Warn, only("api")), (Status::Waived, only("web"))];
    assert_eq!(about, expected);
}

#[test]
fn a_waiver_of_one_of_many_namespaces_accepts_its_part_of_what_is_said_of_all() {
    let mut facts = healthy();
    let namespaces = ["web", "api"].map(|name| {
        let listeners = (1..40).map(|port| {
            let mut full = listener("0.0.0.0", port);
            full.accept_queue = 600;
            full
        });
        namespace(u64::from(name.as_bytes()[0]), name, listeners.collect())
    });
    facts.namespaces = Fact::Known(namespaces.to_vec());
    let diagnosis = judged(&facts, &policy(vec![waiver("accept-queue", Some("web"))]));
    let findings = result(&diagnosis, "accept-queue").findings.iter();
    for finding in findings.filter(|finding| finding.status > Status::Unknown) {
        let expected = match &finding.subject {
            Subject::Namespaces(labels) => labels.contains(&"web".to_owned()),
            Subject::Listener { namespace, .. } => namespace == "web",
            _ => false,
        };
        assert_eq!(finding.status == Status::Waived, expected, "{finding:?}");
    }
}

#[test]
fn a_finding_about_namespaces_is_apart_for_the_one_that_is_waived() {
    let labels = ["api", "db", "web"].map(str::to_owned).to_vec();
    let finding = Finding::about(Subject::Namespaces(labels), Status::Warn, "cut");
    let apart =
        policy(vec![waiver("backlog-clamped", Some("web"))]).apart("backlog-clamped", finding);
    let subjects: Vec<_> = apart.into_iter().map(|finding| finding.subject).collect();
    let only =
        |labels: &[&str]| Subject::Namespaces(labels.iter().map(|&l| l.to_owned()).collect());
    assert_eq!(subjects, [only(&["api", "db"]), only(&["web"])]);
}

#[test]
fn a_waiver_without_a_subject_accepts_every_finding_of_its_check() {
    let diagnosis = judged(&low_and_full(), &policy(vec![waiver("accept-queue", None)]));
    let result = result(&diagnosis, "accept-queue");
    let findings = result.findings.iter();
    let waived = findings.filter(|finding| finding.status == Status::Waived);
    assert_eq!((waived.count(), result.status), (2, Status::Waived));
}

#[test]
fn a_listener_is_named_by_its_address_its_namespace_or_both() {
    for (subject, accepted) in [
        ("0.0.0.0:80", 2),
        ("api", 1),
        ("0.0.0.0:80 in api", 1),
        ("0.0.0.0:8", 0),
    ] {
        let policy = policy(vec![waiver("accept-queue", Some(subject))]);
        let diagnosis = judged(&low_and_full(), &policy);
        let findings = result(&diagnosis, "accept-queue").findings.iter();
        let waived = findings.filter(|one| one.status == Status::Waived).count();
        assert_eq!(waived, accepted, "{subject}");
    }
}

#[test]
fn a_waived_finding_keeps_its_words_and_says_why_and_until_when() {
    let policy = policy(vec![waiver("somaxconn", Some("web"))]);
    let finding = |policy| {
        let mut diagnosis = judged(&low_and_full(), policy);
        let result = diagnosis.results.iter_mut();
        let somaxconn = result.filter(|result| result.check.id == "somaxconn");
        let finding = somaxconn.flat_map(|result| result.findings.pop()).next();
        finding.expect("a finding")
    };
    let (before, after) = (finding(&Policy::default()), finding(&policy));
    assert_eq!(after.summary, before.summary);
    let first = |finding: &Finding| finding.remedy.as_ref().map(|it| it.now[0].clone());
    assert_eq!(first(&after), first(&before));
    let expected = Ruling::Waived {
        was: Status::Warn,
        reason: "the kernel is changed in spring".to_owned(),
        expires: TODAY,
    };
    assert_eq!(after.ruling, Some(expected));
}

#[test]
fn a_warning_of_a_fatal_check_is_a_failure() {
    let policy = Policy {
        fatal: ["somaxconn"].into(),
        ..Policy::default()
    };
    let diagnosis = judged(&low_and_full(), &policy);
    let somaxconn = result(&diagnosis, "somaxconn");
    assert_eq!(somaxconn.status, Status::Fail);
    assert_eq!(somaxconn.findings[0].ruling, Some(Ruling::Fatal));
    assert_eq!(
        status(&judged(&healthy(), &policy), "somaxconn"),
        Status::Pass
    );
}

#[test]
fn an_unused_waiver_can_be_fatal() {
    let policy = Policy {
        fatal: ["waivers"].into(),
        ..policy(vec![waiver("tcp-diag", None)])
    };
    assert_eq!(
        status(&judged(&healthy(), &policy), "waivers"),
        Status::Fail
    );
}

#[test]
fn what_follows_from_a_waived_cause_is_waived_with_it() {
    let plain = judged(&blind(), &Policy::default());
    assert_eq!(plain.verdict.tcp.status, Status::Fail);
    assert_eq!(status(&plain, "ss-agrees"), Status::Fail);

    let waived = judged(&blind(), &policy(vec![waiver("tcp-diag", None)]));
    assert_eq!(waived.counts().fail, 0);
    let follow_on = result(&waived, "ss-agrees");
    assert_eq!(follow_on.status, Status::Waived);
    assert_eq!(follow_on.masked_by, Some("tcp-diag"));
    assert_eq!(follow_on.findings[0].unwaived(), Status::Fail);
}

#[test]
fn the_verdict_still_names_a_waived_cause_but_does_not_fail() {
    let waived = judged(&blind(), &policy(vec![waiver("tcp-diag", None)]));
    let tcp = &waived.verdict.tcp;
    assert_eq!((tcp.status, tcp.cause), (Status::Waived, Some("tcp-diag")));
    assert!(
        tcp.summary.starts_with("ss shows Send-Q 0"),
        "{}",
        tcp.summary
    );
    assert_eq!(waived.verdict.unix.status, Status::Pass);
}

#[test]
fn what_another_check_found_is_not_waived_by_the_cause() {
    let mut facts = blind();
    facts.namespaces = low_and_full().namespaces;
    let waived = judged(&facts, &policy(vec![waiver("tcp-diag", None)]));
    assert_eq!(status(&waived, "accept-queue"), Status::Fail);
}
