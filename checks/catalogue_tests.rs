//! What holds for every check, whatever it judges.

use crate::CATALOGUE;
use crate::check::Group;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::facts::Facts;
use crate::finding::Status;
use crate::fixture;
use crate::policy::Policy;
use std::collections::BTreeSet;
use std::path::Path;

fn diagnosis(facts: &Facts) -> Diagnosis {
    diagnose(facts, &Policy::default(), |_| true)
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let mut seen = BTreeSet::new();
    for check in CATALOGUE {
        let id = check.id;
        assert!(seen.insert(id), "{id} is there twice");
        assert!(
            id.split('-')
                .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())),
            "{id} is not kebab-case"
        );
    }
}

#[test]
fn each_check_has_the_file_of_its_id() {
    for check in CATALOGUE {
        let stem = check.id.replace('-', "_");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(check.group.name());
        for ending in ["rs", "md"] {
            let file = folder.join(format!("{stem}.{ending}"));
            assert!(file.is_file(), "{} is not there", file.display());
        }
    }
}

#[test]
fn each_check_file_is_in_the_catalogue() {
    let ids: BTreeSet<String> = CATALOGUE.iter().map(|check| check.id.to_owned()).collect();
    for group in Group::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(group.name());
        let files = std::fs::read_dir(&folder).expect("the folder of the group");
        for file in files {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let stem = path.file_stem().expect("a name").to_string_lossy();
                let id = stem.replace('_', "-");
                assert!(ids.contains(&id), "{} belongs to no check", path.display());
            }
        }
    }
}

#[test]
fn a_check_is_masked_only_by_others_that_exist() {
    let ids: BTreeSet<&str> = CATALOGUE.iter().map(|check| check.id).collect();
    for check in CATALOGUE {
        for masker in check.masked_by {
            assert!(
                ids.contains(masker),
                "{}: {masker} does not exist",
                check.id
            );
            assert_ne!(*masker, check.id, "a check that masks itself");
        }
    }
}

#[test]
fn each_page_has_its_heading_and_something_to_say() {
    for check in CATALOGUE {
        let heading = check.explain.lines().next().unwrap_or_default();
        assert_eq!(heading, format!("# {}", check.id));
        let lines = check.explain.lines().count();
        assert!(
            lines >= 15,
            "{}: a page of {lines} lines is a stub",
            check.id
        );
    }
}

#[test]
fn everything_passes_on_a_healthy_machine() {
    let diagnosis = diagnosis(&fixture::healthy());
    for result in &diagnosis.results {
        assert!(!result.findings.is_empty(), "{}", result.check.id);
        assert!(
            matches!(result.status, Status::Pass | Status::Skipped),
            "{}: {:#?}",
            result.check.id,
            result.findings
        );
    }
    assert_eq!(diagnosis.verdict.tcp.status, Status::Pass);
    assert_eq!(diagnosis.verdict.unix.status, Status::Pass);
}

#[test]
fn nothing_passes_where_nothing_was_read() {
    let diagnosis = diagnosis(&fixture::blank());
    for result in &diagnosis.results {
        for finding in &result.findings {
            assert!(
                matches!(finding.status, Status::Unknown | Status::Skipped),
                "{}: {finding:#?}",
                result.check.id
            );
        }
    }
    assert_eq!(diagnosis.verdict.tcp.status, Status::Unknown);
    assert_eq!(diagnosis.verdict.unix.status, Status::Unknown);
}

#[test]
fn a_warning_or_a_failure_always_rests_on_something() {
    for facts in [fixture::healthy(), fixture::blank(), troubled()] {
        for result in diagnosis(&facts).results {
            for finding in result.findings {
                assert!(
                    finding.status < Status::Warn || !finding.evidence.is_empty(),
                    "{}: {finding:#?}",
                    result.check.id
                );
            }
        }
    }
}

#[test]
fn a_summary_is_one_sentence_without_a_full_stop() {
    for facts in [fixture::healthy(), fixture::blank(), troubled()] {
        for result in diagnosis(&facts).results {
            for finding in result.findings {
                let summary = &finding.summary;
                assert!(!summary.is_empty(), "{}", result.check.id);
                assert!(!summary.ends_with('.'), "{}: {summary}", result.check.id);
                assert!(!summary.contains('\n'), "{}: {summary}", result.check.id);
            }
        }
    }
}

/// A machine where as much as possible is wrong at once.
fn troubled() -> Facts {
    use crate::facts::{Answer, Errno, Fact, Refusal, RoundTrips, Runnable, SsVariable};
    let mut facts = fixture::healthy();
    if let Fact::Known(RoundTrips {
        tcp4, tcp6, unix, ..
    }) = &mut facts.round_trips
    {
        for fact in [tcp4, tcp6, unix] {
            if let Fact::Known(canary) = fact {
                canary.answer = Fact::Known(Answer::Refused {
                    how: Refusal::DoneMessage,
                    errno: Errno::ENOENT,
                });
            }
        }
    }
    if let Fact::Known(helper) = &mut facts.kernel.modprobe {
        helper.runnable = Runnable::Missing;
    }
    facts.ss.environment = Fact::Known(vec![SsVariable {
        name: "PROC_ROOT".to_owned(),
        value: String::new(),
    }]);
    if let Fact::Known(run) = &mut facts.ss.tcp {
        run.rows.clear();
    }
    if let Fact::Known(namespaces) = &mut facts.namespaces {
        for namespace in namespaces {
            namespace.sysctls.somaxconn = Fact::Known(1);
            namespace.sysctls.tcp_syncookies = Fact::Known(0);
            namespace.sysctls.tcp_abort_on_overflow = Fact::Known(1);
            if let Fact::Known(counters) = &mut namespace.counters {
                counters.listen_overflows = Some(3);
                counters.listen_drops = Some(9);
                counters.req_q_full_drop = Some(2);
            }
            if let Fact::Known(listeners) = &mut namespace.listeners {
                for listener in listeners {
                    listener.accept_queue = 600;
                    listener.drops = Some(4);
                }
            }
        }
    }
    facts
}
