//! JUnit XML: what CI shows as the result of tests. Each group is a suite, and each check is a
//! case for every subject that it judged.

use super::json::observed_at;
use super::{Report, plain};
use crate::cli::FailOn;
use crate::report::human::words;
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};
use sockdoctor_checks::check::Group;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{Finding, Status, Subject};
use std::collections::BTreeMap;
use std::time::Duration;

/// The report as one XML document. What `fail_on` makes the exit code tell of warnings, the cases
/// tell, too.
pub(crate) fn render(report: &Report<'_>, fail_on: FailOn) -> String {
    let mut document = quick_junit::Report::new(env!("CARGO_PKG_NAME"));
    let micros = report.facts.collection.duration_micros;
    document.set_time(Duration::from_micros(micros));
    for group in Group::ALL {
        let results = report.diagnosis.results.iter();
        let mut results = results
            .filter(|result| result.check.group == group)
            .peekable();
        if results.peek().is_none() {
            continue;
        }
        let mut suite = suite(report, group);
        for result in results {
            suite.add_test_cases(cases(result, fail_on));
        }
        document.add_test_suite(suite);
    }
    // Plain elements into a String: nothing in that can fail.
    document.to_string().expect("the document is plain text")
}

fn suite(report: &Report<'_>, group: Group) -> TestSuite {
    let mut suite = TestSuite::new(group.name());
    let facts = report.facts;
    let mut attribute = |name: &str, value: &str| {
        suite.extra.insert(name.into(), plain::line(value).into());
    };
    attribute("timestamp", &observed_at(facts));
    if let Some(hostname) = facts.machine.hostname.value() {
        attribute("hostname", hostname);
    }
    let kernel = facts.kernel.release.value().map(String::as_str);
    let policy = report.applied.map(|applied| applied.path.as_str());
    for (name, value) in [("kernel", kernel), ("policy", policy)] {
        let value = value.map(plain::line);
        suite.add_properties(value.map(|value| Property::new(name, value)));
    }
    suite
}

/// One case for each subject, by name, so that the next run finds its case again.
fn cases(result: &CheckResult, fail_on: FailOn) -> Vec<TestCase> {
    let mut subjects: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in &result.findings {
        for name in names(result.check.id, &finding.subject) {
            subjects.entry(name).or_default().push(finding);
        }
    }
    let cases = subjects.into_iter();
    cases
        .map(|(name, findings)| case(&name, result, &findings, fail_on))
        .collect()
}

/// What the cases of a finding are called. Without the process: its pid is new every time.
fn names(id: &str, subject: &Subject) -> Vec<String> {
    match subject {
        Subject::Host => vec![id.to_owned()],
        Subject::Namespaces(labels) => {
            let labels = labels.iter();
            labels
                .map(|label| format!("{id} {}", words::place(label)))
                .collect()
        }
        Subject::Kernels(releases) => releases
            .iter()
            .map(|release| format!("{id} Linux {release}"))
            .collect(),
        Subject::Listener {
            address, namespace, ..
        } => vec![format!("{id} {address} {}", words::place(namespace))],
    }
}

/// `findings`: worst first, never empty.
fn case(name: &str, result: &CheckResult, findings: &[&Finding], fail_on: FailOn) -> TestCase {
    let worst = findings[0];
    let lines = findings
        .iter()
        .flat_map(|finding| plain::lines(result, finding));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut case = TestCase::new(plain::line(name), status(worst, &text, fail_on));
    case.set_classname(format!("sockdoctor.{}", result.check.group.name()));
    match worst.status {
        // What of its subject it speaks of; of the rest others may speak that fail.
        Status::Pass => drop(case.set_system_out(summaries(findings))),
        Status::Warn if !fails(worst.status, fail_on) => drop(case.set_system_out(text)),
        _ => {}
    }
    case
}

fn summaries(findings: &[&Finding]) -> String {
    let lines = findings.iter().map(|finding| plain::line(&finding.summary));
    lines.collect::<Vec<_>>().join("\n")
}

fn status(worst: &Finding, text: &str, fail_on: FailOn) -> TestCaseStatus {
    let mut status = match worst.status {
        status if fails(status, fail_on) => {
            let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failure.set_type(if status == Status::Warn {
                "warn"
            } else {
                "fail"
            });
            failure
        }
        Status::Pass | Status::Warn => return TestCaseStatus::success(),
        Status::Skipped | Status::Waived | Status::Unknown | Status::Fail => {
            TestCaseStatus::skipped()
        }
    };
    status.set_message(plain::line(&message(worst)));
    status.set_description(text);
    status
}

/// A failure fails whatever the exit code is to tell; a warning where the exit code tells it.
fn fails(status: Status, fail_on: FailOn) -> bool {
    match status {
        Status::Fail => true,
        Status::Warn => matches!(fail_on, FailOn::Warn | FailOn::Unknown),
        _ => false,
    }
}

fn message(worst: &Finding) -> String {
    let summary = &worst.summary;
    match (worst.status, &worst.ruling) {
        (Status::Unknown, _) => format!("undecided: {summary}"),
        (Status::Waived, Some(ruling)) => format!("{summary} ({})", words::ruling(ruling)),
        _ => summary.clone(),
    }
}
