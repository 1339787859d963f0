//! Runs that are held back: passive, or out of time.

use crate::support::doctor::check;

#[test]
fn a_passive_run_loads_nothing_and_says_that_it_was_passive() {
    let before = modules();
    let report = check(["--passive", "--netns", "self"]).report();
    assert_eq!(modules(), before);
    assert_ne!(report.status("ss-agrees"), "pass", "ss was not run");
    assert!(report.says("passive"));
}

/// Names in /proc/modules; none where the kernel has no modules.
fn modules() -> Vec<String> {
    let table = std::fs::read_to_string("/proc/modules").unwrap_or_default();
    let names = table.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| name.ends_with("_diag"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_run_without_time_passes_nothing_that_it_did_not_see() {
    let outcome = check(["--timeout", "1ms"]).run();
    let report = outcome.report();
    assert_ne!(report.verdict("tcp"), "fail", "{}", outcome.stdout);
    let undecided = report.part("counts")["unknown"].as_u64();
    assert!(undecided > Some(0) || report.says("no answer within") || outcome.code == 0);
}
