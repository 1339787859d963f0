use crate::diagnosis::{CheckResult, Diagnosis, diagnose, diagnose_kernels};
use crate::facts::*;
use crate::finding::{Source, Status, Step, Subject};
use crate::fixture;
use crate::policy::Policy;

fn judged(facts: &Facts) -> Diagnosis {
    diagnose(facts, &Policy::default(), |_| true)
}

fn result<'a>(diagnosis: &'a Diagnosis, id: &str) -> &'a CheckResult {
    let mut results = diagnosis.results.iter();
    results.find(|result| result.check.id == id).expect(id)
}

fn known<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) | Fact::Partial { value, .. } => value,
        Fact::Missing(gap) => panic!("the image has this: {gap}"),
    }
}

fn entry(facts: &mut Facts, module: DiagModule) -> &mut ModuleFacts {
    let entries = known(&mut facts.modules).entries.iter_mut();
    let mut of_module = entries.filter(|entry| entry.module == module);
    of_module.next().expect("every module has an entry")
}

fn with_rule(kind: RuleKind, text: &str) -> Facts {
    let mut facts = fixture::image();
    entry(&mut facts, DiagModule::TcpDiag).rules = Fact::Known(vec![Rule {
        kind,
        text: text.to_owned(),
        place: Some(place("/etc/modprobe.d/cis.conf", 14)),
        more_lines: 0,
        unlisted: 0,
    }]);
    facts
}

fn place(path: &str, line: u32) -> Place {
    Place {
        path: path.to_owned(),
        line: Some(line),
    }
}

fn set(facts: &mut Facts, key: &str, value: &str) {
    known(&mut facts.boot.sysctls).push(BootSysctl {
        key: key.to_owned(),
        value: value.to_owned(),
        place: place("/etc/sysctl.d/99-lock.conf", 3),
    });
}

fn container() -> Facts {
    let mut facts = fixture::image();
    facts.origin = Origin::Image(SeenImage {
        name: "app.tar".to_owned(),
        distribution: Fact::Known("Alpine".to_owned()),
        has_kernel: false,
        packages: Fact::Known(Vec::new()),
    });
    let gap = Gap::new("a kernel in the image", Why::Absent);
    facts.kernel = Kernel::missing(&gap);
    facts.modules = Fact::Missing(gap);
    facts
}

#[test]
fn an_image_in_which_nothing_is_in_the_way_passes() {
    let diagnosis = judged(&fixture::image());
    for result in &diagnosis.results {
        let status = result.status;
        let fine = matches!(status, Status::Pass | Status::Skipped);
        assert!(fine, "{}: {:#?}", result.check.id, result.findings);
    }
    assert_eq!(diagnosis.verdict.tcp.status, Status::Pass);
    assert_eq!(result(&diagnosis, "tcp-diag").status, Status::Pass);
}

#[test]
fn what_only_a_machine_that_runs_can_show_is_not_judged() {
    let diagnosis = judged(&fixture::image());
    let ids = diagnosis.results.iter().map(|result| result.check.id);
    let ids: Vec<&str> = ids.collect();
    for absent in ["ss-agrees", "accept-queue", "sock-diag-round-trip"] {
        assert!(!ids.contains(&absent), "{absent}");
    }
    let machine = judged(&fixture::healthy());
    let only = |result: &CheckResult| result.check.id == "ss-installed";
    assert!(!machine.results.iter().any(only));
}

#[test]
fn a_line_that_stops_a_module_is_the_one_cause() {
    let text = "install tcp_diag /bin/true";
    let diagnosis = judged(&with_rule(RuleKind::Install, text));
    let walk = &diagnosis.verdict.tcp;
    assert_eq!((walk.status, walk.cause), (Status::Fail, Some("tcp-diag")));
    assert!(walk.summary.contains(text), "{}", walk.summary);
    assert!(walk.summary.contains("cis.conf:14"), "{}", walk.summary);
}

#[test]
fn a_remedy_changes_files_and_no_running_kernel() {
    let diagnosis = judged(&with_rule(RuleKind::Install, "install tcp_diag /bin/true"));
    let remedy = diagnosis.verdict.tcp.remedy.expect("a remedy");
    assert!(remedy.now.is_empty());
    let delete =
        "in the image: delete `install tcp_diag /bin/true` from /etc/modprobe.d/cis.conf (line 14)"
            .to_owned();
    assert_eq!(remedy.keep[0], Step::Do(delete));
    let commands = format!("{remedy:?}");
    assert!(!commands.contains("modprobe tcp_diag"), "{commands}");
}

#[test]
fn depmod_is_told_for_which_kernel() {
    let mut facts = fixture::image();
    entry(&mut facts, DiagModule::TcpDiag).presence = Fact::Known(Presence::NotIndexed {
        file: "/lib/modules/6.1.0-50-cloud-amd64/kernel/net/ipv4/tcp_diag.ko".to_owned(),
        index: "/lib/modules/6.1.0-50-cloud-amd64/modules.alias.bin".to_owned(),
    });
    let remedy = judged(&facts).verdict.tcp.remedy.expect("a remedy");
    let depmod = Step::Do("in the image: depmod -a 6.1.0-50-cloud-amd64".to_owned());
    assert!(remedy.keep.contains(&depmod), "{remedy:?}");
}

#[test]
fn a_module_that_is_named_at_boot_comes_before_the_door_is_shut() {
    let mut facts = fixture::image();
    facts.kernel.modules_disabled = Fact::Known(true);
    set(&mut facts, "kernel.modules_disabled", "1");
    let shut = judged(&facts);
    assert_eq!(shut.verdict.tcp.cause, Some("module-autoload"));
    let remedy = shut.verdict.tcp.remedy.expect("a remedy");
    let delete = Step::Do(
        "in the image: delete kernel.modules_disabled from /etc/sysctl.d/99-lock.conf (line 3)"
            .to_owned(),
    );
    assert!(remedy.keep.contains(&delete), "{remedy:?}");

    for module in ["inet_diag", "tcp_diag"] {
        known(&mut facts.boot.modules).push(BootModule {
            module: module.to_owned(),
            place: place("/etc/modules-load.d/diag.conf", 1),
        });
    }
    assert_eq!(judged(&facts).verdict.tcp.status, Status::Pass);
}

#[test]
fn a_blacklist_stops_a_module_that_is_named_at_boot_too() {
    let mut facts = with_rule(RuleKind::Blacklist, "blacklist tcp_diag");
    known(&mut facts.boot.modules).push(BootModule {
        module: "tcp_diag".to_owned(),
        place: place("/etc/modules-load.d/diag.conf", 1),
    });
    assert_eq!(judged(&facts).verdict.tcp.status, Status::Fail);
}

#[test]
fn rules_that_could_not_be_read_promise_nothing() {
    let mut facts = fixture::image();
    let gap = Gap::malformed("/etc/modprobe.d", "not a directory");
    entry(&mut facts, DiagModule::TcpDiag).rules = Fact::Missing(gap);
    let diagnosis = judged(&facts);
    assert_eq!(diagnosis.verdict.tcp.status, Status::Unknown);
    assert_eq!(result(&diagnosis, "tcp-diag").status, Status::Unknown);
}

#[test]
fn a_setting_is_blamed_on_its_line() {
    let mut facts = fixture::image();
    set(&mut facts, "net.core.somaxconn", "128");
    known(&mut facts.namespaces)[0].sysctls.somaxconn = Fact::Known(128);
    let diagnosis = judged(&facts);
    let finding = &result(&diagnosis, "somaxconn").findings[0];
    assert_eq!(finding.status, Status::Warn);
    let line = Source::File(place("/etc/sysctl.d/99-lock.conf", 3));
    assert_eq!(finding.evidence[0].source, line);
    let put = "in the image: put `net.core.somaxconn = 4096` at /etc/sysctl.d/99-lock.conf:3";
    let remedy = finding.remedy.as_ref().expect("a remedy");
    assert_eq!(remedy.keep, [Step::Do(put.to_owned())]);
}

#[test]
fn an_image_without_a_kernel_is_not_applicable_and_never_a_pass() {
    let diagnosis = judged(&container());
    assert_eq!(diagnosis.verdict.tcp.status, Status::Skipped);
    for id in ["tcp-diag", "module-autoload", "somaxconn", "syncookies"] {
        assert_eq!(result(&diagnosis, id).status, Status::Skipped, "{id}");
    }
    assert_eq!(result(&diagnosis, "ss-installed").status, Status::Pass);
}

fn doubt(facts: &mut Facts, because: Doubt) {
    facts.boot.doubts.push(BootDoubt {
        line: BootSysctl {
            key: "net.ipv4.tcp_syncookies".to_owned(),
            value: "1".to_owned(),
            place: place("/usr/lib/sysctl.d/00-alpine.conf", 3),
        },
        because,
    });
}

#[test]
fn a_line_that_nothing_in_a_container_image_applies_is_not_judged() {
    let mut facts = container();
    doubt(&mut facts, Doubt::NobodyApplies);
    let diagnosis = judged(&facts);
    let finding = &result(&diagnosis, "syncookies").findings[0];
    let says = "not applicable: nothing in the image is known to apply \
                /usr/lib/sysctl.d/00-alpine.conf:3, and it has no kernel";
    assert_eq!((finding.status, &*finding.summary), (Status::Skipped, says));
}

#[test]
fn a_line_that_a_script_may_apply_is_left_open() {
    let mut facts = container();
    let script = "/etc/init.d/sysctl".to_owned();
    doubt(&mut facts, Doubt::AppliedBy { script });
    let gap = facts.boot.doubts[0].gap();
    known(&mut facts.namespaces)[0].sysctls.tcp_syncookies = Fact::Missing(gap);
    let diagnosis = judged(&facts);
    assert_eq!(result(&diagnosis, "syncookies").status, Status::Unknown);
}

#[test]
fn settings_that_could_not_all_be_read_are_not_said_to_be_unset() {
    let mut facts = container();
    let gap = Gap::malformed("/etc/sysctl.d/a.conf", "too large");
    facts.boot.sysctls = Fact::with_gaps(Vec::new(), vec![gap.clone()]);
    known(&mut facts.namespaces)[0].sysctls.tcp_syncookies = Fact::Missing(gap);
    let diagnosis = judged(&facts);
    assert_eq!(result(&diagnosis, "syncookies").status, Status::Unknown);
}

#[test]
fn what_may_load_a_module_before_the_door_is_shut_leaves_it_open() {
    let mut facts = fixture::image();
    facts.kernel.modules_disabled = Fact::Known(true);
    let gap = Gap::malformed("tcp_diag at /etc/modules:1", "no systemd");
    facts.boot.modules = Fact::with_gaps(Vec::new(), vec![gap]);
    assert_eq!(judged(&facts).verdict.tcp.status, Status::Unknown);
}

#[test]
fn kernels_that_are_alike_are_told_once_and_the_worst_gives_the_verdict() {
    let other = |mut facts: Facts| {
        facts.kernel.release = Fact::Known("6.12.1".to_owned());
        facts
    };
    let alike = [fixture::image(), other(fixture::image())];
    let policy = Policy::default();
    let [first, second] = alike;
    let diagnosis = diagnose_kernels(&first, &[second], &policy, |_| true);
    let releases = vec!["6.1.0-50-cloud-amd64".to_owned(), "6.12.1".to_owned()];
    let findings = &result(&diagnosis, "tcp-diag").findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].subject, Subject::Kernels(releases));

    let blocked = other(with_rule(RuleKind::Blacklist, "blacklist tcp_diag"));
    let diagnosis = diagnose_kernels(&first, &[blocked], &policy, |_| true);
    assert_eq!(result(&diagnosis, "tcp-diag").status, Status::Fail);
    let summary = &diagnosis.verdict.tcp.summary;
    assert!(summary.starts_with("With Linux 6.12.1: "), "{summary}");
}
