//! What is looked at only where a handler of sock_diag did not answer: why its module did not
//! load.

use crate::probes::kernel_log::KernelLog;
use crate::probes::modules::unloadable;
use crate::runner::{self, Deadline};
use sockdoctor_checks::facts::{
    Answer, Canary, DiagModule, Fact, Facts, Gap, LogLine, Presence, Sandbox, Why,
};

/// The modules whose handlers a canary asks for.
const ASKED: [DiagModule; 4] = [
    DiagModule::InetDiag,
    DiagModule::TcpDiag,
    DiagModule::UdpDiag,
    DiagModule::UnixDiag,
];

/// Adds to `facts` what `log` has to say, and what is wrong with the files of the modules that
/// did not load.
pub fn explain(facts: &mut Facts, log: KernelLog, deadline: Deadline) {
    if !was_refused(facts) {
        let why = "no handler refused";
        facts.kernel_log = Fact::Missing(Gap::not_collected("kernel log", why));
        return;
    }
    facts.kernel_log = kernel_log(facts, log, deadline);
    for (module, file) in not_loaded(facts) {
        let kernel = facts.kernel.clone();
        let found = runner::start("module file", deadline, move || {
            unloadable(&kernel, module, &file).into()
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
    let (Fact::Known(modules) | Fact::Partial { value: modules, .. }) = &mut facts.modules else {
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
