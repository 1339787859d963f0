use super::*;
use crate::probes::testing::{opened, root};
use proptest::prelude::*;
use std::os::unix::fs::symlink;

/// `key=value file:line` of everything that the next boot would set.
fn boot(root: &tempfile::TempDir) -> Vec<String> {
    let fact = collect(&opened(root));
    assert_eq!(fact.gaps(), [], "nothing is hidden");
    let settings = fact.value().expect("settings");
    let show = |set: &BootSysctl| format!("{}={} {}", set.key, set.value, set.place);
    settings.iter().map(show).collect()
}

fn settings(files: &[(&str, &str)]) -> Vec<String> {
    boot(&root(files))
}

#[test]
fn the_last_file_by_name_wins_whatever_its_directory() {
    let won = settings(&[
        ("etc/sysctl.d/10-a.conf", "net.core.somaxconn=1"),
        ("usr/lib/sysctl.d/50-b.conf", "net.core.somaxconn=2"),
        ("run/sysctl.d/20-c.conf", "net.core.somaxconn=3"),
    ]);
    assert_eq!(won, ["net.core.somaxconn=2 /usr/lib/sysctl.d/50-b.conf:1"]);
}

#[test]
fn the_same_name_in_etc_hides_the_file_in_usr() {
    let files = [
        ("usr/lib/sysctl.d/50-b.conf", "net.core.somaxconn=2"),
        (
            "etc/sysctl.d/50-b.conf",
            "# nothing\n\nkernel.modprobe = /x\n",
        ),
    ];
    let won = settings(&files);
    assert_eq!(won, ["kernel.modprobe=/x /etc/sysctl.d/50-b.conf:3"]);
}

#[test]
fn a_link_to_dev_null_hides_a_file() {
    let root = root(&[("usr/lib/sysctl.d/50-b.conf", "net.core.somaxconn=2")]);
    let etc = root.path().join("etc/sysctl.d");
    std::fs::create_dir_all(&etc).expect("a directory");
    symlink("/dev/null", etc.join("50-b.conf")).expect("a link");
    assert_eq!(boot(&root), [""; 0]);
}

#[test]
fn keys_may_be_written_with_slashes_and_a_leading_minus() {
    let text = "-net/ipv4/tcp_syncookies = 2 \n ; net.core.somaxconn=9\nno assignment\n";
    let won = settings(&[("etc/sysctl.d/a.conf", text)]);
    assert_eq!(won, ["net.ipv4.tcp_syncookies=2 /etc/sysctl.d/a.conf:1"]);
}

#[test]
fn a_named_key_wins_over_a_later_glob() {
    let text = "net.core.somaxconn=1\nnet.core.*=7\n";
    let won = settings(&[("etc/sysctl.d/a.conf", text)]);
    assert_eq!(won, ["net.core.somaxconn=1 /etc/sysctl.d/a.conf:1"]);
}

#[test]
fn the_last_glob_sets_what_no_line_names() {
    let text = "net.core.*=7\nnet.*.somaxconn=8\nnet.*=9\n";
    let won = settings(&[("etc/sysctl.d/a.conf", text)]);
    assert_eq!(won, ["net.core.somaxconn=8 /etc/sysctl.d/a.conf:2"]);
}

#[test]
fn a_key_taken_out_of_the_globs_is_not_set() {
    let text = "net.core.somaxconn=3\nnet.core.*=7\n-net.core.somaxconn\n";
    assert_eq!(settings(&[("etc/sysctl.d/a.conf", text)]), [""; 0]);
}

#[test]
fn etc_sysctl_conf_counts_through_a_link_only() {
    let root = root(&[
        ("etc/sysctl.d/.keep", ""),
        ("etc/sysctl.conf", "net.core.somaxconn=5\n"),
    ]);
    let alone = collect(&opened(&root));
    assert_eq!(alone.value(), Some(&Vec::new()));
    let gap = alone.gaps()[0].to_string();
    let expected = "net.core.somaxconn = 5 at /etc/sysctl.conf:1: not supported: \
                    systemd does not read this file, and `sysctl --system` reads it last";
    assert_eq!(gap, expected);

    let link = root.path().join("etc/sysctl.d/99-sysctl.conf");
    symlink("../sysctl.conf", link).expect("a link");
    let won = ["net.core.somaxconn=5 /etc/sysctl.d/99-sysctl.conf:1"];
    assert_eq!(boot(&root), won);
}

#[test]
fn a_pipe_is_a_gap_and_is_not_waited_for() {
    let root = root(&[("etc/sysctl.d/a.conf", "net.core.somaxconn=5\n")]);
    let pipe = root.path().join("etc/sysctl.d/b.conf");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0)
        .expect("a pipe");
    let fact = collect(&opened(&root));
    assert_eq!(fact.value().map(Vec::len), Some(1));
    assert_eq!(fact.gaps().len(), 1);
}

/// What a file of sysctl.d sets somaxconn to.
fn somaxconn(text: &str) -> Option<String> {
    let mut assignments = Assignments::new();
    assignments.read(Path::new("/x"), text.as_bytes());
    let (won, unknown) = assignments.winners();
    assert_eq!(unknown, [], "{text}");
    won.into_iter().map(|setting| setting.value).next()
}

// Each of these was tried with systemd-sysctl 252.
#[test]
fn keys_are_spelled_in_many_ways() {
    for text in [
        "net..core.somaxconn=7",
        "net//core/./somaxconn/=7",
        "/net/core/somaxconn=7",
        "- net.core.somaxconn = 7",
        "# x\rnet.core.somaxconn=7\r# y",
        "# x\0net.core.somaxconn=7\0",
        "net.core.{somaxconn,[x]}=7",
        "net.core.soma[[:alpha:]]conn=7",
        "net.core.soma[^a]conn=7",
        "net.core..soma[!a]conn=7",
    ] {
        assert_eq!(somaxconn(text).as_deref(), Some("7"), "{text}");
    }
    for text in [
        "net.core.{somaxconn,x}=7",
        "net.core.somaxconn\u{b}=7",
        "net.core.somaxconn\u{a0}=7",
        "--net.core.somaxconn=7",
        "net.core/somaxconn=7",
    ] {
        assert_eq!(somaxconn(text), None, "{text}");
    }
}

#[test]
fn a_line_that_is_too_long_ends_its_file() {
    let text = |longest: usize| {
        format!(
            "net.core.somaxconn=7\n#{}\nnet.core.somaxconn=8\n",
            "x".repeat(longest - 1)
        )
    };
    assert_eq!(somaxconn(&text((1 << 20) - 1)).as_deref(), Some("8"));
    assert_eq!(somaxconn(&text(1 << 20)).as_deref(), Some("7"));
}

#[test]
fn a_line_that_is_not_understood_is_named_and_many_are_counted() {
    let costly = format!("net.core.*{}=1\n", "{a,b}".repeat(1000));
    let text = format!("net/../net/core/somaxconn=1\n{}", costly.repeat(20));
    let root = root(&[("etc/sysctl.d/a.conf", &text)]);
    let gaps: Vec<String> = collect(&opened(&root))
        .gaps()
        .iter()
        .map(|gap| gap.what.clone())
        .collect();
    assert_eq!(gaps.len(), 9);
    assert_eq!(gaps[0], "/etc/sysctl.d/a.conf:1");
    assert_eq!(gaps[8], "13 more lines of sysctl.d");
}

#[test]
fn a_directory_and_a_link_to_nothing_hide_a_file() {
    let root = root(&[
        ("usr/lib/sysctl.d/a.conf", "net.core.somaxconn=2"),
        ("usr/lib/sysctl.d/b.conf", "net.core.somaxconn=3"),
        ("etc/sysctl.d/a.conf/x", ""),
    ]);
    symlink("/nowhere", root.path().join("etc/sysctl.d/b.conf")).expect("a link");
    assert_eq!(boot(&root), [""; 0]);
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>) {
        let mut assignments = Assignments::new();
        assignments.read(Path::new("/x"), &bytes);
        let _ = assignments.winners();
    }

    #[test]
    fn what_is_assigned_last_wins(values in proptest::collection::vec(0u32..4, 1..8)) {
        let line = |value| format!("net.core.somaxconn = {value}\n");
        let text: String = values.iter().map(line).collect();
        let mut assignments = Assignments::new();
        assignments.read(Path::new("/x"), text.as_bytes());
        let (won, _) = assignments.winners();
        prop_assert_eq!(&won[0].value, &values[values.len() - 1].to_string());
        prop_assert_eq!(won[0].place.line, u32::try_from(values.len()).ok());
    }
}
