//! Whether and how a module is there.

use crate::scene::{Scene, TCP};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use sockdoctor_checks::facts::{
    DiagModule, Fact, Gap, ModuleFacts, ModuleResolver, Modules, Presence, RuleKind, Why,
};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
    assert_eq!(presence.value(), Some(&Presence::NoModuleSupport));
    assert_eq!(
        presence.gaps().len(),
        1,
        "its configuration says what is built in"
    );
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

/// What anybody but root finds, whoever resolves it.
fn by_nobody(scene: &Scene, look: impl Fn(&Fact<Modules>) + Sync) {
    let nobody = Uid::from_raw(65534);
    let look_as_nobody = || {
        set_thread_res_uid(nobody, nobody, nobody).expect("these tests need root");
        look(&scene.modules_by(ModuleResolver::Reader));
        if cfg!(feature = "libkmod") {
            look(&scene.modules_by(ModuleResolver::Libkmod));
        }
    };
    let ended = std::thread::scope(|scope| scope.spawn(look_as_nobody).join());
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn only_for_root(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("a mode");
}

fn readable_by_anybody() -> Scene {
    let scene = Scene::new();
    fs::set_permissions(scene.root(), fs::Permissions::from_mode(0o755)).expect("a mode");
    scene
}

fn needs_root(gap: &Gap) -> bool {
    matches!(&gap.why, Why::Denied { needs } if needs == "root")
}

fn tcp(modules: &Fact<Modules>) -> &ModuleFacts {
    let modules = modules.value().expect("modules");
    modules.get(DiagModule::TcpDiag).expect("an entry")
}

#[test]
fn a_tree_that_only_root_may_look_at_is_not_gone() {
    let scene = readable_by_anybody().etc("a.conf", "install tcp_diag /bin/false\n");
    by_nobody(&scene, |modules| assert!(modules.gaps().is_empty()));
    only_for_root(scene.tree().parent().expect("a parent"));
    by_nobody(&scene, |modules| {
        assert!(needs_root(&modules.gaps()[0]), "{modules:?}");
        let tcp = tcp(modules);
        assert!(matches!(&tcp.presence, Fact::Missing(gap) if needs_root(gap)));
        let rules = tcp.rules.value().expect("those of modprobe.d");
        assert_eq!(rules[0].text, "install tcp_diag /bin/false");
    });
}

#[test]
fn what_is_in_a_tree_that_only_root_may_read_is_not_known() {
    for hidden in ["", "kernel", ALIASES, DEPENDENCIES] {
        let scene = readable_by_anybody();
        only_for_root(&scene.in_tree(hidden));
        by_nobody(&scene, |modules| {
            let presence = &tcp(modules).presence;
            let is_hidden = matches!(presence, Fact::Missing(gap) if needs_root(gap));
            assert!(is_hidden, "{hidden}: {presence:?}");
        });
    }
}

#[test]
fn a_loaded_module_whose_file_only_root_may_see_is_loaded() {
    let line = "tcp_diag 16384 0 - Live 0x0\n";
    for hidden in ["..", "", "kernel", ALIASES] {
        let scene = readable_by_anybody().proc("modules", line);
        only_for_root(&scene.in_tree(hidden));
        by_nobody(&scene, |modules| {
            let presence = &tcp(modules).presence;
            let expected = Presence::Loaded { file: None };
            assert_eq!(presence.value(), Some(&expected), "{hidden}");
            assert!(needs_root(&presence.gaps()[0]), "{hidden}");
        });
    }
}

#[test]
fn a_tree_of_another_root_is_not_that_of_the_kernel() {
    let mut scene = Scene::new();
    scene.of_the_host = false;
    let modules = scene.modules_by(ModuleResolver::Reader);
    assert_eq!(modules.value().expect("modules").tree, None);
    assert_eq!(modules.gaps().len(), 1);
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
