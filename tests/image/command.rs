//! `sockdoctor image` as a build job runs it: its exit code, its report and its complaints.

use crate::program::{Ran, program, run};
use crate::scene::{RELEASE, Scene};
use crate::support::{folder, tar};
use roxmltree::Document;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// Compiled in, but for tcp_diag and inet_diag, which the scene has as files.
const CONFIG: &str = "CONFIG_UNIX_DIAG=y\nCONFIG_INET_DIAG=m\nCONFIG_INET_TCP_DIAG=m\n\
    CONFIG_INET_UDP_DIAG=y\nCONFIG_SYN_COOKIES=y\nCONFIG_MODULES=y\n";

/// A root with a kernel, the real modprobe, the real ss, and systemd.
pub(crate) fn healthy() -> Scene {
    without_systemd()
        .file("usr/lib/systemd/systemd-sysctl", b"")
        .file("usr/lib/systemd/systemd-modules-load", b"")
}

fn without_systemd() -> Scene {
    let own = |program: &str| fs::read(program).expect("installed");
    let builtin = format!("lib/modules/{RELEASE}/modules.builtin");
    let scene = Scene::new()
        .file("etc/os-release", b"ID=debian\nPRETTY_NAME=\"Debian\"\n")
        .file("sbin/modprobe", &own("/usr/bin/kmod"))
        .file("usr/bin/ss", &own("/usr/bin/ss"))
        .file(&format!("boot/vmlinuz-{RELEASE}"), b"a kernel")
        .file(&format!("boot/config-{RELEASE}"), CONFIG.as_bytes())
        .file(
            &builtin,
            b"kernel/net/unix/unix_diag.ko\nkernel/net/ipv4/udp_diag.ko\n",
        );
    scene.depmod();
    scene
}

/// With a rule that stops tcp_diag, in the third line.
pub(crate) fn blocked() -> Scene {
    healthy().etc("cis.conf", "# why\n#\ninstall tcp_diag /bin/true\n")
}

/// What the program says of a root.
pub(crate) fn judged(root: &Path, options: &[&str]) -> Ran {
    let root = root.display().to_string();
    run(&mut program(&[&["image", &root], options].concat()))
}

/// The report as JSON, held against the published schema.
pub(crate) fn document(root: &Path, options: &[&str]) -> Value {
    let ran = judged(root, &[&["--format=json"], options].concat());
    assert_eq!(ran.stderr, "");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let schema = run(&mut program(&["generate", "schema"])).stdout;
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(document["exit_code"].as_i64(), ran.code.map(i64::from));
    document
}

fn check<'a>(document: &'a Value, id: &str) -> &'a Value {
    let checks = document["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["id"] == id);
    found.unwrap_or_else(|| panic!("no check {id}"))
}

fn walks(document: &Value) -> [&str; 2] {
    ["tcp", "unix"].map(|walk| {
        document["verdict"][walk]["status"]
            .as_str()
            .expect("a word")
    })
}

#[test]
fn a_modprobe_that_nobody_may_run_loads_nothing() {
    let scene = healthy();
    let modprobe = scene.root().join("sbin/modprobe");
    fs::set_permissions(modprobe, fs::Permissions::from_mode(0o644)).expect("changed");
    assert_eq!(walks(&document(scene.root(), &[]))[0], "fail");
    let packed = scene.root().with_extension("tar");
    fs::write(&packed, tar(scene.root(), &[])).expect("written");
    assert_eq!(walks(&document(&packed, &[]))[0], "fail");
    fs::remove_file(packed).expect("removed");
}

#[test]
fn modules_are_disabled_by_any_spelling_of_one() {
    for spelling in ["0x1", "01 # now"] {
        let line = format!("kernel.modules_disabled = {spelling}\n");
        let scene = healthy().file("etc/sysctl.d/a.conf", line.as_bytes());
        assert_eq!(walks(&document(scene.root(), &[]))[0], "fail", "{spelling}");
    }
}

#[test]
fn a_kernel_that_takes_only_signed_modules_takes_no_others() {
    let config = format!("{CONFIG}CONFIG_MODULE_SIG_FORCE=y\n");
    let scene = healthy().file(&format!("boot/config-{RELEASE}"), config.as_bytes());
    let found = document(scene.root(), &[]);
    assert_eq!(walks(&found)[0], "fail");
    let tcp = check(&found, "tcp-diag").to_string();
    assert!(tcp.contains("is not signed"), "{tcp}");
}

#[test]
fn an_image_does_not_bring_the_policy_that_it_is_judged_by() {
    let waiver = "[[waivers]]\nid = \"tcp-diag\"\nreason = \"so\"\nexpires = 9999-12-31\n";
    let scene = blocked().file("sockdoctor.toml", waiver.as_bytes());
    assert_eq!(judged(scene.root(), &[]).code, Some(1));
    let inside = |options: &[&str]| {
        let arguments = [&["image", "."], options].concat();
        run(program(&arguments).current_dir(scene.root()))
    };
    let refused = inside(&[]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("lies in the image"),
        "{}",
        refused.stderr
    );
    assert_eq!(inside(&["--config=sockdoctor.toml"]).code, Some(0));
}

#[test]
fn a_kernel_without_a_name_is_not_no_kernel() {
    let found = document(folder(&[("boot/vmlinuz-linux", "a kernel")]).path(), &[]);
    assert_eq!(walks(&found), ["unknown", "unknown"]);
    assert_eq!(found["exit_code"], 4);
}

#[test]
fn a_helper_that_is_not_modprobe_promises_nothing() {
    let line = b"kernel.modprobe = /usr/bin/ss\n";
    let scene = healthy().file("etc/sysctl.d/a.conf", line);
    assert_eq!(walks(&document(scene.root(), &[]))[0], "unknown");
    let script = b"#!/bin/sh\n# kmod version 30\n";
    let scene = healthy().file("sbin/modprobe", script);
    assert_eq!(walks(&document(scene.root(), &[]))[0], "unknown");
}

#[test]
fn a_rule_that_the_modprobe_of_busybox_may_ignore_is_not_foretold() {
    let busybox = fs::read("/usr/bin/busybox").expect("installed");
    let scene = blocked().file("bin/busybox", &busybox);
    let modprobe = scene.root().join("sbin/modprobe");
    fs::remove_file(&modprobe).expect("removed");
    symlink("../bin/busybox", &modprobe).expect("a link");
    let packed = tempfile::NamedTempFile::new().expect("a file");
    fs::write(packed.path(), tar(scene.root(), &[])).expect("written");
    for place in [scene.root(), packed.path()] {
        let found = document(place, &[]);
        assert_eq!(walks(&found), ["unknown", "pass"]);
        assert_eq!(found["exit_code"], 4);
        let tcp = check(&found, "tcp-diag").to_string();
        assert!(tcp.contains("is not the modprobe of kmod"), "{tcp}");
    }
}

#[test]
fn what_a_wrapper_in_the_place_of_loading_does_is_not_foretold() {
    let scene = healthy().etc("a.conf", "install tcp_diag /usr/bin/wrap\n");
    let found = document(scene.root(), &[]);
    assert_eq!(walks(&found), ["unknown", "pass"]);
    assert_eq!(found["exit_code"], 4);
    let tcp = check(&found, "tcp-diag").to_string();
    assert!(tcp.contains("the command may load it"), "{tcp}");
}

#[test]
fn a_kernel_with_a_helper_of_its_own_does_not_run_modprobe() {
    let with = |program: &str| {
        let option = "CONFIG_STATIC_USERMODEHELPER";
        let config = format!("{CONFIG}{option}=y\n{option}_PATH=\"{program}\"\n");
        healthy().file(&format!("boot/config-{RELEASE}"), config.as_bytes())
    };
    let filtered = with("/sbin/usermode-helper");
    assert_eq!(walks(&document(filtered.root(), &[]))[0], "unknown");
    let none = with("");
    assert_eq!(walks(&document(none.root(), &[]))[0], "fail");
    let at_boot = b"inet_diag\ntcp_diag\n";
    let none = none.file("etc/modules-load.d/sock_diag.conf", at_boot);
    assert_eq!(walks(&document(none.root(), &[]))[0], "pass");
}

#[test]
fn a_root_where_ss_will_be_right_passes() {
    let scene = healthy();
    let ran = judged(scene.root(), &[]);
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{}", ran.stdout);
    assert_eq!(walks(&document(scene.root(), &[])), ["pass", "pass"]);
}

#[test]
fn a_rule_is_blamed_by_its_line_in_every_format() {
    let scene = blocked();
    let ran = judged(scene.root(), &[]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("/etc/modprobe.d/cis.conf:3"),
        "{}",
        ran.stdout
    );
    let found = document(scene.root(), &[]);
    assert_eq!(walks(&found), ["fail", "pass"]);
    assert_eq!(found["verdict"]["tcp"]["cause"], "tcp-diag");

    let log = judged(scene.root(), &["--format=sarif"]).stdout;
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let failed = results.iter().find(|result| result["ruleId"] == "tcp-diag");
    let place = &failed.expect("a result")["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "etc/modprobe.d/cis.conf");
    assert_eq!(place["region"]["startLine"], 3);

    let report = judged(scene.root(), &["--format=junit"]).stdout;
    let report = Document::parse(&report).expect("XML");
    let failures = report
        .descendants()
        .filter(|node| node.has_tag_name("failure"));
    let said: Vec<_> = failures.filter_map(|failure| failure.text()).collect();
    assert!(
        said.iter().any(|text| text.contains("cis.conf:3")),
        "{said:?}"
    );
}

#[test]
fn a_line_of_sysctl_d_is_blamed() {
    let scene = healthy().file("etc/sysctl.d/9.conf", b"\nnet.core.somaxconn = 64\n");
    let found = document(scene.root(), &[]);
    let somaxconn = check(&found, "somaxconn");
    assert_eq!(somaxconn["status"], "warn", "{somaxconn:#}");
    assert!(
        somaxconn.to_string().contains("/etc/sysctl.d/9.conf"),
        "{somaxconn:#}"
    );
    assert_eq!(judged(scene.root(), &["--fail-on=warn"]).code, Some(3));
    assert_eq!(judged(scene.root(), &[]).code, Some(0));
}

fn status_of(scene: &Scene, id: &str) -> String {
    let found = document(scene.root(), &[]);
    let status = check(&found, id)["status"].as_str();
    status.expect("a word").to_owned()
}

#[test]
fn a_value_that_the_kernel_does_not_take_is_not_foretold() {
    let line = "net.ipv4.tcp_syncookies = 256\n";
    let scene = healthy().file("etc/sysctl.d/9.conf", line.as_bytes());
    assert_eq!(status_of(&scene, "syncookies"), "unknown");

    let config = CONFIG.replace("CONFIG_SYN_COOKIES=y\n", "");
    let line = "net.ipv4.tcp_syncookies = 0\nnet.ipv4.tcp_max_syn_backlog = 16\n";
    let scene = healthy()
        .file(&format!("boot/config-{RELEASE}"), config.as_bytes())
        .file("etc/sysctl.d/9.conf", line.as_bytes());
    assert_eq!(status_of(&scene, "max-syn-backlog"), "skipped");
}

#[test]
fn without_systemd_only_what_holds_either_way_is_foretold() {
    let with = |text: &str| without_systemd().file("lib/sysctl.d/00-alpine.conf", text.as_bytes());
    let as_alpine = with("net.ipv4.tcp_syncookies = 1\n");
    assert_eq!(status_of(&as_alpine, "syncookies"), "pass");
    let (low, off) = (
        with("net.core.somaxconn = 64\n"),
        with("net.ipv4.tcp_syncookies = 0\n"),
    );
    assert_eq!(status_of(&low, "somaxconn"), "unknown");
    assert_eq!(status_of(&off, "syncookies"), "unknown");
    assert_eq!(status_of(&off, "tcp-diag"), "pass");
    let shut = with("kernel.modules_disabled = 1\n");
    assert_eq!(walks(&document(shut.root(), &[]))[0], "unknown");
    let emptied = with("kernel.modprobe =\n");
    assert_eq!(walks(&document(emptied.root(), &[]))[0], "unknown");
}

#[test]
fn what_a_boot_loader_may_set_is_not_certain() {
    let entry = b"options quiet sysctl.net/core/somaxconn=64 sysctl.kernel.modules_disabled=1\n";
    let scene = || healthy().file("boot/loader/entries/a.conf", entry);
    assert_eq!(status_of(&scene(), "somaxconn"), "unknown");
    assert_eq!(walks(&document(scene().root(), &[]))[0], "unknown");
    let set_again = scene().file("etc/sysctl.d/a.conf", b"net.core.somaxconn = 4096\n");
    assert_eq!(status_of(&set_again, "somaxconn"), "pass");
}

#[test]
fn what_lies_in_run_is_not_there_after_a_boot() {
    let scene = healthy()
        .file("run/modprobe.d/a.conf", b"install tcp_diag /bin/true\n")
        .file("run/sysctl.d/a.conf", b"kernel.modules_disabled = 1\n");
    assert_eq!(walks(&document(scene.root(), &[])), ["pass", "pass"]);
}

#[test]
fn a_policy_beside_the_image_is_applied() {
    let outside = folder(&[("sockdoctor.toml", "[limits]\nsomaxconn.min = 8192\n")]);
    let archive = outside.path().join("root.tar");
    fs::write(&archive, tar(healthy().root(), &[])).expect("written");
    assert_eq!(judged(&archive, &[]).code, Some(1));
    assert_eq!(judged(&archive, &["--config=/dev/null"]).code, Some(0));
}

#[test]
fn each_kernel_is_judged() {
    let scene = healthy()
        .file("lib/modules/6.9.0-other/modules.dep", b"")
        .file("boot/vmlinuz-6.9.0-other", b"a kernel");
    let found = document(scene.root(), &[]);
    let tcp = check(&found, "tcp-diag").to_string();
    assert!(
        tcp.contains("6.9.0-other") && tcp.contains(RELEASE),
        "{tcp}"
    );
    let kernels = found["promises"]["kernels"].as_array().expect("kernels");
    assert_eq!(kernels.len(), 2);
    assert_ne!(walks(&found)[0], "pass");
}

#[test]
fn what_a_container_image_has_is_judged_and_its_kernel_is_not() {
    let line = "net.ipv4.tcp_abort_on_overflow = 1\n";
    let scene = folder(&[("etc/sysctl.d/9.conf", line)]);
    fs::create_dir_all(scene.path().join("bin")).expect("made");
    fs::copy("/usr/bin/ss", scene.path().join("bin/ss")).expect("installed");
    let found = document(scene.path(), &[]);
    assert_eq!(walks(&found), ["skipped", "skipped"]);
    assert_eq!(check(&found, "tcp-diag")["status"], "skipped");
    assert_eq!(check(&found, "ss-installed")["status"], "pass");
    // In a container that systemd does not run, nothing applies it.
    assert_eq!(check(&found, "abort-on-overflow")["status"], "skipped");
    assert_eq!(found["exit_code"], 0);

    let helper = scene.path().join("usr/lib/systemd/systemd-sysctl");
    fs::create_dir_all(helper.parent().expect("a parent")).expect("made");
    fs::write(helper, "").expect("written");
    let found = document(scene.path(), &[]);
    assert_eq!(check(&found, "abort-on-overflow")["status"], "warn");
}

#[test]
fn a_root_of_which_nothing_could_be_judged_is_undecided() {
    let found = document(folder(&[]).path(), &[]);
    assert_eq!(found["exit_code"], 4);
    assert_eq!(walks(&found), ["skipped", "skipped"]);
    let statuses = found["checks"].as_array().expect("checks").iter();
    assert!(statuses.clone().all(|check| check["status"] == "skipped"));
}

#[test]
fn mistakes_get_one_line_and_exit_code_2() {
    let outside = folder(&[("notes", "no archive\n")]);
    let notes = outside.path().join("notes");
    let absent = outside.path().join("absent");
    for (root, options, says) in [
        (&*notes, &[][..], "is no tar archive"),
        (&absent, &[], "cannot be read"),
        (outside.path(), &["--only=accept-queue"], "accept-queue"),
        (outside.path(), &["--config=/absent"], "/absent"),
    ] {
        let ran = judged(root, options);
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{says}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}

#[test]
fn a_tar_through_a_pipe_tells_the_same() {
    let scene = blocked();
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(scene.root()).args(["--xz", "-c", "."]);
    let mut tar = tar.stdout(Stdio::piped()).spawn().expect("tar");
    let stream = tar.stdout.take().expect("a pipe");
    let ran = run(program(&["image", "-", "--format=json"]).stdin(stream));
    assert!(tar.wait().expect("ended").success());
    assert_eq!(ran.code, Some(1));
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(found["verdict"], document(scene.root(), &[])["verdict"]);
}
