//! The layout, from diagnoses made by hand: what the checks say is tested with them.

use super::*;
use crate::exit::Exit;
use crate::report::escape::Charset;
use crate::report::page::plain;
use proptest::prelude::*;
use sockdoctor_checks::CATALOGUE;
use sockdoctor_checks::check::{Check, Judges};
use sockdoctor_checks::diagnosis::Diagnosis;
use sockdoctor_checks::facts::{DiagModule, Errno, Fact, Facts, Gap, Sandbox, Why};
use sockdoctor_checks::finding::{self, Evidence, Finding, Remedy, Subject};
use sockdoctor_checks::fixture::healthy;
use sockdoctor_checks::verdict::{Shown, Step, StepStatus, Verdict, Walk};

/// A check's result with these findings, worst first.
fn result(id: &str, findings: Vec<Finding>) -> CheckResult {
    CheckResult {
        check: sockdoctor_checks::find(id).expect("a check"),
        status: findings[0].status,
        findings,
        masked_by: None,
    }
}

/// Whether a check judges machines without being given more.
fn judges_machines(check: &Check) -> bool {
    let more = [Judges::Images, Judges::Promises, Judges::Waivers];
    !more.contains(&check.judges)
}

/// All checks pass, but for these.
fn diagnosis(verdict: Verdict, mut results: Vec<CheckResult>) -> Diagnosis {
    for check in CATALOGUE.iter().filter(|check| judges_machines(check)) {
        if !results.iter().any(|result| result.check.id == check.id) {
            let pass = Finding::host(Status::Pass, format!("all is well with {}", check.id));
            results.push(result(check.id, vec![pass]));
        }
    }
    let place = |id| CATALOGUE.iter().position(|check| check.id == id);
    results.sort_by_key(|result| place(result.check.id));
    Diagnosis {
        verdict,
        results,
        waivers: Vec::new(),
    }
}

fn step(name: &'static str, status: StepStatus, detail: &str) -> Step {
    Step {
        name,
        status,
        detail: detail.to_owned(),
    }
}

fn sound(command: &'static str, summary: &str) -> Walk {
    Walk {
        status: Status::Pass,
        summary: summary.to_owned(),
        command,
        steps: vec![
            step(
                "netlink",
                StepStatus::Ok,
                "socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG)",
            ),
            step(
                "canary",
                StepStatus::Ok,
                "127.0.0.1:40123, listen(fd, 7): Send-Q 7",
            ),
        ],
        cause: None,
        remedy: None,
        truth: Vec::new(),
        shown: Shown::Truth,
    }
}

fn all_sound() -> Verdict {
    Verdict {
        tcp: sound(
            "ss -lt",
            "Send-Q of TCP listeners can be believed: sock_diag told the truth about a listener of our own.",
        ),
        unix: sound(
            "ss -x",
            "The queues of unix sockets can be believed: sock_diag told the truth about a stream of our own.",
        ),
    }
}

/// The example of the design: tcp_diag cannot be loaded.
fn no_tcp_diag() -> Walk {
    Walk {
        status: Status::Fail,
        summary: "ss shows Send-Q 0 for every TCP listener here: tcp_diag cannot be loaded, so ss reads /proc/net/tcp, which has no backlog.".to_owned(),
        command: "ss -lt",
        steps: vec![
            step("environment", StepStatus::Ok, "no PROC_ROOT, PROC_NET_TCP, TCPDIAG_FILE"),
            step("netlink", StepStatus::Ok, "socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG)"),
            step("inet_diag", StepStatus::Ok, "loaded (by this run: it was not loaded before)"),
            step("tcp_diag", StepStatus::Fail, "ENOENT · `install tcp_diag /bin/true` at /etc/modprobe.d/cis.conf:14"),
            step("/proc/net/tcp", StepStatus::Then, "Recv-Q right, Send-Q always 0"),
        ],
        cause: Some("tcp-diag"),
        remedy: Some(
            Remedy::by_hand("delete that line, then: modprobe tcp_diag")
                .keep(finding::Step::Run(
                    "echo tcp_diag > /etc/modules-load.d/sock_diag.conf".to_owned(),
                )),
        ),
        truth: vec![
            "0.0.0.0:12345  accept queue 0 of 77   (read from the socket itself)".to_owned(),
        ],
        shown: Shown::ProcNet,
    }
}

fn broken() -> Diagnosis {
    let verdict = Verdict {
        tcp: no_tcp_diag(),
        ..all_sound()
    };
    let tcp = Finding::host(Status::Fail, "tcp_diag cannot be loaded");
    let mut agrees = result(
        "ss-agrees",
        vec![Finding::host(Status::Fail, "ss is wrong")],
    );
    agrees.masked_by = Some("tcp-diag");
    let mut udp = result("udp-diag", vec![Finding::host(Status::Warn, "no udp_diag")]);
    udp.masked_by = Some("tcp-diag");
    let results = vec![
        result("tcp-diag", vec![tcp]),
        agrees,
        udp,
        low_somaxconn(),
        full_queues(2),
    ];
    diagnosis(verdict, results)
}

fn low_somaxconn() -> CheckResult {
    let labels = (1..=40).map(|number| format!("web-{number}")).collect();
    let finding = Finding::about(
        Subject::Namespaces(labels),
        Status::Warn,
        "net.core.somaxconn is 128 here and 4096 on the host: listeners cannot have a longer accept queue than that",
    )
    .evidence(Evidence::sysctl("net.core.somaxconn", Some("web-1"), 128))
    .evidence(Evidence::file("/etc/sysctl.d/90-net.conf", Some(3), "net.core.somaxconn = 4096"))
    .remedy(
        Remedy::run("ip netns exec web-1 sysctl -w net.core.somaxconn=4096")
            .then_do("start the listeners there again, because a backlog is fixed when listen() is called")
            .keep_do("set it where the namespace is made: a new one starts at the kernel's default"),
    );
    result("somaxconn", vec![finding])
}

fn full_queues(number: u16) -> CheckResult {
    let full = |port: u16| {
        let subject = Subject::Listener {
            address: format!("0.0.0.0:{port}"),
            namespace: "host".to_owned(),
            owner: Some("nginx (812)".to_owned()),
        };
        Finding::about(
            subject,
            Status::Fail,
            "the accept queue is full: 129 connections wait, and the backlog is 128",
        )
        .evidence(Evidence::call(
            "dump LISTEN, AF_INET, IPPROTO_TCP",
            None,
            "Recv-Q 129, Send-Q 128",
        ))
        .evidence(Evidence::counter("ListenOverflows", "host", Some(2000), 31))
        .remedy(Remedy::by_hand(
            "look at why nginx (812) does not call accept()",
        ))
    };
    result(
        "accept-queue",
        (0..number).map(|port| full(8000 + port)).collect(),
    )
}

fn undecided() -> Diagnosis {
    let gap = Gap::new(
        "network namespaces of other users",
        Why::Denied {
            needs: "root".to_owned(),
        },
    );
    let unknown = |id| {
        let subject = Subject::Namespaces(vec!["net:[4026532201]".to_owned()]);
        result(
            id,
            vec![Finding::unknown(
                subject,
                "the listeners could not be read",
                &gap,
            )],
        )
    };
    let alone = Gap::new("/etc/sysctl.d", Why::Failed(Errno::EACCES));
    let alone = Finding::unknown(
        Subject::Host,
        "what the next boot sets is not known",
        &alone,
    );
    let results = vec![
        unknown("accept-queue"),
        unknown("backlog-clamped"),
        unknown("listen-drops"),
        result("sysctl-drift", vec![alone]),
    ];
    diagnosis(all_sound(), results)
}

fn text(facts: &Facts, diagnosis: &Diagnosis, look: Look, detail: Detail) -> String {
    let report = Report {
        facts,
        others: &[],
        diagnosis,
        exit: Exit::of(diagnosis, crate::cli::FailOn::Fail),
        applied: None,
        recorded: false,
    };
    render(&report, look, detail)
}

fn at(width: usize, diagnosis: &Diagnosis, detail: Detail) -> String {
    text(
        &healthy(),
        diagnosis,
        plain(width, Charset::Unicode),
        detail,
    )
}

#[test]
fn a_broken_machine_at_80_columns() {
    insta::assert_snapshot!(at(80, &broken(), Detail::Normal));
}

#[test]
fn a_broken_machine_at_60_columns() {
    insta::assert_snapshot!(at(60, &broken(), Detail::Normal));
}

#[test]
fn a_broken_machine_at_120_columns() {
    insta::assert_snapshot!(at(120, &broken(), Detail::Normal));
}

#[test]
fn a_broken_machine_in_ascii() {
    let look = plain(80, Charset::Ascii);
    insta::assert_snapshot!(text(&healthy(), &broken(), look, Detail::Normal));
}

#[test]
fn a_broken_machine_told_quietly() {
    insta::assert_snapshot!(at(80, &broken(), Detail::Quiet));
}

#[test]
fn a_broken_machine_told_in_full() {
    insta::assert_snapshot!(at(80, &broken(), Detail::Verbose));
}

#[test]
fn a_healthy_machine() {
    insta::assert_snapshot!(at(80, &diagnosis(all_sound(), Vec::new()), Detail::Normal));
}

#[test]
fn undecided_checks_share_their_reason() {
    insta::assert_snapshot!(at(80, &undecided(), Detail::Normal));
}

#[test]
fn each_undecided_check_is_named_once_with_all_that_it_lacks() {
    let unseen = |needs: &str| {
        let needs = needs.to_owned();
        Gap::new("other network namespaces", Why::Denied { needs })
    };
    let unknown = |id, needs: &[&str]| {
        let gaps = needs.iter().map(|needs| unseen(needs));
        let finding = |gap| Finding::unknown(Subject::Host, "not seen", &gap);
        result(id, gaps.map(finding).collect())
    };
    let results = vec![
        unknown("accept-queue", &["root", "CAP_SYS_ADMIN"]),
        unknown("listen-drops", &["root", "CAP_SYS_ADMIN"]),
        unknown("somaxconn", &["root"]),
        unknown("syncookies", &["root"]),
    ];
    insta::assert_snapshot!(at(80, &diagnosis(all_sound(), results), Detail::Normal));
}

#[test]
fn one_cause_for_both_walks_is_told_once() {
    let walk = |command, summary: &str| Walk {
        summary: summary.to_owned(),
        command,
        cause: Some("sock-diag-round-trip"),
        ..no_tcp_diag()
    };
    let verdict = Verdict {
        tcp: walk(
            "ss -lt",
            "ss shows Send-Q 0 for every TCP listener here: there is no sock_diag.",
        ),
        unix: walk(
            "ss -x",
            "ss shows both queues of every unix socket as 0: there is no sock_diag.",
        ),
    };
    let text = at(80, &diagnosis(verdict, Vec::new()), Detail::Normal);
    assert_eq!(text.matches("ss -lt\n").count(), 1, "{text}");
    assert_eq!(text.matches("ss -x\n").count(), 0, "{text}");
    assert_eq!(text.matches("keep").count(), 1, "{text}");
}

#[test]
fn a_quiet_report_tells_what_its_exit_code_is_about() {
    let low = Finding::host(Status::Warn, "somaxconn is low");
    let diagnosis = diagnosis(all_sound(), vec![result("somaxconn", vec![low])]);
    let quiet = |fail_on| {
        let report = Report {
            facts: &healthy(),
            others: &[],
            diagnosis: &diagnosis,
            exit: Exit::of(&diagnosis, fail_on),
            applied: None,
            recorded: false,
        };
        render(&report, plain(80, Charset::Ascii), Detail::Quiet)
    };
    assert!(quiet(crate::cli::FailOn::Warn).contains("WARN  somaxconn: somaxconn is low"));
    assert!(!quiet(crate::cli::FailOn::Fail).contains("WARN"));
}

#[test]
fn what_did_not_grow_is_told_to_who_took_a_sample() {
    let counter = |total| Evidence::counter("ListenOverflows", "host", None, total);
    let pass = |total| {
        let text = "history only: no growth within 2.0 s";
        Finding::host(Status::Pass, text).evidence(counter(total))
    };
    let of = |total, sample_ms| {
        let overflows = result("listen-overflows", vec![pass(total)]);
        let diagnosis = diagnosis(all_sound(), vec![overflows]);
        let mut facts = healthy();
        facts.collection.sample_ms = sample_ms;
        let look = plain(80, Charset::Ascii);
        text(&facts, &diagnosis, look, Detail::Normal).contains("PASS  listen-overflows")
    };
    assert!(of(56, Some(2_000)));
    assert!(!of(0, Some(2_000)), "nothing ever happened");
    assert!(!of(56, None), "nobody took a sample");
}

#[test]
fn a_long_list_is_cut_and_verbose_shows_it() {
    let many = diagnosis(all_sound(), vec![full_queues(40)]);
    let normal = at(80, &many, Detail::Normal);
    assert_eq!(normal.matches("FAIL  accept-queue").count(), 5, "{normal}");
    assert!(normal.contains("and 35 more listeners"), "{normal}");
    let verbose = at(80, &many, Detail::Verbose);
    assert_eq!(verbose.matches("FAIL  accept-queue").count(), 40);
}

#[test]
fn a_follow_on_is_folded_under_the_root_of_its_root() {
    let mut tcp = result("tcp-diag", vec![Finding::host(Status::Fail, "gone")]);
    tcp.masked_by = Some("inet-diag");
    let mut agrees = result("ss-agrees", vec![Finding::host(Status::Fail, "wrong")]);
    agrees.masked_by = Some("tcp-diag");
    let inet = result("inet-diag", vec![Finding::host(Status::Fail, "not there")]);
    let text = at(
        80,
        &diagnosis(all_sound(), vec![inet, tcp, agrees]),
        Detail::Normal,
    );
    assert!(
        text.contains("tcp-diag and ss-agrees follow from inet-diag"),
        "{text}"
    );
    assert_eq!(text.matches("FAIL").count(), 1, "{text}");
}

#[test]
fn without_path_checks_there_is_no_verdict() {
    let mut queues = broken();
    queues
        .results
        .retain(|result| result.check.group == Group::Queues);
    assert!(!at(80, &queues, Detail::Normal).contains("ss -lt"));
}

#[test]
fn the_place_and_the_change_are_said() {
    let mut facts = healthy();
    facts.machine.effective_uid = 65534;
    facts.machine.sandbox = Fact::Known(Sandbox::Container {
        runtime: "docker".to_owned(),
        evidence: "/.dockerenv".to_owned(),
    });
    if let Fact::Known(before) = &mut facts.loaded_before {
        before.retain(|module| *module != DiagModule::UdpDiag);
    }
    let look = plain(80, Charset::Unicode);
    let text = text(
        &facts,
        &diagnosis(all_sound(), Vec::new()),
        look,
        Detail::Normal,
    );
    assert!(
        text.contains("in a docker container · as uid 65534"),
        "{text}"
    );
    assert!(
        text.contains("The kernel loaded udp_diag because"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_name_controls_the_terminal(hostile in any::<String>(), width in 40usize..120) {
        let mut facts = healthy();
        facts.machine.hostname = Fact::Known(hostile.clone());
        let subject = Subject::Listener {
            address: hostile.clone(),
            namespace: hostile.clone(),
            owner: Some(hostile.clone()),
        };
        let finding = Finding::about(subject, Status::Warn, hostile.clone())
            .evidence(Evidence::file(hostile.clone(), None, hostile.clone()))
            .remedy(Remedy::run(hostile.clone()).keep_do(hostile.clone()));
        let mut walk = no_tcp_diag();
        walk.summary = hostile.clone();
        walk.steps[0].detail = hostile.clone();
        walk.truth = vec![hostile];
        let verdict = Verdict { tcp: walk, ..all_sound() };
        let diagnosis = diagnosis(verdict, vec![result("accept-queue", vec![finding])]);
        for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
            let text = text(&facts, &diagnosis, plain(width, Charset::Unicode), detail);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
