//! No sock_diag: what the sockets themselves still say.

use crate::sandbox::refuse_netlink;
use crate::support::doctor::{Doctor, check};
use crate::support::report::Report;
use crate::support::sockets::{FullListener, Holder, unread_unix_stream};
use serde_json::Value;

/// A run that sock_diag does not answer.
fn blind<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Doctor {
    check(arguments).before(|| refuse_netlink(libc::EPERM))
}

/// The lines of the verdict that say what is true.
fn truth(report: &Report, kind: &str) -> String {
    let lines = report.part("verdict")[kind]["truth"].as_array();
    let lines: Vec<_> = lines.expect("a list").iter().map(text).collect();
    lines.join("\n")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

#[test]
fn a_full_queue_is_seen_and_its_owner_named() {
    let full = FullListener::new(3);
    let address = full.address.to_string();
    let FullListener {
        listener, clients, ..
    } = full;
    let _holder = Holder::new("blindserver", listener);
    for arguments in [
        vec!["--netns", "self"],
        vec!["--netns", "self", "--passive"],
    ] {
        let report = blind(arguments).report();
        let findings = report.findings("accept-queue", "fail");
        let all = format!("{findings:?}");
        assert!(all.contains(&address), "{all}");
        assert!(all.contains("blindserver"), "{all}");
        assert!(all.contains("TCP_INFO"), "{all}");
    }
    drop(clients);
}

#[test]
fn the_verdict_shows_true_backlogs_and_unread_bytes() {
    let full = FullListener::new(5);
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path().join("unread.sock");
    let _unread = unread_unix_stream(&path, 4_000_000);
    let report = blind(["--netns", "self"]).report();
    let expected = format!("{}  accept queue 6 of 5   (read from", full.address);
    let tcp = truth(&report, "tcp");
    assert!(tcp.contains(&expected), "{tcp}");
    let unix = truth(&report, "unix");
    let expected = format!("{}  ", path.display());
    assert!(unix.contains(&expected), "{unix}");
    assert!(unix.contains("bytes unread   (read from the socket itself)"));
}

#[test]
fn nobody_learns_no_backlog_of_others_and_is_told_why() {
    let _full = FullListener::new(3);
    let report = blind(["--netns", "self"]).by_nobody().report();
    assert!(report.findings("accept-queue", "fail").is_empty());
    assert_eq!(report.status("accept-queue"), "unknown");
    assert!(report.says("backlog and drops of"), "the gap is not told");
    assert!(report.says("root"), "what would lift it is not told");
    assert!(
        !truth(&report, "tcp").contains(" of 0"),
        "a backlog that was not read"
    );
}
