//! What keeps a module from loading, and where it stands.

use crate::scene::{Scene, run};
use sockdoctor_checks::facts::{DiagModule, Fact, Place, Rule, RuleKind, Why};
use std::os::unix::fs::symlink;
use std::process::Command;

/// `kind text file:line` of the rules that stop `module`, after modprobe has agreed.
fn rules_for(scene: &Scene, module: DiagModule) -> Vec<String> {
    let rules = scene.facts(module).rules;
    let Fact::Known(rules) = rules else {
        panic!("decided: {rules:?}");
    };
    let loads = scene.modprobe_loads(module);
    assert_eq!(rules.is_empty(), loads, "modprobe agrees on {rules:?}");
    let show = |rule: &Rule| format!("{:?} {} {}", rule.kind, rule.text, shown(rule));
    rules.iter().map(show).collect()
}

fn rules(scene: &Scene) -> Vec<String> {
    rules_for(scene, DiagModule::TcpDiag)
}

/// The last three parts of the path, so that the temporary directory is not in the way.
fn shown(rule: &Rule) -> String {
    let place = rule
        .place
        .as_ref()
        .map(Place::to_string)
        .unwrap_or_default();
    let parts: Vec<_> = place.rsplitn(4, '/').take(3).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

#[test]
fn nothing_stops_a_module_that_no_rule_names() {
    let scene = Scene::new().etc("a.conf", "blacklist udp_diag\n# blacklist tcp_diag\n");
    assert_eq!(rules(&scene), [""; 0]);
}

#[test]
fn a_blacklist_stops_the_alias() {
    let scene = Scene::new().etc("a.conf", "options loop x=1\nblacklist tcp_diag\n");
    let expected = ["Blacklist blacklist tcp_diag etc/modprobe.d/a.conf:2"];
    assert_eq!(rules(&scene), expected);
}

#[test]
fn an_install_command_stops_it_whether_it_succeeds_or_fails() {
    for command in ["/bin/true", "/bin/false"] {
        let scene = Scene::new().usr("cis.conf", &format!("install tcp_diag {command}\n"));
        let text = format!("install tcp_diag {command}");
        let expected = [format!("Install {text} lib/modprobe.d/cis.conf:1")];
        assert_eq!(rules(&scene), expected);
    }
}

#[test]
fn every_line_that_has_to_go_is_named() {
    let scene = Scene::new()
        .etc(
            "z.conf",
            "install tcp_diag /bin/false\nblacklist tcp-diag\n",
        )
        .usr("a.conf", "install *_diag /bin/true\n");
    let expected = [
        "Blacklist blacklist tcp-diag etc/modprobe.d/z.conf:2",
        "Install install *_diag /bin/true lib/modprobe.d/a.conf:1",
        "Install install tcp_diag /bin/false etc/modprobe.d/z.conf:1",
    ];
    assert_eq!(rules(&scene), expected);
}

#[test]
fn an_alias_can_be_led_astray() {
    let line = "alias net-pf-16-proto-4-type-2-6 off\n";
    let scene = Scene::new().etc("a.conf", line);
    let expected = format!("Alias {} etc/modprobe.d/a.conf:1", line.trim());
    assert_eq!(rules(&scene), [expected]);

    let line = "alias net-pf-16-proto-4-type-[12]* off\n";
    let scene = Scene::new().etc("a.conf", line);
    let expected = format!("Alias {} etc/modprobe.d/a.conf:1", line.trim());
    assert_eq!(rules(&scene), [expected]);
}

#[test]
fn an_install_command_for_the_alias_itself_counts() {
    let line = "install net-pf-16-proto-4-type-2-6 /bin/true\n";
    let scene = Scene::new().etc("a.conf", line);
    let expected = format!("Install {} etc/modprobe.d/a.conf:1", line.trim());
    assert_eq!(rules(&scene), [expected]);
}

#[test]
fn an_alias_for_the_name_does_not_stop_what_the_kernel_asks_for() {
    let text = "alias tcp_diag off\nalias net-pf-16-proto-4-type-2-6 tcp-diag\n";
    assert_eq!(rules(&Scene::new().etc("a.conf", text)), [""; 0]);
}

#[test]
fn a_rule_in_a_masked_file_is_not_blamed() {
    let masked = || Scene::new().usr("a.conf", "blacklist tcp_diag\n");
    assert_eq!(rules(&masked().etc("a.conf", "# nothing\n")), [""; 0]);

    let scene = masked().etc("b.conf", "");
    symlink("/dev/null", scene.etc_path("a.conf")).expect("a link");
    assert_eq!(rules(&scene), [""; 0]);

    let scene = masked()
        .etc("a.conf", "")
        .etc("b.conf", "blacklist tcp_diag\n");
    let expected = ["Blacklist blacklist tcp_diag etc/modprobe.d/b.conf:1"];
    assert_eq!(rules(&scene), expected);
}

#[test]
fn a_continued_line_is_one_rule_and_a_continued_comment_is_none() {
    let text = "# x \\\nblacklist tcp_diag\ninstall \\\n tcp_diag \\\n /bin/true\n";
    let scene = Scene::new().etc("a.conf", text);
    let expected = ["Install install  tcp_diag  /bin/true etc/modprobe.d/a.conf:3"];
    assert_eq!(rules(&scene), expected);
}

#[test]
fn a_needed_module_stops_it_by_install_but_not_by_blacklist() {
    let scene = Scene::new().etc("a.conf", "install inet_diag /bin/true\n");
    let expected = ["Install install inet_diag /bin/true etc/modprobe.d/a.conf:1"];
    assert_eq!(rules_for(&scene, DiagModule::InetDiag), expected);
    assert_eq!(rules(&scene), expected);

    let scene = Scene::new().etc("a.conf", "blacklist inet_diag\n");
    let expected = ["Blacklist blacklist inet_diag etc/modprobe.d/a.conf:1"];
    assert_eq!(rules_for(&scene, DiagModule::InetDiag), expected);
    assert_eq!(rules(&scene), [""; 0]);
}

#[test]
fn a_needed_module_that_is_loaded_stops_nothing() {
    let scene = Scene::new()
        .etc("a.conf", "install inet_diag /bin/true\n")
        .proc("modules", "inet_diag 24576 0 - Live 0x0\n");
    assert_eq!(
        scene.facts(DiagModule::TcpDiag).rules,
        Fact::Known(Vec::new())
    );
}

#[test]
fn modprobe_ignores_the_install_command_of_a_module_with_soft_dependencies() {
    let text = "install tcp_diag /bin/true\nsoftdep tcp_diag pre: inet_diag\n";
    assert_eq!(rules(&Scene::new().etc("a.conf", text)), [""; 0]);
}

#[test]
fn an_install_command_that_calls_modprobe_is_left_open() {
    let text = "install tcp_diag /sbin/modprobe -i tcp_diag && echo loaded\n";
    let scene = Scene::new().etc("a.conf", text);
    let rules = scene.facts(DiagModule::TcpDiag).rules;
    assert_eq!(rules.value(), Some(&Vec::new()));
    assert!(matches!(rules.gaps()[0].why, Why::Unsupported(_)));
}

/// Runs one of the ignored tests below in a process of its own, with /proc/cmdline replaced.
fn with_command_line(line: &str, test: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&file, line).expect("written");
    let script =
        "mount --bind \"$1\" /proc/cmdline && exec \"$2\" --ignored --exact \"$3\" --nocapture";
    let this = std::env::current_exe().expect("this program");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", script, "sh"]);
    let output = run(command.arg(file.path()).arg(this).arg(test));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "{test} was run: {stdout}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_command_line_of_the_kernel_is_read_as_libkmod_reads_it() {
    let line = "quiet modprobe.blacklist=loop,tcp_diag modprobe.blacklist=inet-diag\n";
    with_command_line(line, "rules::on_a_replaced_command_line");
}

#[test]
#[ignore = "needs the command line that the test above makes"]
fn on_a_replaced_command_line() {
    let mut scene = Scene::new();
    scene.proc = "/proc".into();
    let rules = scene.facts(DiagModule::TcpDiag).rules;
    let rule = &rules.value().expect("rules")[0];
    assert_eq!(rule.kind, RuleKind::CommandLineBlacklist);
    assert_eq!(rule.text, "modprobe.blacklist=loop,tcp_diag");
    assert_eq!(
        rule.place.as_ref().map(Place::to_string).as_deref(),
        Some("/proc/cmdline:1")
    );
    assert!(!scene.modprobe_loads(DiagModule::TcpDiag));
    assert!(scene.modprobe_loads(DiagModule::InetDiag));
}

#[test]
fn a_line_that_libkmod_does_not_understand_does_not_reach_the_terminal() {
    let stderr = with_command_line("quiet\n", "rules::on_a_line_that_makes_no_sense");
    assert!(!stderr.contains("libkmod"), "{stderr}");
}

#[test]
#[ignore = "run by the test above, which watches its stderr"]
fn on_a_line_that_makes_no_sense() {
    let scene = Scene::new().etc("a.conf", "\u{1b}[2J nonsense\nblacklist tcp_diag\n");
    let rules = scene.facts(DiagModule::TcpDiag).rules;
    assert_eq!(rules.value().map(Vec::len), Some(1));
}
