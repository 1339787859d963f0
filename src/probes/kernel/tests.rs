use super::*;
use crate::probes::initial;
use crate::probes::testing::{self, write};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

/// A root with the files that every test needs: a process 1 with the observer's root.
fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let mounts = "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
    let root = testing::root(&[
        ("proc/1/mountinfo", mounts),
        ("proc/self/mountinfo", mounts),
    ]);
    for (path, text) in files {
        write(root.path(), path, text);
    }
    fs::create_dir_all(root.path().join("proc/self/ns")).expect("a directory");
    symlink(initial::PID, root.path().join("proc/self/ns/pid")).expect("a link");
    root
}

fn kernel(root: &tempfile::TempDir) -> Kernel {
    let release = "6.1.0-50";
    let config = config(root.path(), release);
    collect_under(root.path(), release.to_owned(), config)
}

fn modprobe_of(root: &tempfile::TempDir) -> Runnable {
    let fact = kernel(root).modprobe;
    fact.value().expect("a helper").runnable
}

#[test]
fn the_configuration_of_the_running_kernel_comes_before_files_that_are_named_after_it() {
    let root = root(&[("boot/config-6.1.0-50", "CONFIG_INET_TCP_DIAG=m\n")]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let text = "# CONFIG_UNIX_DIAG is not set\nCONFIG_INET_TCP_DIAG=y\nCONFIG_NET=y\n";
    gzip.write_all(text.as_bytes()).expect("compressed");
    write(
        root.path(),
        "proc/config.gz",
        gzip.finish().expect("compressed"),
    );

    let config = kernel(&root).config;
    let config = config.value().expect("a configuration");
    assert!(config.source.ends_with("/proc/config.gz"));
    let options: Vec<_> = config.options.iter().collect();
    let (name, value) = ("CONFIG_INET_TCP_DIAG".to_owned(), "y".to_owned());
    assert_eq!(options, [(&name, &value)]);
}

#[test]
fn the_configuration_may_lie_in_the_module_tree() {
    let root = root(&[("usr/lib/modules/6.1.0-50/config", "CONFIG_MODULES=y\n")]);
    let config = kernel(&root).config;
    let config = config.value().expect("a configuration");
    assert_eq!(config.get("CONFIG_MODULES"), Some("y"));
    assert!(config.source.ends_with("usr/lib/modules/6.1.0-50/config"));
}

#[test]
fn the_configuration_of_another_release_is_not_taken() {
    let root = root(&[("boot/config-6.1.0-49", "CONFIG_MODULES=y\n")]);
    let config = kernel(&root).config;
    assert!(matches!(config, Fact::Missing(gap) if gap.why == Why::Absent));
}

#[test]
fn a_damaged_configuration_is_a_gap() {
    let root = root(&[("proc/config.gz", "no gzip")]);
    let config = kernel(&root).config;
    assert!(matches!(config, Fact::Missing(gap) if gap.why != Why::Absent));
}

#[test]
fn the_helper_is_looked_up_and_its_mode_read() {
    let root = root(&[
        ("proc/sys/kernel/modprobe", "/sbin/modprobe\n"),
        ("sbin/modprobe", ""),
    ]);
    let program = root.path().join("sbin/modprobe");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    assert_eq!(modprobe_of(&root), Runnable::Yes);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).expect("a mode");
    assert_eq!(modprobe_of(&root), Runnable::NotExecutable);
    fs::remove_file(&program).expect("removed");
    assert_eq!(modprobe_of(&root), Runnable::Missing);
}

#[test]
fn an_empty_helper_is_empty_and_an_absent_one_is_absent() {
    let set = root(&[("proc/sys/kernel/modprobe", "\n")]);
    assert_eq!(modprobe_of(&set), Runnable::Empty);
    let fact = kernel(&root(&[])).modprobe;
    assert!(matches!(fact, Fact::Missing(gap) if gap.why == Why::Absent));
}

#[test]
fn a_kernel_that_was_built_for_another_helper_does_not_run_that_of_the_sysctl() {
    let with = |program: &str| {
        let option = "CONFIG_STATIC_USERMODEHELPER";
        let config = format!("{option}=y\n{option}_PATH=\"{program}\"\n");
        let root = root(&[
            ("proc/sys/kernel/modprobe", "/sbin/modprobe\n"),
            ("boot/config-6.1.0-50", &config),
        ]);
        kernel(&root)
    };
    let other = with("/sbin/usermode-helper").modprobe;
    assert!(matches!(other, Fact::Missing(gap) if gap.to_string().contains("usermode-helper")));
    let none = with("");
    let config = none.config.value().expect("a configuration");
    assert_eq!(config.static_helper(), Some(""));
    assert!(none.modprobe.value().is_some());
}

#[test]
fn in_a_container_the_helper_is_that_of_another_root() {
    let overlay = "27 1 0:55 / / rw - overlay overlay rw\n";
    let root = root(&[
        ("proc/sys/kernel/modprobe", "/sbin/modprobe\n"),
        ("proc/self/mountinfo", overlay),
    ]);
    assert_eq!(modprobe_of(&root), Runnable::OtherRoot);
}

#[test]
fn where_process_1_is_hidden_the_helper_is_known_in_part() {
    let root = root(&[("proc/sys/kernel/modprobe", "/sbin/modprobe\n")]);
    fs::remove_dir_all(root.path().join("proc/1")).expect("removed");
    let fact = kernel(&root).modprobe;
    assert!(matches!(fact, Fact::Partial { value, .. } if value.runnable == Runnable::Missing));
}

#[test]
fn switches_are_read_and_nonsense_is_malformed() {
    let root = root(&[
        ("proc/sys/kernel/modules_disabled", "1\n"),
        (
            "sys/kernel/security/lockdown",
            "none [integrity] confidentiality\n",
        ),
        ("sys/module/module/parameters/sig_enforce", "maybe\n"),
    ]);
    let kernel = kernel(&root);
    assert_eq!(kernel.modules_disabled, Fact::Known(true));
    assert_eq!(kernel.lockdown, Fact::Known("integrity".to_owned()));
    let enforced = kernel.signatures_enforced;
    assert!(matches!(enforced, Fact::Missing(gap) if matches!(gap.why, Why::Malformed(_))));
}
