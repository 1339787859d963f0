//! The same module trees as parts of an image that does not run.

use crate::scene::{INET, Scene, TCP, anonymous, object, run};
use sockdoctor::probes::modules::collect_image;
use sockdoctor::root::Directory;
use sockdoctor_checks::facts::{
    DiagModule, Errno, Fact, ModuleFacts, ModuleResolver, Presence, Why,
};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// kmod 30 as Debian 12 has it, and kmod 34 as Debian 13 has it, as far as they are looked at.
const KMOD_30: &[u8] = b"\x7fELF\0kmod version 30\0/etc/modprobe.d\0/usr/local/lib/modprobe.d\0";
const KMOD_34: &[u8] =
    b"\x7fELF\0kmod version 34\0/usr/local/lib/modprobe.d\0/usr/lib/modprobe.d\0";

/// What is said of `module` when the scene is an image.
fn judged(scene: &Scene, module: DiagModule) -> ModuleFacts {
    let root = Directory::open(scene.root()).expect("a root");
    let tree = Path::new("/").join(scene.tree().strip_prefix(scene.root()).expect("inside"));
    let modules = collect_image(&root, &scene.kernel(), &tree);
    let modules = modules.value().expect("a tree");
    assert_eq!(modules.resolver, ModuleResolver::Reader);
    modules.get(module).expect("every diag module").clone()
}

fn with_modprobe(program: &[u8]) -> Scene {
    Scene::new().file("sbin/modprobe", program)
}

/// `text place` of each rule.
fn rules(scene: &Scene) -> Vec<String> {
    let rules = judged(scene, DiagModule::TcpDiag).rules;
    let Fact::Known(rules) = rules else {
        panic!("decided: {rules:?}");
    };
    let place = |place: &sockdoctor_checks::facts::Place| place.to_string();
    let shown = rules.iter().map(|rule| {
        let place = rule.place.as_ref().map(place).expect("a place");
        format!("{} {place}", rule.text)
    });
    shown.collect()
}

#[test]
fn files_are_named_as_the_machine_that_boots_names_them() {
    let scene = with_modprobe(KMOD_30);
    let file = format!("/lib/modules/{}/{TCP}", crate::scene::RELEASE);
    let shipped = Fact::Known(Presence::Shipped { file: file.clone() });
    let tcp = judged(&scene, DiagModule::TcpDiag);
    assert_eq!(
        (tcp.presence, tcp.rules),
        (shipped, Fact::Known(Vec::new()))
    );
    let unix = judged(&scene, DiagModule::UnixDiag).presence;
    assert!(matches!(unix.value(), Some(Presence::BuiltIn { evidence })
        if evidence.starts_with("/lib/modules/")));

    fs::remove_file(scene.in_tree(TCP)).expect("removed");
    let gone = Fact::Known(Presence::FileGone { file });
    assert_eq!(judged(&scene, DiagModule::TcpDiag).presence, gone);
}

#[test]
fn what_the_configuration_of_its_kernel_lacks_was_not_built() {
    let scene = with_modprobe(KMOD_30).config(&[("CONFIG_INET_TCP_DIAG", "m")]);
    let presence = |module| judged(&scene, module).presence.value().cloned();
    let raw = presence(DiagModule::RawDiag);
    assert!(
        matches!(raw, Some(Presence::NotConfigured { .. })),
        "{raw:?}"
    );
    fs::remove_dir_all(scene.tree()).expect("removed");
    assert!(matches!(
        presence(DiagModule::RawDiag),
        Some(Presence::NotConfigured { .. })
    ));
    assert_eq!(presence(DiagModule::TcpDiag), None);
}

#[test]
fn rules_have_their_place_inside_the_image() {
    let scene = with_modprobe(KMOD_30).etc("a.conf", "\nblacklist tcp-diag\n");
    assert_eq!(
        rules(&scene),
        ["blacklist tcp-diag /etc/modprobe.d/a.conf:2"]
    );
    let masked = scene.file("run/modprobe.d/z.conf", b"install tcp_diag /bin/true\n");
    symlink("/dev/null", masked.etc_path("z.conf")).expect("a link");
    assert_eq!(rules(&masked).len(), 1);
}

#[test]
fn which_directories_count_is_asked_of_the_modprobe_of_the_image() {
    let apart = |program| with_modprobe(program).usr("a.conf", "blacklist tcp_diag\n");
    assert_eq!(rules(&apart(KMOD_30)), [""; 0]);
    assert_eq!(
        rules(&apart(KMOD_34)),
        ["blacklist tcp_diag /usr/lib/modprobe.d/a.conf:1"]
    );

    let local = |program: &[u8]| {
        with_modprobe(program).file("usr/local/lib/modprobe.d/a.conf", b"blacklist tcp_diag\n")
    };
    assert_eq!(rules(&local(KMOD_30)).len(), 1);
    assert_eq!(rules(&local(b"\x7fELF\0kmod version 28\0")), [""; 0]);

    let named = |program| with_modprobe(program).etc("a.alias", "blacklist tcp_diag\n");
    assert_eq!(rules(&named(KMOD_30)).len(), 1);
    assert_eq!(rules(&named(KMOD_34)), [""; 0]);
}

#[test]
fn with_a_merged_usr_the_two_directories_are_one() {
    let scene = Scene::new();
    fs::rename(scene.root().join("lib"), scene.root().join("usr")).expect("moved");
    fs::create_dir(scene.root().join("away")).expect("a directory");
    fs::rename(scene.root().join("usr"), scene.root().join("away/lib")).expect("moved");
    fs::rename(scene.root().join("away"), scene.root().join("usr")).expect("moved");
    symlink("usr/lib", scene.root().join("lib")).expect("a link");
    let scene = scene
        .file("sbin/modprobe", KMOD_30)
        .usr("a.conf", "blacklist tcp_diag\n");
    assert_eq!(
        rules(&scene),
        ["blacklist tcp_diag /usr/lib/modprobe.d/a.conf:1"]
    );
}

#[test]
fn another_modprobe_than_that_of_kmod_leaves_the_rules_open() {
    let scene =
        with_modprobe(b"BusyBox v1.36\0/etc/modprobe.d\0").etc("a.conf", "blacklist tcp_diag\n");
    let tcp = judged(&scene, DiagModule::TcpDiag);
    assert!(matches!(
        tcp.presence,
        Fact::Known(Presence::Shipped { .. })
    ));
    let Fact::Missing(gap) = tcp.rules else {
        panic!("not known: {:?}", tcp.rules);
    };
    assert!(matches!(gap.why, Why::Unsupported(_)), "{gap}");
    let built_in = judged(&scene, DiagModule::UnixDiag).rules;
    assert_eq!(built_in, Fact::Known(Vec::new()));
    let none = judged(&Scene::new(), DiagModule::TcpDiag).rules;
    assert_eq!(none.gaps()[0].why, Why::Absent);
}

/// Whether it is certain that these lines stop tcp_diag.
fn is_certain(lines: &str) -> bool {
    match judged(
        &with_modprobe(KMOD_30).etc("a.conf", lines),
        DiagModule::TcpDiag,
    )
    .rules
    {
        Fact::Known(rules) => !rules.is_empty(),
        Fact::Partial { value, gaps } => {
            let why = gaps[0].to_string();
            assert!(why.ends_with(", and only running it would tell"), "{why}");
            !value.is_empty()
        }
        Fact::Missing(gap) => panic!("known: {gap}"),
    }
}

#[test]
fn a_command_is_certain_to_stop_a_module_only_where_it_can_load_nothing() {
    for command in [
        "/bin/true",
        "/usr/bin/false x # y",
        ":",
        "echo no; exit 1",
        "logger -t modprobe.d off & /bin/false",
        "printf x || true;",
    ] {
        let line = format!("install tcp_diag {command}\n");
        assert!(is_certain(&line), "{command}");
    }
    for command in [
        "/usr/bin/wrap",
        "/bin/sh -c 'exit 0'",
        "/bin/true; /usr/bin/wrap",
        "false || wrap",
        "echo $(wrap)",
        "echo `wrap`",
        "/sbin/modprobe -i tcp_diag",
    ] {
        for name in ["tcp_diag", "inet_diag", "net-pf-16-proto-4-type-2-6"] {
            let line = format!("install {name} {command}\n");
            assert!(!is_certain(&line), "{line}");
        }
    }
    let (stops, wraps) = (
        "install tcp_diag /bin/true\n",
        "install tcp_diag /usr/bin/wrap\n",
    );
    assert!(is_certain(&[stops, wraps].concat()));
    assert!(!is_certain(&[wraps, stops].concat()));
}

#[test]
fn another_modprobe_may_find_what_is_in_no_index_of_kmod() {
    let presence = |program: &[u8]| {
        let scene = with_modprobe(program);
        for index in ["modules.alias.bin", "modules.dep.bin"] {
            fs::remove_file(scene.in_tree(index)).expect("removed");
        }
        judged(&scene, DiagModule::TcpDiag).presence
    };
    let of_kmod = presence(KMOD_30);
    assert!(
        matches!(of_kmod, Fact::Known(Presence::NotIndexed { .. })),
        "{of_kmod:?}"
    );
    assert_eq!(presence(b"BusyBox v1.36").gaps()[0].what, "/sbin/modprobe");
}

#[test]
fn a_file_that_its_kernel_will_not_take_is_told_before_it_boots() {
    let judged_with = |bytes: &[u8]| {
        let scene = with_modprobe(KMOD_30);
        fs::write(scene.in_tree(TCP), bytes).expect("written");
        judged(&scene, DiagModule::TcpDiag).presence
    };
    let why = |bytes: &[u8]| match judged_with(bytes) {
        Fact::Known(Presence::Unloadable { why, .. }) => why,
        other => panic!("unloadable: {other:?}"),
    };
    assert_eq!(why(b""), "is empty");
    assert_eq!(why(&[0; 64]), "is no ELF file");
    let scene = Scene::new();
    let whole = fs::read(scene.in_tree(TCP)).expect("a module");
    assert!(why(&whole[..whole.len() / 2]).starts_with("is damaged"));
    assert!(why(&object("5.10.0-9-amd64 SMP mod_unload ")).starts_with("was built for 5.10"));
    // By its symbols it may fit.
    let open = judged_with(&object("5.10.0-9-amd64 SMP mod_unload modversions "));
    assert!(
        matches!(
            open,
            Fact::Partial {
                value: Presence::Shipped { .. },
                ..
            }
        ),
        "{open:?}"
    );
}

#[test]
fn a_module_without_what_it_needs_does_not_load() {
    let scene = with_modprobe(KMOD_30);
    let file = format!("/lib/modules/{}/{INET}", crate::scene::RELEASE);
    fs::write(scene.in_tree(INET), b"").expect("written");
    let empty = judged(&scene, DiagModule::TcpDiag).presence;
    assert!(
        matches!(empty.value(), Some(Presence::Unloadable { file: own, .. }) if *own == file),
        "{empty:?}"
    );
    fs::remove_file(scene.in_tree(INET)).expect("removed");
    let gone = Fact::Known(Presence::NeededFileGone { file });
    assert_eq!(judged(&scene, DiagModule::TcpDiag).presence, gone);
}

#[test]
fn a_module_for_other_processors_or_under_another_name_is_seen() {
    let scene =
        with_modprobe(KMOD_30).config(&[("CONFIG_ARM64", "y"), ("CONFIG_INET_TCP_DIAG", "m")]);
    let why = |scene: &Scene| match judged(scene, DiagModule::TcpDiag).presence {
        Fact::Known(Presence::Unloadable { why, errno, .. }) => (why, errno),
        other => panic!("unloadable: {other:?}"),
    };
    let (foreign, errno) = why(&scene);
    assert!(
        foreign.ends_with("processors, and the kernel is for Aarch64"),
        "{foreign}"
    );
    assert_eq!(errno, Some(Errno::ENOEXEC));

    let scene = with_modprobe(KMOD_30);
    let mut small = fs::read(scene.in_tree(TCP)).expect("a module");
    // EM_S390 in e_machine; its sibling shows what the kernel is for.
    small[18] = 22;
    fs::write(scene.in_tree(TCP), small).expect("written");
    assert!(why(&scene).0.contains("processors"));

    let no_module = scene.root().join("x.c");
    fs::write(
        &no_module,
        "char x[4] __attribute__((section(\".modinfo\"))) = \"a=b\";",
    )
    .expect("written");
    run(Command::new("cc")
        .arg("-c")
        .arg(&no_module)
        .arg("-o")
        .arg(scene.in_tree(TCP)));
    assert_eq!(why(&scene).0, "is no module, but another ELF file");

    let dummy = object(&format!(
        "{} SMP mod_unload modversions \\0name=dummy",
        crate::scene::RELEASE
    ));
    fs::write(scene.in_tree(TCP), dummy).expect("written");
    assert_eq!(why(&scene).0, "is another module, dummy");
}

#[test]
fn a_tree_and_a_configuration_that_differ_are_not_believed() {
    let said = |module, options: &[(&str, &str)]| {
        let scene = with_modprobe(KMOD_30).config(options);
        let presence = judged(&scene, module).presence;
        let gap = |gap: &sockdoctor_checks::facts::Gap| matches!(gap.why, Why::Inconsistent(_));
        presence.value().is_none() && presence.gaps().iter().all(gap)
    };
    let (modules, tcp) = (("CONFIG_MODULES", "y"), ("CONFIG_INET_TCP_DIAG", "m"));
    assert!(!said(DiagModule::TcpDiag, &[modules, tcp]));
    assert!(said(DiagModule::TcpDiag, &[tcp]));
    assert!(said(DiagModule::TcpDiag, &[modules]));
    assert!(!said(
        DiagModule::UnixDiag,
        &[modules, ("CONFIG_UNIX_DIAG", "y")]
    ));
    assert!(said(
        DiagModule::UnixDiag,
        &[modules, ("CONFIG_UNIX_DIAG", "m")]
    ));
}

#[test]
fn what_the_boot_loader_may_say_of_a_module_leaves_it_open() {
    let rules = |path: &str, text: &str| {
        let scene = with_modprobe(KMOD_30).file(path, text.as_bytes());
        judged(&scene, DiagModule::TcpDiag).rules
    };
    let grub = "set x\n\tlinux /boot/vmlinuz quiet module_blacklist=x,inet_diag\n";
    let gaps = rules("boot/grub/grub.cfg", grub);
    assert_eq!(gaps.gaps()[0].what, "/boot/grub/grub.cfg:2");
    for (path, text) in [
        (
            "etc/default/grub",
            "GRUB_CMDLINE_LINUX=\"modprobe.blacklist=tcp_diag\"",
        ),
        (
            "boot/loader/entries/a.conf",
            "options ro module_blacklist=tcp_diag",
        ),
    ] {
        assert_eq!(rules(path, text).gaps().len(), 1, "{path}");
    }
    for text in ["# module_blacklist=tcp_diag", "module_blacklist=udp_diag"] {
        assert_eq!(rules("etc/kernel/cmdline", text), Fact::Known(Vec::new()));
    }
}

#[test]
fn a_module_that_names_no_kernel_is_not_sure_to_load() {
    let scene = with_modprobe(KMOD_30);
    fs::write(scene.in_tree(TCP), anonymous()).expect("written");
    let presence = judged(&scene, DiagModule::TcpDiag).presence;
    assert_eq!(presence.gaps().len(), 1, "{presence:?}");
}

#[test]
fn of_many_rules_the_first_are_listed_and_the_others_counted() {
    let many: String = (0..20_000)
        .map(|n| format!("install tcp_diag /bin/false {n}\n"))
        .collect();
    let scene = with_modprobe(KMOD_30).etc("a.conf", &many);
    let Fact::Known(rules) = judged(&scene, DiagModule::TcpDiag).rules else {
        panic!("decided");
    };
    assert_eq!(rules.len(), 8);
    assert_eq!(rules[7].unlisted, 19_992);
}

#[test]
fn the_flags_of_another_module_of_the_kernel_decide_whether_a_foreign_one_fits() {
    let scene = with_modprobe(KMOD_30);
    let own = format!("{} SMP mod_unload modversions ", crate::scene::RELEASE);
    fs::write(scene.in_tree(INET), object(&own)).expect("written");
    let foreign = object("9.1 UMP mod_unload modversions ");
    fs::write(scene.in_tree(TCP), foreign).expect("written");
    let presence = judged(&scene, DiagModule::TcpDiag).presence;
    assert!(
        matches!(presence, Fact::Known(Presence::Unloadable { .. })),
        "{presence:?}"
    );
}

#[test]
fn a_packed_module_is_unpacked() {
    for packer in ["xz", "zstd"] {
        let scene = with_modprobe(KMOD_30);
        let file = scene.in_tree(TCP);
        fs::write(&file, object("9.1 SMP ")).expect("written");
        run(Command::new(packer).arg("-q").arg(&file));
        let _ = fs::remove_file(&file);
        scene.depmod();
        let presence = judged(&scene, DiagModule::TcpDiag).presence;
        assert!(
            matches!(presence.value(), Some(Presence::Unloadable { why, .. })
            if why.starts_with("was built for 9.1")),
            "{packer}: {presence:?}"
        );
    }
}

/// modules.dep.bin with one line, about tcp_diag.
fn index_of(line: &str) -> Vec<u8> {
    const HAS_PREFIX_AND_VALUES: u32 = 0xc000_0000;
    let header = [0xb007_f457, 0x0002_0001, HAS_PREFIX_AND_VALUES | 12];
    let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_be_bytes).collect();
    bytes.extend(b"tcp_diag\0");
    bytes.extend([1, 0].into_iter().flat_map(u32::to_be_bytes));
    bytes.extend(line.as_bytes());
    bytes.push(0);
    bytes
}

#[test]
fn a_module_that_needs_more_modules_than_make_sense_is_not_followed() {
    let scene = with_modprobe(KMOD_30);
    let needs = |number: usize| {
        let needed = " kernel/net/ipv4/tcp_diag.ko".repeat(number);
        let line = format!("kernel/net/ipv4/tcp_diag.ko:{needed}");
        fs::write(scene.in_tree("modules.dep.bin"), index_of(&line)).expect("an index");
        judged(&scene, DiagModule::TcpDiag)
    };
    let few = needs(200);
    assert!(
        matches!(few.presence, Fact::Known(Presence::Shipped { .. })),
        "{few:?}"
    );
    let Fact::Missing(gap) = needs(100_000).presence else {
        panic!("followed");
    };
    assert!(
        gap.to_string().contains("needs more than 256 modules"),
        "{gap}"
    );
}

#[test]
fn a_damaged_index_is_named_with_the_place() {
    for (index, end) in [("modules.alias.bin", 20), ("modules.dep.bin", 11)] {
        let scene = with_modprobe(KMOD_30);
        let bytes = fs::read(scene.in_tree(index)).expect("an index");
        fs::write(scene.in_tree(index), &bytes[..end]).expect("cut");
        let presence = judged(&scene, DiagModule::TcpDiag).presence;
        let Fact::Missing(gap) = presence else {
            panic!("not known: {presence:?}");
        };
        assert!(gap.what.ends_with(index), "{gap}");
        assert!(gap.to_string().contains("at byte"), "{gap}");
    }
}
