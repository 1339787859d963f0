use super::*;
use crate::probes::testing::{self, opened, write};
use proptest::prelude::*;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// A root with these files in which systemd applies them.
fn root(files: &[(&str, &str)]) -> TempDir {
    let root = testing::root(files);
    write(root.path(), "usr/lib/systemd/systemd-sysctl", "");
    root
}

/// `key=value file:line` of everything that the next boot would set.
fn boot(root: &TempDir) -> Vec<String> {
    let settings = collect(&opened(root));
    assert_eq!(settings.winners.gaps(), [], "nothing is hidden");
    assert_eq!(settings.doubts, [], "nothing is doubted");
    let winners = settings.winners.value().expect("settings");
    winners.iter().map(show).collect()
}

fn show(set: &BootSysctl) -> String {
    format!("{}={} {}", set.key, set.value, set.place)
}

/// The same of what is doubted, and why it is.
fn doubted(root: &TempDir) -> Vec<(String, Doubt)> {
    let settings = collect(&opened(root));
    assert_eq!(settings.winners, Fact::Known(Vec::new()), "nothing is sure");
    let doubts = settings.doubts.into_iter();
    doubts
        .map(|doubt| (show(&doubt.line), doubt.because))
        .collect()
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
    let line = "net.core.somaxconn=5 /etc/sysctl.conf:1".to_owned();
    assert_eq!(doubted(&root), [(line, Doubt::OnlyProcpsReads)]);

    let link = root.path().join("etc/sysctl.d/99-sysctl.conf");
    symlink("../sysctl.conf", link).expect("a link");
    let won = ["net.core.somaxconn=5 /etc/sysctl.d/99-sysctl.conf:1"];
    assert_eq!(boot(&root), won);
}

/// Alpine's script goes through /usr/lib before /etc, and a link to /dev/null hides nothing from
/// it; others differ from that. So every value of every file is told.
#[test]
fn without_systemd_each_value_of_any_file_is_a_doubt() {
    let root = testing::root(&[
        ("usr/lib/sysctl.d/50-a.conf", "net.core.somaxconn=1\n"),
        (
            "usr/lib/sysctl.d/99-a.conf",
            "net.core.somaxconn=2\nnet.core.somaxconn=1\n",
        ),
        ("etc/sysctl.d/.50-a.conf", "net.core.somaxconn=4\n"),
        ("etc/sysctl.conf", "-net.core.some=1\nnet.core.soma*=3\n"),
    ]);
    let hidden = root.path().join("etc/sysctl.d/50-a.conf");
    symlink("/dev/null", hidden).expect("a link");
    let lines = [
        "net.core.somaxconn=1 /usr/lib/sysctl.d/50-a.conf:1",
        "net.core.somaxconn=2 /usr/lib/sysctl.d/99-a.conf:1",
        "net.core.somaxconn=3 /etc/sysctl.conf:2",
    ];
    let because = |why: &Doubt| lines.map(|line| (line.to_owned(), why.clone()));
    assert_eq!(doubted(&root), because(&Doubt::NobodyApplies));

    write(root.path(), "etc/init.d/sysctl", "#!/sbin/openrc-run\n");
    let script = "/etc/init.d/sysctl".to_owned();
    assert_eq!(doubted(&root), because(&Doubt::AppliedBy { script }));
}

#[test]
fn of_many_values_some_are_told() {
    let text: String = (0..100)
        .map(|n| format!("net.core.somaxconn={n}\n"))
        .collect();
    let root = testing::root(&[("etc/sysctl.conf", &text)]);
    assert_eq!(doubted(&root).len(), 4);
}

#[test]
fn a_machine_that_systemd_booted_has_it_wherever_it_lies() {
    let root = testing::root(&[
        ("run/systemd/system/.keep", ""),
        ("etc/sysctl.d/60-nixos.conf", "net.core.somaxconn=1\n"),
    ]);
    assert_eq!(boot(&root).len(), 1);
}

#[test]
fn a_pipe_is_a_gap_and_is_not_waited_for() {
    let root = root(&[("etc/sysctl.d/a.conf", "net.core.somaxconn=5\n")]);
    let pipe = root.path().join("etc/sysctl.d/b.conf");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0)
        .expect("a pipe");
    let fact = collect(&opened(&root)).winners;
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
        .winners
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

#[test]
fn a_masked_or_replaced_unit_decides_nothing() {
    let root = root(&[("etc/sysctl.d/a.conf", "net.core.somaxconn=128\n")]);
    let units = root.path().join("etc/systemd/system");
    std::fs::create_dir_all(&units).expect("a directory");
    symlink("/dev/null", units.join("systemd-sysctl.service")).expect("a link");
    let settings = collect(&opened(&root));
    assert_eq!(settings.winners.value(), None);
    let [gap] = settings.winners.gaps() else {
        panic!("{settings:?}")
    };
    assert_eq!(gap.what, "whether systemd-sysctl runs at boot");
}
