use super::*;
use crate::facts::{Doubt, Facts, Place};
use crate::fixture::{healthy, namespace};
use crate::namespaces::testing::{findings, machine, statuses, worst};

fn with_file(key: &str, value: &str) -> Facts {
    let mut facts = healthy();
    facts.boot.sysctls = Fact::Known(vec![BootSysctl {
        key: key.to_owned(),
        value: value.to_owned(),
        place: Place {
            path: "/etc/sysctl.d/50-web.conf".to_owned(),
            line: Some(3),
        },
    }]);
    facts
}

fn with_somaxconn(value: u32) -> Facts {
    let mut facts = healthy();
    facts.namespaces = facts.namespaces.map(|mut namespaces| {
        namespaces[0].sysctls.somaxconn = Fact::Known(value);
        namespaces
    });
    facts
}

#[test]
fn a_namespace_of_its_own_is_not_held_against_sysctl_d() {
    let mut facts = machine(vec![namespace(2, "web", Vec::new())]);
    if let Fact::Known(namespaces) = &mut facts.namespaces {
        namespaces[0].own = true;
        namespaces[0].sysctls.somaxconn = Fact::Known(128);
    }
    assert_eq!(statuses(&CHECK, &facts), [Status::Skipped]);
    if let Fact::Known(namespaces) = &mut facts.namespaces {
        namespaces[0].host = None;
    }
    assert_eq!(statuses(&CHECK, &facts), [Status::Unknown]);
}

#[test]
fn defaults_and_no_files_pass() {
    assert_eq!(statuses(&CHECK, &healthy()), [Status::Pass]);
}

#[test]
fn a_file_that_agrees_passes() {
    let facts = with_file("net.core.somaxconn", " 4096 ");
    assert_eq!(statuses(&CHECK, &facts), [Status::Pass]);
}

#[test]
fn a_number_is_the_one_that_the_kernel_reads() {
    for same in ["010000", "0x1000", "4096 # as on the others"] {
        let facts = with_file("net.core.somaxconn", same);
        assert_eq!(statuses(&CHECK, &facts), [Status::Pass], "{same}");
    }
    let finding = findings(&CHECK, &with_file("net.core.somaxconn", "4k")).remove(0);
    assert_eq!(
        finding.summary,
        "net.core.somaxconn is 4096 now, and the kernel does not take `4k` at the next boot"
    );
    assert!(finding.remedy.expect("a remedy").now.is_empty());
}

#[test]
fn a_file_that_differs_warns_with_line_and_direction() {
    let findings = findings(&CHECK, &with_file("net.core.somaxconn", "128"));
    assert_eq!(
        findings[0].summary,
        "net.core.somaxconn is 4096 now, and the next boot lowers it to 128"
    );
    let keep = &findings[0].remedy.as_ref().expect("a remedy").keep[0];
    assert!(keep.text().ends_with("/etc/sysctl.d/50-web.conf:3"));
}

#[test]
fn a_file_that_disables_modules_at_the_next_boot_warns() {
    let facts = with_file("kernel.modules_disabled", "1");
    assert_eq!(worst(&CHECK, &facts), Status::Warn);
}

#[test]
fn a_file_that_empties_modprobe_warns() {
    assert_eq!(
        worst(&CHECK, &with_file("kernel.modprobe", "")),
        Status::Warn
    );
}

fn with_command_line(value: &str, now: u32) -> Facts {
    let mut facts = with_somaxconn(now);
    facts.boot.doubts = vec![BootDoubt {
        line: BootSysctl {
            key: "net.core.somaxconn".to_owned(),
            value: value.to_owned(),
            place: Place {
                path: "/proc/cmdline".to_owned(),
                line: Some(1),
            },
        },
        because: Doubt::CommandLine,
    }];
    facts
}

#[test]
fn what_the_command_line_set_is_not_lost_at_the_next_boot() {
    let facts = with_command_line("8192", 8192);
    assert_eq!(statuses(&CHECK, &facts), [Status::Pass]);
}

#[test]
fn a_line_that_may_change_a_value_leaves_it_open() {
    let found = findings(&CHECK, &with_command_line("8192", 4096));
    assert_eq!(found[0].status, Status::Unknown);
    let says = &found[0].evidence[0].says;
    assert!(says.contains("8192 at /proc/cmdline:1"), "{says}");

    let mut facts = with_file("net.core.somaxconn", "4096");
    facts.boot.doubts = with_command_line("128", 1).boot.doubts;
    facts.boot.doubts[0].because = Doubt::OnlyProcpsReads;
    assert_eq!(statuses(&CHECK, &facts), [Status::Unknown]);
}

#[test]
fn a_setting_of_no_check_is_not_judged() {
    assert_eq!(
        worst(&CHECK, &with_file("vm.swappiness", "1")),
        Status::Pass
    );
}

#[test]
fn somaxconn_raised_by_hand_is_lost_at_the_next_boot() {
    let findings = findings(&CHECK, &with_somaxconn(65_535));
    assert_eq!(findings[0].status, Status::Warn);
    assert!(findings[0].summary.contains("no file"));
}

#[test]
fn the_value_of_a_container_is_not_held_against_the_files() {
    let mut facts = healthy();
    facts.namespaces = facts.namespaces.map(|mut namespaces| {
        namespaces[1].sysctls.somaxconn = Fact::Known(128);
        namespaces
    });
    assert_eq!(worst(&CHECK, &facts), Status::Pass);
}

#[test]
fn a_container_is_skipped() {
    let mut facts = with_somaxconn(65_535);
    facts.machine.sandbox = Fact::Known(Sandbox::Container {
        runtime: "docker".to_owned(),
        evidence: "/.dockerenv".to_owned(),
    });
    assert_eq!(worst(&CHECK, &facts), Status::Skipped);
}

#[test]
fn without_the_hosts_namespace_it_is_skipped() {
    let mut facts = healthy();
    facts.namespaces = facts.namespaces.map(|mut namespaces| {
        namespaces.remove(0);
        namespaces
    });
    assert_eq!(worst(&CHECK, &facts), Status::Skipped);
}

#[test]
fn files_that_could_not_be_read_are_undecided() {
    let mut facts = with_somaxconn(65_535);
    facts.boot.sysctls = Fact::Missing(Gap::new("/etc/sysctl.d", Why::TimedOut { after_ms: 1 }));
    assert_eq!(statuses(&CHECK, &facts), [Status::Unknown]);
}

#[test]
fn a_value_that_could_not_be_read_is_undecided() {
    let mut facts = with_file("net.ipv4.tcp_syncookies", "1");
    facts.namespaces = facts.namespaces.map(|mut namespaces| {
        namespaces[0].sysctls.tcp_syncookies = Fact::Missing(Gap::new("x", Why::Absent));
        namespaces
    });
    assert_eq!(worst(&CHECK, &facts), Status::Unknown);
}
