//! The installed ss prints what is true.

use super::{canary, ss_installed};
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{Fact, Facts, Gap, Queues, SsInstalled, SsRow, SsRun, Topic};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};

/// The installed ss prints what is true.
pub static CHECK: Check = Check {
    id: "ss-agrees",
    title: "The installed ss prints what is true",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("ss_agrees.md"),
    needs: &[
        Topic::SsInstalled,
        Topic::SsTcp,
        Topic::SsUnix,
        Topic::SsEnvironment,
    ],
    masked_by: &[
        "ss-environment",
        "sock-diag-round-trip",
        "inet-diag",
        "tcp-diag",
        "unix-diag",
    ],
    judges: Judges::Machines,
    judge,
};

/// What ss printed about a socket of ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Printed<'a> {
    /// What is true.
    Truth(&'a SsRun),
    /// What is true, and what an ss that is blind prints as well.
    NoProof(&'a SsRun),
    /// Something else.
    Untruth(&'a SsRun, &'a SsRow),
    /// Nothing, though it ran to its end.
    Nothing(&'a SsRun),
    /// It did not run to its end.
    Broken(&'a SsRun),
    /// There is no ss.
    NotInstalled,
    /// It was not run.
    Unknown(&'a Gap),
}

/// Which of the queues a blind ss shows as 0.
pub(super) type Column = fn(Queues) -> Option<u32>;

/// Compares what ss printed in `run` with the truth.
pub(super) fn printed<'a>(facts: &'a Facts, run: &'a Fact<SsRun>, column: Column) -> Printed<'a> {
    if facts.ss.installed.value() == Some(&None) {
        return Printed::NotInstalled;
    }
    let run = match run.known() {
        Ok(run) => run,
        Err(gap) => return Printed::Unknown(gap),
    };
    if run.exit_code != Some(0) {
        return Printed::Broken(run);
    }
    match run.rows.as_slice() {
        [] => Printed::Nothing(run),
        rows if rows.iter().any(|row| agrees(run.truth, row)) => {
            if canary::tells_apart(column(run.truth)) {
                Printed::Truth(run)
            } else {
                Printed::NoProof(run)
            }
        }
        [first, ..] => Printed::Untruth(run, first),
    }
}

/// The ss that was run, by its path.
pub(super) fn program(facts: &Facts) -> &str {
    let installed = facts.ss.installed.value().and_then(Option::as_ref);
    installed.map_or("ss", |ss| &ss.path)
}

/// What to do about an ss that prints something else than the kernel answers. Where the kernel
/// does not answer, this mends nothing.
pub(super) fn remedy(facts: &Facts) -> Remedy {
    let program = program(facts);
    Remedy::run("type -a ss").then_do(format!(
        "see what {program} is: a script, another program, or an ss that the distribution has mended \
         since"
    ))
}

/// Whether the installed ss is known to stop where the kernel refuses.
pub(super) fn stops_at_refusal(facts: &Facts) -> bool {
    let installed = facts.ss.installed.value().and_then(Option::as_ref);
    installed.is_some_and(|ss| ss_installed::stops_at_refusal(ss) == Some(true))
}

fn agrees(truth: Queues, row: &SsRow) -> bool {
    let same =
        |truth: Option<u32>, printed: u64| truth.is_none_or(|truth| u64::from(truth) == printed);
    same(truth.recv, row.recv_q) && same(truth.send, row.send_q)
}

fn judge(view: &View<'_>) -> Vec<Finding> {
    let facts = view.facts;
    if facts.ss.installed.value() == Some(&None) {
        return vec![Finding::host(
            Status::Skipped,
            "ss is not installed (its package is iproute2, or iproute)",
        )];
    }
    vec![
        about(facts, "a TCP listener", &facts.ss.tcp, |queues| queues.send),
        about(facts, "a unix socket", &facts.ss.unix, |queues| queues.recv),
    ]
}

fn about(facts: &Facts, socket: &str, run: &Fact<SsRun>, column: Column) -> Finding {
    let program = program(facts);
    let (run, status, summary) = match printed(facts, run, column) {
        Printed::Truth(run) => {
            let queues = canary::words(run.truth);
            let summary = format!("ss printed {queues} for {socket}, which is true");
            (run, Status::Pass, summary)
        }
        Printed::NoProof(run) => {
            let queues = canary::words(run.truth);
            let summary = format!("ss printed {queues} for {socket}, as a blind ss does as well");
            (run, Status::Unknown, summary)
        }
        Printed::Untruth(run, row) => {
            let (wrong, really) = (wrong(run, row), really(run, row));
            let summary = format!("{program} printed {wrong} for {socket} {really}");
            (run, Status::Fail, summary)
        }
        Printed::Nothing(run) => {
            let summary = format!("{program} printed nothing for {socket} that is there");
            (run, Status::Fail, summary)
        }
        Printed::Broken(run) => {
            let summary = format!("{program} did not run to its end when asked for {socket}");
            (run, Status::Unknown, summary)
        }
        Printed::NotInstalled => return Finding::host(Status::Skipped, "ss is not installed"),
        Printed::Unknown(gap) => {
            let summary = format!("what ss prints for {socket} is not known");
            return Finding::unknown(Subject::Host, summary, gap);
        }
    };
    with_run(facts, run, status, summary)
}

/// `Send-Q 0`: the first column that is wrong.
pub(super) fn wrong(run: &SsRun, row: &SsRow) -> String {
    if recv_is_wrong(run, row) {
        format!("Recv-Q {}", row.recv_q)
    } else {
        format!("Send-Q {}", row.send_q)
    }
}

/// What it should have been.
pub(super) fn really(run: &SsRun, row: &SsRow) -> String {
    let truth = if recv_is_wrong(run, row) {
        run.truth.recv.map(|recv| format!("where {recv} is true"))
    } else {
        run.truth
            .send
            .map(|send| format!("whose backlog is {send}"))
    };
    truth.unwrap_or_default()
}

fn recv_is_wrong(run: &SsRun, row: &SsRow) -> bool {
    run.truth
        .recv
        .is_some_and(|recv| u64::from(recv) != row.recv_q)
}

fn with_run(facts: &Facts, run: &SsRun, status: Status, summary: String) -> Finding {
    let rows: Vec<String> = run
        .rows
        .iter()
        .map(|row| format!("Recv-Q {}, Send-Q {} {}", row.recv_q, row.send_q, row.local))
        .collect();
    let says = match (rows.is_empty(), run.exit_code) {
        (false, _) => shown(&rows),
        (true, Some(code)) => format!("no row, exit code {code}"),
        (true, None) => "no row, ended by a signal".to_owned(),
    };
    let mut finding =
        Finding::host(status, summary).evidence(Evidence::command(run.command.clone(), says));
    if !run.stderr.is_empty() {
        finding = finding.evidence(Evidence::command(
            format!("{} (stderr)", run.command),
            run.stderr.trim().to_owned(),
        ));
    }
    match facts.ss.installed.value() {
        Some(Some(ss)) => finding.evidences(version(ss)),
        _ => finding,
    }
}

/// One row is what ss prints of one socket; others are told as far as they help.
fn shown(rows: &[String]) -> String {
    const SHOWN: usize = 3;
    let more = rows.len().saturating_sub(SHOWN);
    let shown = rows[..rows.len() - more].join("; ");
    match more {
        0 => shown,
        more => format!("{shown}; and {more} more rows"),
    }
}

fn version(ss: &SsInstalled) -> Option<Evidence> {
    let version = ss.version.value()?;
    Some(Evidence::command(
        format!("{} -V", ss.path),
        version.clone(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Why;
    use crate::fixture;
    use crate::path::broken::{edit, judge, judge_one};

    fn tcp(change: impl FnOnce(&mut SsRun)) -> Facts {
        let mut facts = fixture::healthy();
        edit(&mut facts.ss.tcp, change);
        facts
    }

    fn version(name: &str) -> Facts {
        let mut facts = fixture::healthy();
        edit(&mut facts.ss.installed, |installed| {
            let installed = installed.as_mut().expect("ss is installed");
            installed.version = Fact::Known(name.to_owned());
        });
        facts
    }

    #[test]
    fn an_ss_that_prints_without_end_is_not_quoted_without_end() {
        let facts = tcp(|run| {
            run.rows[0].send_q = 0;
            run.rows = vec![run.rows[0].clone(); 2_142];
        });
        let findings = judge(&CHECK, &facts);
        let says = &findings[0].evidence[0].says;
        assert!(says.ends_with("; and 2139 more rows"), "{says}");
        assert!(says.len() < 400, "{says}");
    }

    #[test]
    fn what_is_true_passes() {
        for finding in judge(&CHECK, &fixture::healthy()) {
            assert_eq!(finding.status, Status::Pass, "{finding:#?}");
        }
    }

    #[test]
    fn a_send_q_of_0_for_a_backlog_of_7_fails() {
        let facts = tcp(|run| run.rows[0].send_q = 0);
        let findings = judge(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Fail);
        assert_eq!(
            findings[0].summary,
            "/usr/bin/ss printed Send-Q 0 for a TCP listener whose backlog is 7"
        );
        assert_eq!(findings[1].status, Status::Pass);
    }

    #[test]
    fn a_recv_q_of_0_for_9_unread_bytes_fails() {
        let mut facts = fixture::healthy();
        edit(&mut facts.ss.unix, |run| run.rows[0].recv_q = 0);
        let findings = judge(&CHECK, &facts);
        assert_eq!(findings[1].status, Status::Fail);
        assert!(findings[1].summary.contains("Recv-Q 0"));
        assert!(findings[1].summary.contains("where 9 is true"));
    }

    #[test]
    fn a_row_that_is_missing_fails() {
        let findings = judge(&CHECK, &tcp(|run| run.rows.clear()));
        assert_eq!(findings[0].status, Status::Fail);
        assert!(findings[0].summary.contains("printed nothing"));
    }

    #[test]
    fn a_run_that_failed_is_undecided_and_shows_stderr() {
        let facts = tcp(|run| {
            run.rows.clear();
            run.exit_code = Some(255);
            run.stderr = "ss: invalid option -- 'H'\n".to_owned();
        });
        let findings = judge(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Unknown);
        let says: Vec<&str> = findings[0]
            .evidence
            .iter()
            .map(|e| e.says.as_str())
            .collect();
        assert!(says.contains(&"ss: invalid option -- 'H'"), "{says:?}");
    }

    #[test]
    fn a_run_that_did_not_happen_is_undecided() {
        let mut facts = fixture::healthy();
        facts.ss.tcp = Fact::Missing(Gap::new("ss", Why::TimedOut { after_ms: 2000 }));
        assert_eq!(judge(&CHECK, &facts)[0].status, Status::Unknown);
    }

    #[test]
    fn without_ss_there_is_nothing_to_judge() {
        let mut facts = fixture::healthy();
        facts.ss.installed = Fact::Known(None);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Skipped);
    }

    #[test]
    fn the_version_that_first_fell_back_is_known() {
        assert!(stops_at_refusal(&version("iproute2-ss161212")));
        for newer in ["iproute2-ss170221", "iproute2-ss190107", "iproute2-6.1.0"] {
            assert!(!stops_at_refusal(&version(newer)), "{newer}");
        }
    }
}
