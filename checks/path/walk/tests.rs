//! Where the walks break, and what they say there.

use super::*;
use crate::facts::*;
use crate::finding::Step as RemedyStep;
use crate::fixture;
use crate::path::broken::{self, edit, helper};
use crate::path::handler::Handler;
use crate::path::ss_agrees;
use StepStatus::{Fail, Ok, Skipped, Then, Unknown, Warn};

fn tcp(facts: &Facts) -> Walk {
    verdict(facts).tcp
}

fn unix(facts: &Facts) -> Walk {
    verdict(facts).unix
}

fn run(command: &str) -> RemedyStep {
    RemedyStep::Run(command.to_owned())
}

fn marks(walk: &Walk) -> Vec<(&'static str, StepStatus)> {
    walk.steps
        .iter()
        .map(|step| (step.name, step.status))
        .collect()
}

fn detail<'a>(walk: &'a Walk, name: &str) -> &'a str {
    let step = walk.steps.iter().find(|step| step.name == name);
    &step.expect("that step").detail
}

fn variable(facts: &mut Facts, name: &str) {
    facts.ss.environment = Fact::Known(vec![SsVariable {
        name: name.to_owned(),
        value: String::new(),
    }]);
}

fn with_install_rule() -> Facts {
    let mut facts = broken::without_tcp_diag();
    broken::add_rule(
        &mut facts,
        DiagModule::TcpDiag,
        RuleKind::Install,
        "install tcp_diag /bin/true",
    );
    facts
}

#[test]
fn a_healthy_machine_can_be_believed_and_it_says_why() {
    let walk = tcp(&fixture::healthy());
    assert_eq!(walk.status, Status::Pass);
    assert_eq!(
        walk.summary,
        "Send-Q of TCP listeners can be believed: tcp_diag answered, and a listener of our own \
         with a backlog of 7 was shown as 7."
    );
    assert_eq!(
        marks(&walk),
        [
            ("environment", Ok),
            ("netlink", Ok),
            ("inet_diag", Ok),
            ("tcp_diag", Ok),
            ("canary", Ok),
            ("ss", Ok),
            ("sock_diag", Then)
        ]
    );
    assert_eq!((walk.cause, walk.remedy), (None, None));

    let walk = unix(&fixture::healthy());
    assert_eq!(
        walk.summary,
        "Recv-Q of unix sockets can be believed: unix_diag answered, and a socket of our own \
         with 9 unread bytes was shown with 9."
    );
}

#[test]
fn a_rule_breaks_the_walk_at_tcp_diag() {
    let walk = tcp(&with_install_rule());
    assert_eq!(walk.status, Status::Fail);
    assert_eq!(
        walk.summary,
        "ss shows Send-Q 0 for every TCP listener here: tcp_diag cannot be loaded (`install \
         tcp_diag /bin/true` at /etc/modprobe.d/cis.conf:14), so ss reads /proc/net/tcp, which \
         has no backlog."
    );
    assert_eq!(
        marks(&walk),
        [
            ("environment", Ok),
            ("netlink", Ok),
            ("inet_diag", Ok),
            ("tcp_diag", Fail),
            ("/proc/net/tcp", Then)
        ]
    );
    assert_eq!(
        detail(&walk, "tcp_diag"),
        "ENOENT, `install tcp_diag /bin/true` at /etc/modprobe.d/cis.conf:14"
    );
    assert_eq!(walk.cause, Some("tcp-diag"));
    let remedy = walk.remedy.expect("a remedy");
    assert!(remedy.now.contains(&run("modprobe tcp_diag")));
}

#[test]
fn the_other_walk_does_not_suffer() {
    assert_eq!(unix(&with_install_rule()).status, Status::Pass);
    let facts = broken::without(&[Handler::Unix], |_| Presence::NotShipped);
    assert_eq!(tcp(&facts).status, Status::Pass);
    let walk = unix(&facts);
    assert_eq!(walk.cause, Some("unix-diag"));
    assert_eq!(
        walk.steps.last().map(|step| step.name),
        Some("/proc/net/unix")
    );
    assert!(
        walk.summary
            .contains("so ss reads /proc/net/unix, which has no queues.")
    );
}

#[test]
fn a_variable_keeps_ss_from_every_later_step() {
    let mut facts = fixture::healthy();
    variable(&mut facts, "PROC_NET_TCP");
    let walk = tcp(&facts);
    assert_eq!(walk.cause, Some("ss-environment"));
    assert_eq!(
        marks(&walk),
        [
            ("environment", Fail),
            ("netlink", Skipped),
            ("inet_diag", Skipped),
            ("tcp_diag", Skipped),
            ("file", Then)
        ]
    );
    assert!(
        walk.summary
            .contains("PROC_NET_TCP is set in the environment")
    );
    assert_eq!(unix(&facts).status, Status::Pass);

    variable(&mut facts, "PROC_ROOT");
    assert_eq!(unix(&facts).cause, Some("ss-environment"));
}

#[test]
fn a_socket_that_does_not_open_breaks_both_walks() {
    let mut facts = fixture::healthy();
    broken::no_socket(&mut facts, Errno::EPROTONOSUPPORT);
    facts.machine.sandbox = Fact::Known(Sandbox::Gvisor {
        evidence: "/proc/version".to_owned(),
    });
    for walk in [tcp(&facts), unix(&facts)] {
        assert_eq!(walk.cause, Some("sock-diag-round-trip"));
        assert!(walk.summary.contains("gVisor has no sock_diag"));
        assert_eq!(
            detail(&walk, "netlink"),
            "EPROTONOSUPPORT, gVisor has no sock_diag"
        );
    }
}

#[test]
fn where_proc_net_shows_another_queue_than_is_true_it_is_not_called_right() {
    let mut facts = fixture::healthy();
    broken::no_socket(&mut facts, Errno::EPROTONOSUPPORT);
    edit(&mut facts.round_trips, |trips| {
        edit(&mut trips.tcp4, |canary| {
            let nothing = Some(0);
            canary.proc_net = Fact::Known(Some(Queues {
                recv: nothing,
                send: nothing,
            }));
        });
    });
    let walk = tcp(&facts);
    assert!(walk.summary.contains("is wrong about Recv-Q too"));
    assert!(!detail(&walk, "/proc/net/tcp").contains("Recv-Q right"));
}

#[test]
fn with_inet_diag_gone_both_modules_are_mended() {
    let mut facts = broken::without(&[Handler::Inet], |_| Presence::NotShipped);
    broken::set_presence(&mut facts, DiagModule::TcpDiag, Presence::NotShipped);
    edit(&mut facts.loaded_after, Vec::clear);
    let walk = tcp(&facts);
    assert_eq!(walk.cause, Some("inet-diag"));
    assert_eq!(
        marks(&walk)[2..],
        [
            ("inet_diag", Fail),
            ("tcp_diag", Skipped),
            ("/proc/net/tcp", Then)
        ]
    );
    let now = walk.remedy.expect("a remedy").now;
    assert_eq!(
        now.iter()
            .filter(|step| step.text().starts_with("install"))
            .count(),
        1
    );
    assert!(now.contains(&run("modprobe inet_diag")), "{now:?}");
    assert!(now.contains(&run("modprobe tcp_diag")), "{now:?}");
}

#[test]
fn a_fault_of_every_module_is_named_after_its_own_check() {
    let mut facts = broken::without_tcp_diag();
    helper(&mut facts, "", Runnable::Empty);
    let walk = tcp(&facts);
    assert_eq!(walk.cause, Some("module-autoload"));
    assert!(walk.summary.contains("kernel.modprobe is empty"));
}

#[test]
fn an_old_ss_shows_no_sockets_at_all() {
    let mut facts = with_install_rule();
    edit(&mut facts.ss.installed, |installed| {
        let installed = installed.as_mut().expect("ss is installed");
        installed.version = Fact::Known("iproute2-ss161212".to_owned());
    });
    let walk = tcp(&facts);
    assert!(detail(&walk, "nothing").contains("no sockets"));
    assert!(
        walk.summary.starts_with("ss shows no socket"),
        "{}",
        walk.summary
    );

    broken::no_socket(&mut facts, Errno::EPERM);
    assert!(detail(&tcp(&facts), "/proc/net/tcp").contains("Send-Q always 0"));
}

/// `listeners` asks no ss for its version.
#[test]
fn an_ss_that_printed_nothing_at_a_refusal_is_an_old_one() {
    let mut facts = with_install_rule();
    facts.ss.installed = facts.ss.installed.map(|installed| {
        installed.map(|ss| SsInstalled {
            version: Fact::Missing(Gap::not_collected("its version", "a test")),
            ..ss
        })
    });
    edit(&mut facts.ss.tcp, |run| run.rows.clear());
    assert_eq!(tcp(&facts).shown, Shown::Nothing);
}

#[test]
fn a_proc_file_that_was_seen_to_be_wrong_is_not_called_right() {
    let mut facts = fixture::healthy();
    broken::no_socket(&mut facts, Errno::EPROTONOSUPPORT);
    edit(&mut facts.round_trips, |trips| {
        edit(&mut trips.tcp4, |canary| {
            canary.proc_net = Fact::Known(Some(Queues {
                recv: Some(0),
                send: Some(0),
            }));
        });
    });
    assert_eq!(
        detail(&tcp(&facts), "/proc/net/tcp"),
        "prints `Cannot open netlink socket`, then: Recv-Q 0, Send-Q 0 of a socket with Recv-Q 1, \
         Send-Q 7"
    );
}

#[test]
fn a_module_that_hangs_from_one_that_was_not_asked_is_the_nearer_doubt() {
    let mut facts = fixture::healthy();
    facts.collection.passive = true;
    let module = DiagModule::TcpDiag;
    broken::set_presence(&mut facts, module, broken::shipped(module));
    let gap = Gap::not_collected("round trip", "--passive");
    broken::do_not_ask(&mut facts, Handler::Inet, &gap);
    broken::do_not_ask(&mut facts, Handler::Tcp, &gap);
    let walk = tcp(&facts);
    assert!(
        walk.summary.contains("tcp_diag can be loaded"),
        "{}",
        walk.summary
    );
}

#[test]
fn what_ss_was_seen_to_print_is_said_where_it_falls_back() {
    let mut facts = with_install_rule();
    edit(&mut facts.ss.tcp, |run| run.rows[0].send_q = 0);
    assert_eq!(
        detail(&tcp(&facts), "/proc/net/tcp"),
        "Recv-Q right, Send-Q always 0 (ss printed Send-Q 0 for a socket whose backlog is 7)"
    );
}

#[test]
fn a_kernel_that_does_not_tell_the_truth_cannot_be_believed() {
    let mut facts = fixture::healthy();
    edit(&mut facts.round_trips, |trips| {
        edit(&mut trips.tcp6, |canary| canary.sock_diag = None);
    });
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Fail);
    assert_eq!(walk.cause, Some("sock-diag-round-trip"));
    assert!(
        walk.summary
            .starts_with("Send-Q of TCP listeners cannot be believed")
    );
}

#[test]
fn an_ss_that_contradicts_the_kernel_cannot_be_believed() {
    let mut facts = fixture::healthy();
    edit(&mut facts.ss.tcp, |run| run.rows[0].send_q = 0);
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Fail);
    assert_eq!(walk.cause, Some("ss-agrees"));
}

#[test]
fn an_ss_that_was_not_run_changes_nothing() {
    let mut facts = fixture::healthy();
    facts.ss.tcp = Fact::Missing(Gap::not_collected("ss", "--passive"));
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Pass);
    assert!(marks(&walk).contains(&("ss", Unknown)));
}

#[test]
fn an_ss_that_could_not_be_asked_is_not_believed() {
    let mut facts = fixture::healthy();
    facts.ss.tcp = Fact::Missing(Gap::malformed("/opt/bin/ss -tn", "printed `nothing`"));
    let walk = tcp(&facts);
    assert_eq!((walk.status, walk.shown), (Status::Unknown, Shown::Unknown));
    assert!(detail(&walk, "ss").contains("printed `nothing`"));
    let mut facts = fixture::healthy();
    edit(&mut facts.ss.tcp, |run| run.exit_code = None);
    assert_eq!(tcp(&facts).status, Status::Unknown);
}

#[test]
fn what_holds_only_until_a_reboot_is_said() {
    let mut facts = fixture::healthy();
    let text = "blacklist tcp_diag";
    broken::add_rule(&mut facts, DiagModule::TcpDiag, RuleKind::Blacklist, text);
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Warn);
    assert!(marks(&walk).contains(&("tcp_diag", Warn)));
    assert!(
        walk.summary.contains("can be believed now"),
        "{}",
        walk.summary
    );
    assert!(walk.summary.contains(text), "{}", walk.summary);
    assert_eq!(walk.cause, Some("tcp-diag"));
    assert!(walk.remedy.is_some());
}

#[test]
fn what_was_denied_says_who_is_let_in() {
    let mut facts = fixture::healthy();
    let needs = "root".to_owned();
    let gap = Gap::new("round trip", Why::Denied { needs });
    facts.round_trips = Fact::Missing(gap);
    assert_eq!(
        tcp(&facts).summary,
        "Whether Send-Q of TCP listeners can be believed is not known: round trip: denied, needs root. \
         To know, run sockdoctor again as root."
    );
}

#[test]
fn a_passive_run_says_what_would_decide_it() {
    let mut facts = fixture::healthy();
    facts.collection.passive = true;
    let module = DiagModule::TcpDiag;
    broken::set_presence(&mut facts, module, broken::shipped(module));
    let gap = Gap::not_collected("TCP round trip", "--passive");
    broken::do_not_ask(&mut facts, Handler::Tcp, &gap);
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Unknown);
    assert_eq!(
        walk.summary,
        "Whether Send-Q of TCP listeners can be believed is not known: tcp_diag can be loaded \
         and was not asked. To know, run sockdoctor without --passive."
    );
    assert!(marks(&walk).contains(&("tcp_diag", Unknown)));
    assert!(walk.steps.iter().all(|step| step.status != Then));
}

#[test]
fn a_fault_outweighs_a_doubt() {
    let mut facts = with_install_rule();
    facts.ss.environment = Fact::Missing(Gap::not_collected("environment", "--only"));
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Fail);
    assert_eq!(walk.cause, Some("tcp-diag"));
}

#[test]
fn a_doubt_about_any_step_forbids_a_pass() {
    let timed_out = || Gap::new("probe", Why::TimedOut { after_ms: 5000 });
    let mut no_environment = fixture::healthy();
    no_environment.ss.environment = Fact::Missing(timed_out());
    let mut no_round_trips = fixture::healthy();
    no_round_trips.round_trips = Fact::Missing(timed_out());
    let mut no_queues = fixture::healthy();
    edit(&mut no_queues.round_trips, |trips| {
        edit(&mut trips.tcp4, |canary| {
            canary.sock_diag = Some(Queues {
                recv: None,
                send: None,
            });
        });
    });
    for facts in [no_environment, no_round_trips, no_queues] {
        let walk = tcp(&facts);
        assert_eq!(walk.status, Status::Unknown, "{walk:#?}");
    }
}

#[test]
fn a_send_q_that_was_not_compared_is_not_believed() {
    let mut facts = fixture::healthy();
    edit(&mut facts.round_trips, |trips| {
        edit(&mut trips.tcp4, |canary| canary.truth.send = None);
        edit(&mut trips.tcp6, |canary| canary.truth.send = None);
    });
    assert_eq!(tcp(&facts).status, Status::Unknown);
}

#[test]
fn a_machine_without_ipv6_can_be_believed() {
    let mut facts = fixture::healthy();
    edit(&mut facts.round_trips, |trips| {
        let why = Why::Unsupported("no tcp6".to_owned());
        trips.tcp6 = Fact::Missing(Gap::new("IPv6 socket", why));
    });
    assert_eq!(tcp(&facts).status, Status::Pass);
}

#[test]
fn what_ss_shows_in_the_end_is_what_the_walk_came_to() {
    assert_eq!(tcp(&fixture::healthy()).shown, Shown::Truth);
    assert_eq!(tcp(&broken::without_tcp_diag()).shown, Shown::ProcNet);
    assert_eq!(unix(&broken::without_tcp_diag()).shown, Shown::Truth);
    assert_eq!(tcp(&fixture::blank()).shown, Shown::Unknown);
    let mut elsewhere = fixture::healthy();
    variable(&mut elsewhere, "PROC_ROOT");
    assert_eq!(tcp(&elsewhere).shown, Shown::Unknown);
}

/// net.core.somaxconn is 0: so is the backlog of every socket that listens now.
#[test]
fn a_backlog_of_0_proves_nothing() {
    let mut facts = fixture::healthy();
    edit(&mut facts.round_trips, |trips| {
        for canary in [&mut trips.tcp4, &mut trips.tcp6] {
            edit(canary, |canary| {
                canary.truth.send = Some(0);
                canary.sock_diag = Some(canary.truth);
            });
        }
    });
    edit(&mut facts.ss.tcp, |run| {
        run.truth.send = Some(0);
        run.rows[0].send_q = 0;
    });
    let walk = tcp(&facts);
    assert_eq!(walk.status, Status::Unknown);
    assert!(walk.summary.contains("a blind source shows 0 as well"));
    assert_eq!(walk.shown, Shown::Unknown);
    let finding = broken::judge(&ss_agrees::CHECK, &facts).remove(0);
    assert_eq!(finding.status, Status::Unknown);
}
