//! What an ordinary user sees. The inner tests run as nobody, started by the outer ones.

use crate::namespaces::{Netns, Resident, everything, found, here, visited};
use crate::programs;
use sockdoctor::netns::mounts::Mounts;
use sockdoctor::netns::{Selector, discover};
use sockdoctor_checks::facts::{Fact, Gap, Namespace, Why};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const NETNS: &str = "SOCKDOCTOR_TEST_NETNS";
const AS_NOBODY: &str =
    "exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all \"$@\"";

/// Runs an inner test of this program as nobody, in a mount namespace of its own that `prepare`
/// may change, from a place where nobody can read it.
fn run_as_nobody(test: &str, prepare: &str, netns: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("netns");
    let this = std::env::current_exe().expect("this program");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), mode).expect("readable");
    programs::install(this, &program);
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", &format!("{prepare}; {AS_NOBODY}"), "sh"])
        .arg(&program)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(NETNS, netns)
        .current_dir("/")
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stdout);
    // A test that is not there would pass, as none of none.
    assert!(
        said.contains("test result: ok. 1 passed"),
        "{test}: {output:?}"
    );
}

fn is_denied(gap: &Gap) -> bool {
    matches!(gap.why, Why::Denied { .. })
}

#[test]
fn nobody_reads_its_own_namespace_and_is_denied_the_others() {
    let netns = Netns::new();
    let _unseen = Resident::unshared("-n");
    let inner = "unprivileged::inner_own_and_others";
    run_as_nobody(inner, "true", &netns.name);
}

#[test]
#[ignore = "run as nobody by nobody_reads_its_own_namespace_and_is_denied_the_others"]
fn inner_own_and_others() {
    let fact = discover(&[Selector::All]).expect("all");
    assert!(
        fact.gaps()
            .iter()
            .any(|gap| is_denied(gap) && gap.what.contains("other network namespace"))
    );
    let namespaces = visited(found(&[Selector::All]), &everything());

    let own = namespaces.iter().find(|found| found.own).expect("our own");
    assert_eq!(format!("net:[{}]", own.id.inode), here());
    assert!(own.sysctls.somaxconn.known().is_ok());
    assert!(own.counters.known().is_ok());

    let name = std::env::var(NETNS).expect("the outer test");
    let other = namespaces.iter().find(|found| found.label() == name);
    assert_all_denied(other.expect("it is mounted where all can see it"));
}

#[test]
fn a_process_that_nobody_may_not_look_at_hides_nothing_in_a_known_namespace() {
    run_as_nobody("unprivileged::inner_known", "true", "");
}

#[test]
#[ignore = "run as nobody by a_process_that_nobody_may_not_look_at_hides_nothing_in_a_known_namespace"]
fn inner_known() {
    assert!(std::fs::read_link("/proc/1/ns/net").is_err());
    let found = found(&[Selector::Pid(1)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].own);
}

fn assert_all_denied(namespace: &Namespace) {
    let gaps = [
        namespace.sysctls.somaxconn.known().err(),
        namespace.sysctls.tcp_syncookies.known().err(),
        namespace.counters.known().err(),
        namespace.listeners.known().err(),
        namespace.unix_listeners.known().err(),
    ];
    assert!(
        gaps.iter().all(|gap| gap.is_some_and(is_denied)),
        "{gaps:?}"
    );
}

#[test]
fn nobody_reads_counters_of_a_namespace_that_it_may_not_enter_from_outside() {
    run_as_nobody("unprivileged::inner_from_outside", "true", "");
}

#[test]
#[ignore = "run as nobody by nobody_reads_counters_of_a_namespace_that_it_may_not_enter_from_outside"]
fn inner_from_outside() {
    let resident = Resident::unshared("-Urn");
    let namespaces = visited(found(&[Selector::Pid(resident.pid())]), &everything());
    let namespace = &namespaces[0];
    let counters = namespace.counters.known().expect("counters from outside");
    assert_eq!(counters.listen_drops, Some(0));
    let gap = namespace
        .sysctls
        .somaxconn
        .known()
        .expect_err("inside only");
    assert!(is_denied(gap), "{gap}");
}

#[test]
fn processes_that_proc_hides_are_a_gap() {
    let hide = "mount -t proc -o hidepid=2 proc /proc";
    run_as_nobody("unprivileged::inner_hidden", hide, "");
}

#[test]
#[ignore = "run as nobody by processes_that_proc_hides_are_a_gap"]
fn inner_hidden() {
    assert_eq!(
        sockdoctor::probes::machine::collect(&Mounts::own()).hidepid,
        Fact::Known("invisible".to_owned())
    );
    let fact = discover(&[Selector::All]).expect("all");
    assert!(
        fact.gaps()
            .iter()
            .any(|gap| is_denied(gap) && gap.what.contains("hidepid"))
    );
    let own = fact.value().expect("found").iter().find(|found| found.own);
    assert!(own.is_some());
}

#[test]
fn owners_that_nobody_may_not_see_are_a_gap() {
    run_as_nobody("unprivileged::inner_owners", "true", "");
}

#[test]
#[ignore = "run as nobody by owners_that_nobody_may_not_see_are_a_gap"]
fn inner_owners() {
    let deadline = sockdoctor::runner::Deadline::after(std::time::Duration::from_secs(60));
    let fact = sockdoctor::probes::owners::collect(&[u32::MAX].into(), None, deadline);
    assert!(fact.gaps().iter().any(is_denied), "{fact:?}");
}
