//! Whether and how a module is there.

use crate::scene::{Scene, TCP};
use sockdoctor_checks::facts::{DiagModule, Fact, ModuleResolver, Presence, RuleKind, Why};
use std::fs;

const ALIASES: &str = "modules.alias.bin";
const DEPENDENCIES: &str = "modules.dep.bin";

fn file(scene: &Scene, name: &str) -> String {
    scene.in_tree(name).display().to_string()
}

fn not_indexed(scene: &Scene, index: &str) -> Fact<Presence> {
    Fact::Known(Presence::NotIndexed {
        file: file(scene, TCP),
        index: file(scene, index),
    })
}

#[test]
fn a_module_that_the_alias_leads_to_is_shipped() {
    let scene = Scene::new();
    let shipped = Presence::Shipped {
        file: file(&scene, TCP),
    };
    assert_eq!(scene.presence(DiagModule::TcpDiag), Fact::Known(shipped));
    assert!(scene.modprobe_loads(DiagModule::TcpDiag));
}

#[test]
fn a_module_whose_file_is_gone_is_told_apart_from_one_that_depmod_forgot() {
    let scene = Scene::new();
    fs::remove_file(scene.in_tree(TCP)).expect("removed");
    let gone = Presence::FileGone {
        file: file(&scene, TCP),
    };
    assert_eq!(scene.presence(DiagModule::TcpDiag), Fact::Known(gone));
    assert!(!scene.modprobe_loads(DiagModule::TcpDiag));
    scene.depmod();
    assert_eq!(
        scene.presence(DiagModule::TcpDiag),
        Fact::Known(Presence::NotShipped)
    );
}

#[test]
fn a_file_that_no_index_names_needs_depmod() {
    let scene = Scene::new();
    let (here, away) = (scene.in_tree(TCP), scene.in_tree("away"));
    fs::rename(&here, &away).expect("moved");
    scene.depmod();
    fs::rename(&away, &here).expect("moved back");
    assert_eq!(
        scene.presence(DiagModule::TcpDiag),
        not_indexed(&scene, ALIASES)
    );
    assert!(!scene.modprobe_loads(DiagModule::TcpDiag));
}

#[test]
fn a_missing_index_is_named() {
    for index in [ALIASES, DEPENDENCIES] {
        let scene = Scene::new();
        fs::remove_file(scene.in_tree(index)).expect("removed");
        assert_eq!(
            scene.presence(DiagModule::TcpDiag),
            not_indexed(&scene, index)
        );
    }
}

#[test]
fn without_the_binary_indexes_modprobe_finds_nothing_although_the_text_is_there() {
    for index in [ALIASES, DEPENDENCIES] {
        let scene = Scene::new();
        fs::remove_file(scene.in_tree(index)).expect("removed");
        assert!(!scene.modprobe_loads(DiagModule::TcpDiag));
    }
}

#[test]
fn a_module_may_lie_beside_the_kernels_own_and_be_compressed() {
    let scene = Scene::new();
    fs::remove_file(scene.in_tree(TCP)).expect("removed");
    scene.depmod();
    let extra = "updates/dkms/tcp-diag.ko.zst";
    fs::create_dir_all(scene.in_tree("updates/dkms")).expect("a directory");
    fs::write(scene.in_tree(extra), "").expect("a file");
    let expected = Presence::NotIndexed {
        file: file(&scene, extra),
        index: file(&scene, ALIASES),
    };
    assert_eq!(scene.presence(DiagModule::TcpDiag), Fact::Known(expected));
}

#[test]
fn what_is_compiled_in_is_not_stopped_by_any_rule() {
    let scene = Scene::new().etc("a.conf", "install unix_diag /bin/false\n");
    let facts = scene.facts(DiagModule::UnixDiag);
    let evidence = file(&scene, "modules.builtin");
    assert_eq!(facts.presence, Fact::Known(Presence::BuiltIn { evidence }));
    assert_eq!(facts.rules, Fact::Known(Vec::new()));
}

#[test]
fn what_is_compiled_in_is_known_without_depmod() {
    let scene = Scene::new();
    for index in ["modules.builtin.bin", ALIASES, "modules.builtin.alias.bin"] {
        let _ = fs::remove_file(scene.in_tree(index));
    }
    let evidence = file(&scene, "modules.builtin");
    let expected = Fact::Known(Presence::BuiltIn { evidence });
    assert_eq!(scene.presence(DiagModule::UnixDiag), expected);
}

#[test]
fn a_loaded_module_is_loaded_whatever_the_tree_says() {
    let line = "tcp_diag 16384 0 - Live 0x0\n";
    let scene = Scene::new().proc("modules", line);
    let loaded = |file| Fact::Known(Presence::Loaded { file });
    let file = file(&scene, TCP);
    assert_eq!(scene.presence(DiagModule::TcpDiag), loaded(Some(file)));
    fs::remove_dir_all(scene.tree()).expect("removed");
    assert_eq!(scene.presence(DiagModule::TcpDiag), loaded(None));
}

#[test]
fn without_a_tree_only_the_configuration_can_decide() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.tree()).expect("removed");
    let presence = scene.presence(DiagModule::TcpDiag);
    assert!(matches!(presence, Fact::Missing(gap) if gap.why == Why::Absent));

    let scene = scene.config(&[("CONFIG_INET_TCP_DIAG", "y"), ("CONFIG_INET_UDP_DIAG", "m")]);
    let evidence = || "/proc/config.gz".to_owned();
    let built_in = Presence::BuiltIn {
        evidence: evidence(),
    };
    assert_eq!(scene.presence(DiagModule::TcpDiag), Fact::Known(built_in));
    let absent = Presence::NotConfigured {
        evidence: evidence(),
    };
    assert_eq!(scene.presence(DiagModule::RawDiag), Fact::Known(absent));
    assert!(matches!(
        scene.presence(DiagModule::UdpDiag),
        Fact::Missing(_)
    ));
}

#[test]
fn a_kernel_without_proc_modules_has_no_module_support() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.tree()).expect("removed");
    fs::remove_file(scene.proc.join("modules")).expect("removed");
    let presence = scene.presence(DiagModule::TcpDiag);
    assert_eq!(presence, Fact::Known(Presence::NoModuleSupport));
}

#[test]
fn without_procfs_nothing_is_known() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.tree()).expect("removed");
    fs::remove_dir_all(&scene.proc).expect("removed");
    let facts = scene.facts(DiagModule::TcpDiag);
    assert!(matches!(facts.presence, Fact::Missing(_)));
    assert!(!facts.rules.gaps().is_empty());
}

#[test]
fn in_a_container_the_tree_and_modprobe_d_are_not_the_hosts() {
    let mut scene = Scene::new().etc("a.conf", "blacklist tcp_diag\n").proc(
        "cmdline",
        "module_blacklist=tcp_diag modprobe.blacklist=tcp_diag\n",
    );
    scene.of_the_host = false;
    let facts = scene.facts(DiagModule::TcpDiag);
    assert!(matches!(facts.presence, Fact::Missing(_)));
    let rules = facts.rules.value().expect("those of the command line");
    let kinds: Vec<_> = rules.iter().map(|rule| rule.kind).collect();
    assert_eq!(
        kinds,
        [RuleKind::CommandLineBlacklist, RuleKind::KernelBlacklist]
    );
    assert_eq!(facts.rules.gaps().len(), 1);
}

#[test]
fn the_kernels_blacklist_holds_for_what_the_module_needs() {
    let cmdline = "module_blacklist=inet_diag\n";
    let stopped = |scene: Scene| {
        let facts = scene.facts(DiagModule::TcpDiag);
        let rules = facts.rules.value().expect("rules");
        rules
            .iter()
            .any(|rule| rule.kind == RuleKind::KernelBlacklist)
    };
    assert!(stopped(Scene::new().proc("cmdline", cmdline)));
    let loaded = "inet_diag 24576 0 - Live 0x0\n";
    let scene = Scene::new()
        .proc("cmdline", cmdline)
        .proc("modules", loaded);
    assert!(!stopped(scene));
}

#[test]
fn a_recording_of_an_older_program_without_libkmod_can_still_be_read() {
    let resolver = serde_json::from_str("\"text-files\"");
    assert_eq!(resolver.ok(), Some(ModuleResolver::Reader));
}
