//! What is looked at only where a handler of sock_diag did not answer: why its module did not
//! load.

use crate::probes::kernel_log::KernelLog;
use crate::probes::modules::unloadable;
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{
    Answer, Canary, DiagModule, Fact, Facts, Gap, LogLine, Presence, Sandbox, Why,
};
use sockdoctor_checks::path;
use sockdoctor_checks::verdict::Shown;

/// The modules whose handlers a canary asks for.
const ASKED: [DiagModule; 4] = [
    DiagModule::InetDiag,
    DiagModule::TcpDiag,
    DiagModule::UdpDiag,
    DiagModule::UnixDiag,
];

/// Whether ss is blind here, or may be.
pub(crate) fn is_blind(facts: &Facts) -> bool {
    let verdict = path::verdict(facts);
    let walks = [verdict.tcp, verdict.unix];
    walks.iter().any(|walk| walk.shown != Shown::Truth)
}

/// Adds to `facts` what `log` has to say, and what is wrong with the files of the modules that
/// did not load. The log is there where a handler was asked.
pub(crate) fn explain(facts: &mut Facts, log: Option<KernelLog>, deadline: Deadline) {
    let Some(log) = log.filter(|_| was_refused(facts)) else {
        let why = "no handler refused";
        facts.kernel_log = Fact::Missing(Gap::not_collected("kernel log", why));
        return;
    };
    facts.kernel_log = kernel_log(facts, log, deadline);
    for (module, file) in not_loaded(facts) {
        let kernel = facts.kernel.clone();
        let found = runner::start("module file", deadline, move || {
            unloadable(&kernel, &file).into()
        })
        .wait();
        replace(facts, module, &found);
    }
}

fn was_refused(facts: &Facts) -> bool {
    let Some(trips) = facts.round_trips.value() else {
        return false;
    };
    let refused = |canary: &Fact<Canary>| {
        let answer = canary.value().and_then(|canary| canary.answer.value());
        matches!(answer, Some(Answer::Refused { .. }))
    };
    [&trips.tcp4, &trips.tcp6, &trips.udp, &trips.unix]
        .into_iter()
        .any(refused)
}

/// The log that a sandbox shows is not for certain that of the kernel which loads modules.
fn kernel_log(facts: &Facts, log: KernelLog, deadline: Deadline) -> Fact<Vec<LogLine>> {
    match facts.machine.sandbox.value() {
        Some(Sandbox::None | Sandbox::Wsl { .. }) | None => {
            runner::start("kernel log", deadline, move || log.news()).wait()
        }
        Some(Sandbox::Container { .. } | Sandbox::Gvisor { .. }) => {
            let needs = "the host".to_owned();
            Fact::Missing(Gap::new("kernel log", Why::Denied { needs }))
        }
    }
}

/// The modules that were asked for, have a file and no rule against them, and are not there. A
/// rule would be reason enough, and the file not to blame.
fn not_loaded(facts: &Facts) -> Vec<(DiagModule, String)> {
    let (Some(modules), Some(loaded)) = (facts.modules.value(), facts.loaded_after.value()) else {
        return Vec::new();
    };
    let entries = modules.entries.iter().filter(|entry| {
        let has_rules = entry.rules.value().is_some_and(|rules| !rules.is_empty());
        ASKED.contains(&entry.module) && !loaded.contains(&entry.module) && !has_rules
    });
    entries
        .filter_map(|entry| match entry.presence.value()? {
            Presence::Shipped { file } => Some((entry.module, file.clone())),
            _ => None,
        })
        .collect()
}

fn replace(facts: &mut Facts, module: DiagModule, found: &Fact<Option<Presence>>) {
    let Some(modules) = facts.modules.value_mut() else {
        return;
    };
    let entries = modules.entries.iter_mut();
    for entry in entries.filter(|entry| entry.module == module) {
        match (found, entry.presence.value()) {
            (Fact::Known(Some(presence)), _) => entry.presence = Fact::Known(presence.clone()),
            (Fact::Missing(gap), Some(shipped)) => {
                let gaps = vec![gap.clone()];
                entry.presence = Fact::with_gaps(shipped.clone(), gaps);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Deadline;
    use sockdoctor_checks::facts::{Errno, Place, Refusal, Rule, RuleKind};
    use sockdoctor_checks::fixture;
    use std::time::Duration;

    const TCP: DiagModule = DiagModule::TcpDiag;

    /// tcp_diag is shipped in an empty file, and refused.
    fn refused(file: &tempfile::NamedTempFile) -> Facts {
        let mut facts = fixture::healthy();
        let (Fact::Known(trips), Fact::Known(modules), Fact::Known(loaded)) = (
            &mut facts.round_trips,
            &mut facts.modules,
            &mut facts.loaded_after,
        ) else {
            panic!("the fixture has them");
        };
        let Fact::Known(canary) = &mut trips.tcp4 else {
            panic!("the fixture has a canary");
        };
        canary.answer = Fact::Known(Answer::Refused {
            how: Refusal::DoneMessage,
            errno: Errno::ENOENT,
        });
        loaded.retain(|module| *module != TCP);
        let entries = modules.entries.iter_mut();
        for entry in entries.filter(|entry| entry.module == TCP) {
            entry.presence = Fact::Known(Presence::Shipped {
                file: file.path().display().to_string(),
            });
        }
        facts
    }

    fn explained(mut facts: Facts) -> Facts {
        let deadline = Deadline::after(Duration::from_secs(60));
        explain(&mut facts, Some(KernelLog::at_its_end()), deadline);
        facts
    }

    fn presence(facts: &Facts) -> Presence {
        let entry = facts.modules.value().and_then(|modules| modules.get(TCP));
        let presence = entry.and_then(|entry| entry.presence.value());
        presence.expect("the fixture has it").clone()
    }

    fn empty_file() -> tempfile::NamedTempFile {
        tempfile::NamedTempFile::new().expect("a file")
    }

    #[test]
    fn the_file_of_a_module_that_did_not_load_is_looked_at() {
        let file = empty_file();
        let facts = explained(refused(&file));
        assert!(matches!(presence(&facts), Presence::Unloadable { why, .. } if why == "is empty"));
    }

    #[test]
    fn a_file_is_not_blamed_for_what_a_rule_does() {
        let file = empty_file();
        let mut facts = refused(&file);
        if let Fact::Known(modules) = &mut facts.modules {
            let rule = Rule {
                kind: RuleKind::Install,
                text: "install tcp_diag /bin/true".to_owned(),
                place: None::<Place>,
                more_lines: 0,
                unlisted: 0,
            };
            for entry in &mut modules.entries {
                entry.rules = Fact::Known(vec![rule.clone()]);
            }
        }
        let facts = explained(facts);
        assert!(matches!(presence(&facts), Presence::Shipped { .. }));
    }

    #[test]
    fn a_container_does_not_read_the_log() {
        let file = empty_file();
        let mut facts = refused(&file);
        facts.machine.sandbox = Fact::Known(Sandbox::Container {
            runtime: "docker".to_owned(),
            evidence: "/.dockerenv".to_owned(),
        });
        let log = explained(facts).kernel_log;
        assert!(matches!(&log.gaps()[0].why, Why::Denied { needs } if needs == "the host"));
    }

    #[test]
    fn nothing_is_read_where_every_handler_answers() {
        let facts = explained(fixture::healthy());
        assert!(matches!(
            facts.kernel_log.gaps()[0].why,
            Why::NotCollected(_)
        ));
    }
}
