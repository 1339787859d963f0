//! Every way to lose tcp_diag, and what is said of it.

use super::*;
use crate::facts::*;
use crate::finding::{Evidence, Step};
use crate::fixture;
use crate::path::broken::{self, edit, helper, judge_one, remedy_text};

const TCP: DiagModule = DiagModule::TcpDiag;

fn absent(presence: Presence) -> Facts {
    broken::without(&[Handler::Tcp], move |_| presence.clone())
}

fn with_rule(kind: RuleKind, text: &str) -> Facts {
    let mut facts = broken::without_tcp_diag();
    broken::add_rule(&mut facts, TCP, kind, text);
    facts
}

fn file() -> String {
    "/lib/modules/6.1.0-50-cloud-amd64/kernel/net/ipv4/tcp_diag.ko".to_owned()
}

fn delete(text: &str) -> Step {
    Step::Do(format!(
        "delete `{text}` from /etc/modprobe.d/cis.conf (line 14)"
    ))
}

/// It fails, the summary names the cause, and the remedy holds each of `mends` and no `not`.
fn assert_blames(facts: &Facts, cause: &str, mends: &[&str], not: &str) {
    let finding = judge_one(&CHECK, facts);
    assert_eq!(finding.status, Status::Fail, "{finding:#?}");
    assert!(finding.summary.contains(cause), "{}", finding.summary);
    let remedy = remedy_text(&finding);
    for mend in mends {
        assert!(remedy.contains(mend), "{mend} is not in {remedy}");
    }
    assert!(not.is_empty() || !remedy.contains(not), "{not} in {remedy}");
}

#[test]
fn an_answer_passes() {
    let finding = judge_one(&CHECK, &fixture::healthy());
    assert_eq!(finding.status, Status::Pass);
    assert_eq!(finding.summary, "tcp_diag answered (loaded)");
}

#[test]
fn an_answer_that_this_run_loaded_says_so() {
    let mut facts = fixture::healthy();
    broken::load_by_asking(&mut facts, TCP);
    let finding = judge_one(&CHECK, &facts);
    assert_eq!(finding.status, Status::Pass);
    assert!(finding.summary.contains("loaded by this run"));
}

#[test]
fn an_install_rule_is_named_with_its_line_and_must_go() {
    let facts = with_rule(RuleKind::Install, "install tcp_diag /bin/true");
    let finding = judge_one(&CHECK, &facts);
    assert_eq!(
        finding.summary,
        "tcp_diag cannot be loaded (`install tcp_diag /bin/true` at /etc/modprobe.d/cis.conf:14), \
         so ss shows Send-Q 0 for every TCP listener"
    );
    let remedy = finding.remedy.expect("a remedy");
    assert_eq!(
        remedy.now,
        [
            delete("install tcp_diag /bin/true"),
            Step::Run("modprobe tcp_diag".to_owned())
        ]
    );
    assert_eq!(
        remedy.keep,
        [Step::Write(
            "echo tcp_diag >> /etc/modules-load.d/sock_diag.conf".to_owned()
        )]
    );
}

#[test]
fn a_blacklist_leaves_modprobe_but_outlives_modules_load_d() {
    let facts = with_rule(RuleKind::Blacklist, "blacklist tcp_diag");
    let finding = judge_one(&CHECK, &facts);
    assert!(finding.summary.contains("on demand (`blacklist tcp_diag`"));
    let remedy = finding.remedy.expect("a remedy");
    assert_eq!(remedy.now, [Step::Run("modprobe tcp_diag".to_owned())]);
    assert_eq!(remedy.keep, [delete("blacklist tcp_diag")]);
}

#[test]
fn an_alias_that_is_off_does_not_stop_a_load_by_name() {
    let text = "alias net-pf-16-proto-4-type-2-6 off";
    let facts = with_rule(RuleKind::Alias, text);
    assert_blames(&facts, text, &["modprobe tcp_diag", "modules-load.d"], "");
}

#[test]
fn the_command_line_can_stop_it_in_two_ways() {
    let text = "modprobe.blacklist=tcp_diag";
    let facts = with_rule(RuleKind::CommandLineBlacklist, text);
    let cause = "`modprobe.blacklist=tcp_diag` on the kernel command line";
    assert_blames(&facts, cause, &["modprobe tcp_diag", "take `"], "reboot");

    let facts = with_rule(RuleKind::KernelBlacklist, "module_blacklist=tcp_diag");
    let cause = "`module_blacklist=tcp_diag` on the kernel command line";
    assert_blames(&facts, cause, &["reboot"], "modprobe tcp_diag");
}

#[test]
fn a_module_that_is_not_shipped_comes_with_a_package() {
    let facts = absent(Presence::NotShipped);
    let package = "linux-modules-extra-6.1.0-50-cloud-amd64";
    assert_blames(&facts, "not among the modules", &[package], "");
}

#[test]
fn a_file_that_is_gone_is_named() {
    let facts = absent(Presence::FileGone { file: file() });
    assert_blames(&facts, &format!("{} is gone", file()), &["install"], "");
}

#[test]
fn a_module_without_index_needs_depmod() {
    let facts = absent(Presence::NotIndexed {
        file: file(),
        index: "/lib/modules/6.1.0-50-cloud-amd64/modules.alias.bin".to_owned(),
    });
    let mends = ["depmod -a", "modprobe tcp_diag"];
    assert_blames(&facts, "modules.alias.bin does not lead", &mends, "");
}

#[test]
fn a_module_for_another_kernel_says_why_it_does_not_fit() {
    let facts = absent(Presence::Unloadable {
        file: file(),
        why: "was built for 6.1.0-49".to_owned(),
        errno: Some(Errno::ENOEXEC),
    });
    let cause = format!("{} was built for 6.1.0-49", file());
    assert_blames(&facts, &cause, &["reinstall", &file()], "");
}

fn logged(text: &str) -> Facts {
    let mut facts = broken::without_tcp_diag();
    broken::set_presence(&mut facts, TCP, Presence::Shipped { file: file() });
    facts.kernel_log = Fact::Known(vec![LogLine {
        micros_since_boot: 5_140_900,
        text: text.to_owned(),
    }]);
    facts
}

#[test]
fn the_kernel_log_says_why_a_file_was_refused() {
    let lines = [
        "tcp_diag: version magic '5.10.0' should be '6.1.0'",
        "tcp_diag: disagrees about version of symbol module_layout",
        "Loading of unsigned module is rejected",
        "Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7",
    ];
    for line in lines {
        let facts = logged(line);
        let cause = format!("the kernel refused {}: `{line}`", file());
        assert_blames(&facts, &cause, &["reinstall", &file()], "");
        let finding = judge_one(&CHECK, &facts);
        let evidence = Evidence::file("/dev/kmsg", None, format!("[5.140900] {line}"));
        assert!(finding.evidence.contains(&evidence), "{finding:#?}");
    }
}

#[test]
fn what_the_log_says_again_and_again_is_told_once() {
    let mut facts = logged("Loading of unsigned module is rejected");
    edit(&mut facts.kernel_log, |lines| {
        lines.push(LogLine {
            micros_since_boot: 5_200_000,
            ..lines[0].clone()
        });
    });
    let evidence = judge_one(&CHECK, &facts).evidence;
    let told = evidence.iter().filter(|e| e.says.contains("rejected"));
    assert_eq!(told.count(), 1, "{evidence:#?}");
}

#[test]
fn what_the_log_says_of_other_modules_explains_nothing() {
    for line in [
        "udp_diag: version magic '5.10.0' should be '6.1.0'",
        "tcp_diag: module verification failed: signature and/or required key missing - tainting kernel",
    ] {
        let finding = judge_one(&CHECK, &logged(line));
        assert!(
            finding.summary.contains("nothing was found"),
            "{}",
            finding.summary
        );
    }
}

#[test]
fn a_log_that_may_not_be_read_leaves_the_reason_open() {
    let mut facts = broken::without_tcp_diag();
    let needs = "root".to_owned();
    facts.kernel_log = Fact::Missing(Gap::new("/dev/kmsg", Why::Denied { needs }));
    let cause = "/dev/kmsg could not be read: run as root";
    assert_blames(&facts, cause, &["as root"], "modprobe tcp_diag");
}

#[test]
fn a_file_of_rules_that_only_root_can_read_is_named() {
    let mut facts = broken::without_tcp_diag();
    let needs = "root".to_owned();
    let gap = Gap::new("/etc/modprobe.d/cis.conf", Why::Denied { needs });
    broken::of_module(&mut facts, TCP, |entry| {
        entry.rules = Fact::with_gaps(Vec::new(), vec![gap]);
    });
    let cause = "/etc/modprobe.d/cis.conf could not be read: run as root";
    assert_blames(&facts, cause, &["as root"], "modprobe tcp_diag");
}

#[test]
fn a_rule_is_the_cause_where_the_log_speaks_too() {
    let mut facts = logged("tcp_diag: Unknown symbol inet_diag_register (err -2)");
    broken::add_rule(
        &mut facts,
        TCP,
        RuleKind::Install,
        "install tcp_diag /bin/true",
    );
    assert_blames(
        &facts,
        "install tcp_diag /bin/true",
        &["(line 14)"],
        "reinstall",
    );
}

#[test]
fn a_kernel_without_it_cannot_be_mended_by_modprobe() {
    let facts = absent(Presence::NotConfigured {
        evidence: "/proc/config.gz".to_owned(),
    });
    let cause = "CONFIG_INET_TCP_DIAG is not set";
    assert_blames(&facts, cause, &["CONFIG_INET_TCP_DIAG"], "modprobe");

    let facts = absent(Presence::NoModuleSupport);
    assert_blames(&facts, "no loadable modules", &["run a kernel"], "modprobe");
}

#[test]
fn the_helper_of_the_kernel_is_named_when_it_cannot_run() {
    for (path, runnable, cause, mend) in [
        ("", Runnable::Empty, "kernel.modprobe is empty", "sysctl -w"),
        (
            "/nowhere",
            Runnable::Missing,
            "names /nowhere",
            "sysctl -w kernel.modprobe=/sbin/modprobe",
        ),
        (
            "/sbin/modprobe",
            Runnable::Missing,
            "not there",
            "install kmod",
        ),
        (
            "/sbin/modprobe",
            Runnable::NotExecutable,
            "not executable",
            "chmod +x",
        ),
        (
            "/run/modprobe",
            Runnable::NotExecutable,
            "not executable",
            "find out what set kernel.modprobe to /run/modprobe",
        ),
    ] {
        let mut facts = broken::without_tcp_diag();
        helper(&mut facts, path, runnable);
        assert_blames(&facts, cause, &[mend, "modprobe tcp_diag"], "");
    }
}

#[test]
fn disabled_modules_need_a_reboot() {
    let mut facts = broken::without_tcp_diag();
    facts.kernel.modules_disabled = Fact::Known(true);
    let mends = ["reboot", "modules-load.d"];
    assert_blames(
        &facts,
        "kernel.modules_disabled is 1",
        &mends,
        "modprobe tcp_diag",
    );
}

#[test]
fn of_several_causes_the_first_to_mend_is_named_and_all_are_evidence() {
    let mut facts = with_rule(RuleKind::Blacklist, "blacklist tcp_diag");
    broken::add_rule(
        &mut facts,
        TCP,
        RuleKind::Install,
        "install tcp_diag /bin/true",
    );
    facts.kernel.modules_disabled = Fact::Known(true);
    let finding = judge_one(&CHECK, &facts);
    assert!(finding.summary.contains("modules_disabled"));
    let says: Vec<&str> = finding.evidence.iter().map(|e| e.says.as_str()).collect();
    assert!(says.contains(&"install tcp_diag /bin/true"), "{says:?}");
    assert!(says.contains(&"blacklist tcp_diag"), "{says:?}");
}

#[test]
fn what_stops_every_way_of_loading_comes_before_what_stops_one() {
    let mut facts = with_rule(RuleKind::Blacklist, "blacklist tcp_diag");
    let text = "install tcp_diag /bin/true";
    broken::add_rule(&mut facts, TCP, RuleKind::Install, text);
    assert_blames(&facts, text, &["(line 14)"], "");
    broken::add_rule(
        &mut facts,
        TCP,
        RuleKind::KernelBlacklist,
        "module_blacklist=x",
    );
    assert_blames(
        &facts,
        "module_blacklist=x",
        &["reboot"],
        "modprobe tcp_diag",
    );
}

#[test]
fn where_nothing_explains_it_that_is_what_is_said() {
    let mut facts = broken::without_tcp_diag();
    facts.kernel.lockdown = Fact::Known("integrity".to_owned());
    assert_blames(
        &facts,
        "nothing was found that stops it",
        &["dmesg | grep diag"],
        "",
    );
    let finding = judge_one(&CHECK, &facts);
    assert!(finding.evidence.iter().any(|e| e.says.contains("unsigned")));
}

#[test]
fn where_the_modules_were_not_read_the_reason_is_not_made_up() {
    let mut facts = broken::without_tcp_diag();
    facts.modules = Fact::Missing(Gap::not_collected("modules", "no libkmod"));
    let finding = judge_one(&CHECK, &facts);
    assert_eq!(finding.status, Status::Fail);
    assert!(finding.summary.contains("why could not be read"));
    assert!(
        finding
            .evidence
            .iter()
            .any(|e| e.says.contains("no libkmod"))
    );
}

#[test]
fn a_handler_that_should_be_there_and_is_not_is_not_blamed_on_rules() {
    let mut facts = absent(Presence::BuiltIn {
        evidence: "/proc/config.gz".to_owned(),
    });
    broken::add_rule(
        &mut facts,
        TCP,
        RuleKind::Install,
        "install tcp_diag /bin/true",
    );
    let finding = judge_one(&CHECK, &facts);
    assert!(finding.summary.contains("although it is in the kernel"));
}

#[test]
fn the_files_of_a_container_prove_nothing_about_its_host() {
    let mut facts = with_rule(RuleKind::Install, "install tcp_diag /bin/true");
    broken::in_container(&mut facts);
    let finding = judge_one(&CHECK, &facts);
    assert!(finding.summary.contains("only the host can show"));
    let now = finding.remedy.expect("a remedy").now;
    assert!(
        now.iter()
            .all(|step| step.text().starts_with("on the host: "))
    );
}

#[test]
fn what_a_container_shares_with_its_host_is_proof_there_too() {
    let mut facts = broken::without_tcp_diag();
    broken::in_container(&mut facts);
    facts.kernel.modules_disabled = Fact::Known(true);
    assert_blames(
        &facts,
        "modules_disabled",
        &["on the host: do what `keep` says, then reboot"],
        "sysctl",
    );
}

#[test]
fn with_inet_diag_gone_it_is_not_to_blame() {
    let mut facts = broken::without(&[Handler::Inet], broken::shipped);
    broken::add_rule(
        &mut facts,
        DiagModule::InetDiag,
        RuleKind::Install,
        "install x",
    );
    let finding = judge_one(&CHECK, &facts);
    assert!(
        finding
            .summary
            .starts_with("inet_diag, which tcp_diag hangs from")
    );
}

#[test]
fn without_a_socket_nothing_is_known_of_it() {
    let mut facts = fixture::healthy();
    broken::no_socket(&mut facts, Errno::EPERM);
    assert_eq!(judge_one(&CHECK, &facts).status, Status::Unknown);
}

#[test]
fn a_loaded_module_that_was_not_asked_does_not_pass() {
    let mut facts = fixture::healthy();
    facts.round_trips = Fact::Missing(Gap::not_collected("round trip", "--only"));
    let finding = judge_one(&CHECK, &facts);
    assert_eq!(finding.status, Status::Unknown);
    assert!(finding.evidence[0].says.contains("--only"));
}

#[test]
fn an_answer_over_ipv6_alone_is_an_answer() {
    let mut facts = fixture::healthy();
    edit(&mut facts.round_trips, |trips| {
        trips.tcp4 = Fact::Missing(Gap::new("IPv4", Why::Absent));
    });
    assert_eq!(judge_one(&CHECK, &facts).status, Status::Pass);
}

mod after_a_reboot {
    use super::*;

    fn loaded_with(kind: RuleKind, text: &str) -> Facts {
        let mut facts = fixture::healthy();
        broken::add_rule(&mut facts, TCP, kind, text);
        facts
    }

    fn named_at_boot(facts: &mut Facts) {
        facts.boot.modules = Fact::Known(vec![BootModule {
            module: "tcp_diag".to_owned(),
            place: Place {
                path: "/etc/modules-load.d/diag.conf".to_owned(),
                line: Some(1),
            },
        }]);
    }

    #[test]
    fn a_rule_would_keep_it_out() {
        let facts = loaded_with(RuleKind::Install, "install tcp_diag /bin/true");
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Warn);
        assert!(finding.summary.contains("could not be loaded again"));
        let remedy = finding.remedy.expect("a remedy");
        assert!(remedy.now.is_empty(), "{remedy:?}");
        assert_eq!(remedy.keep, [delete("install tcp_diag /bin/true")]);
    }

    #[test]
    fn its_name_in_modules_load_d_outweighs_an_alias() {
        let mut facts = loaded_with(RuleKind::Alias, "alias net-pf-16-proto-4-type-2-6 off");
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Warn);
        named_at_boot(&mut facts);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Pass);
    }

    #[test]
    fn its_name_in_modules_load_d_does_not_outweigh_a_blacklist() {
        let mut facts = loaded_with(RuleKind::Blacklist, "blacklist tcp_diag");
        named_at_boot(&mut facts);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Warn);
    }

    #[test]
    fn a_file_that_is_gone_would_be_missed() {
        let mut facts = fixture::healthy();
        broken::set_presence(&mut facts, TCP, Presence::Loaded { file: None });
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Warn);
        assert!(finding.summary.contains("no file of it is left"));
        broken::in_container(&mut facts);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Pass);
    }
}

fn with_rule_at(path: &str, more_lines: u32) -> Facts {
    let mut facts = with_rule(RuleKind::Install, "install tcp_diag /bin/true");
    broken::of_module(&mut facts, TCP, |entry| {
        edit(&mut entry.rules, |rules| {
            rules[0].more_lines = more_lines;
            rules[0].place.as_mut().expect("a place").path = path.to_owned();
        });
    });
    facts
}

fn steps(facts: &Facts) -> Vec<Step> {
    judge_one(&CHECK, facts).remedy.expect("a remedy").now
}

#[test]
fn a_rule_over_several_lines_goes_with_all_of_them() {
    let step = steps(&with_rule_at("/etc/modprobe.d/long.conf", 2)).remove(0);
    let expected =
        "delete `install tcp_diag /bin/true` from /etc/modprobe.d/long.conf (lines 14 to 16)";
    assert_eq!(step, Step::Do(expected.to_owned()));
}

/// A recording can hold any numbers.
#[test]
fn a_rule_of_more_lines_than_a_file_can_have_is_told_as_well() {
    for path in ["/etc/modprobe.d/x.conf", "/usr/lib/modprobe.d/x.conf"] {
        let steps = steps(&with_rule_at(path, u32::MAX));
        assert!(steps.iter().any(|step| step.text().contains("4294967295")));
    }
}

#[test]
fn a_rule_that_a_package_brought_is_hidden_not_deleted() {
    let steps = steps(&with_rule_at("/usr/lib/modprobe.d/distribution.conf", 0));
    let copy = "cp -n /usr/lib/modprobe.d/distribution.conf /etc/modprobe.d/";
    assert_eq!(steps[0], Step::Write(copy.to_owned()));
    let delete =
        "delete `install tcp_diag /bin/true` from /etc/modprobe.d/distribution.conf (line 14)";
    assert_eq!(steps[1], Step::Do(delete.to_owned()));
}

#[test]
fn a_name_that_a_shell_would_take_apart_is_no_part_of_a_command() {
    let step = steps(&with_rule_at("/usr/lib/modprobe.d/a b;c.conf", 0)).remove(0);
    assert!(matches!(step, Step::Do(_)), "{step:?}");
}
