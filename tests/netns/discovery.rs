//! What is found, and what it is called.

use crate::namespaces::{Netns, Resident, found, here, selector};
use sockdoctor::netns::{Found, Selector, discover};
use sockdoctor_checks::facts::NetnsName;

fn one(selector: Selector) -> Found {
    let mut found = found(&[selector]);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_namespace_without_a_process_is_found_by_its_mount() {
    let netns = Netns::new();
    let found = one(selector(&netns));
    assert_eq!(found.names, [NetnsName::Netns(netns.name.clone())]);
    assert_eq!(found.process, None);
    assert!(!found.own);
    assert_ne!(found.host, Some(true));
}

#[test]
fn a_namespace_without_a_mount_is_found_by_its_process() {
    let resident = Resident::unshared("-n");
    let pid = resident.pid();
    let found = one(Selector::Pid(pid));
    let name = "cat".to_owned();
    assert_eq!(found.names, [NetnsName::Process { pid, name }]);
    assert_eq!(found.process, Some(pid));
}

#[test]
fn a_process_whose_first_thread_has_ended_leads_to_its_namespace() {
    let resident = Resident::whose_first_thread_has_ended();
    let found = one(Selector::Pid(resident.pid()));
    assert!(!found.own);
    let entered = std::thread::spawn(move || found.enter()).join();
    assert_eq!(entered.expect("no panic"), Ok(()));
}

#[test]
fn a_link_to_a_process_in_run_netns_is_a_name() {
    let netns = Netns::new(); // Makes /run/netns.
    let resident = Resident::unshared("-n");
    let name = format!("{}-link", netns.name);
    let link = format!("/run/netns/{name}");
    let target = format!("/proc/{}/ns/net", resident.pid());
    std::os::unix::fs::symlink(target, &link).expect("a link");
    let found = discover(&[Selector::Name(name.clone())]);
    std::fs::remove_file(&link).expect("removed");
    let found = found.expect("it is there").value().expect("found").clone();
    assert_eq!(found[0].names, [NetnsName::Netns(name)]);
    assert_eq!(found[0].process, Some(resident.pid()));
}

#[test]
fn our_own_namespace_is_marked() {
    let own = one(Selector::Own);
    assert!(own.own);
    assert_eq!(format!("net:[{}]", own.id.inode), here());
}

#[test]
fn all_is_everything_once() {
    let (netns, resident) = (Netns::new(), Resident::unshared("-n"));
    let all = found(&[Selector::All, Selector::Own, selector(&netns)]);
    let mut ids: Vec<_> = all.iter().map(|found| found.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    assert_eq!(all.iter().filter(|found| found.own).count(), 1);
    let with = |test: &dyn Fn(&Found) -> bool| all.iter().filter(|found| test(found)).count();
    assert_eq!(with(&|found| found.process == Some(resident.pid())), 1);
    let name = NetnsName::Netns(netns.name.clone());
    assert_eq!(with(&|found| found.names.contains(&name)), 1);
}

#[test]
fn a_leftover_file_in_run_netns_is_no_namespace() {
    let netns = Netns::new(); // Makes /run/netns.
    let name = format!("{}-leftover", netns.name);
    let path = format!("/run/netns/{name}");
    std::fs::write(&path, "").expect("a file");
    let outcome = discover(&[Selector::Name(name)]);
    std::fs::remove_file(path).expect("removed");
    assert!(outcome.is_err(), "{outcome:?}");
}

#[test]
fn what_is_not_there_is_an_error_of_one_line() {
    for selector in [
        Selector::Name("no\nsuch".to_owned()),
        Selector::Pid(u32::MAX),
    ] {
        let error = discover(&[selector]).expect_err("not there").to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
