//! Ways to break the healthy machine, for the tests of this group.

use super::handler::Handler;
use crate::check::{Check, View};
use crate::facts::*;
use crate::finding::{Finding, Step};
use crate::fixture;
use crate::limits::Limits;

/// The findings of `check` on `facts`.
pub(super) fn judge(check: &Check, facts: &Facts) -> Vec<Finding> {
    judge_within(check, facts, &Limits::default())
}

/// The findings of `check` on `facts`, where the policy requires `module`.
pub(super) fn judge_requiring(check: &Check, facts: &Facts, module: DiagModule) -> Vec<Finding> {
    let limits = Limits {
        required_modules: [module].into(),
        ..Limits::default()
    };
    judge_within(check, facts, &limits)
}

fn judge_within(check: &Check, facts: &Facts, limits: &Limits) -> Vec<Finding> {
    (check.judge)(&View { facts, limits })
}

/// The one finding of `check` on `facts`.
pub(super) fn judge_one(check: &Check, facts: &Facts) -> Finding {
    let mut findings = judge(check, facts);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

/// The handlers refuse as the kernel does without them, and their modules are as `presence` says.
pub(super) fn without(handlers: &[Handler], presence: impl Fn(DiagModule) -> Presence) -> Facts {
    let mut facts = fixture::healthy();
    for &handler in handlers {
        set_presence(&mut facts, handler.module(), presence(handler.module()));
        let how = match handler {
            Handler::Inet | Handler::Unix => Refusal::ErrorMessage,
            Handler::Tcp | Handler::Udp => Refusal::DoneMessage,
        };
        refuse(&mut facts, handler, how, Errno::ENOENT);
    }
    facts
}

/// tcp_diag is shipped and not there.
pub(super) fn without_tcp_diag() -> Facts {
    without(&[Handler::Tcp], shipped)
}

/// A module file that the alias leads to.
pub(super) fn shipped(module: DiagModule) -> Presence {
    Presence::Shipped {
        file: format!("/lib/modules/6.1.0-50-cloud-amd64/kernel/net/{module}.ko"),
    }
}

/// Everything that concerns `handler` is refused, and the module is not loaded afterwards.
pub(super) fn refuse(facts: &mut Facts, handler: Handler, how: Refusal, errno: Errno) {
    let answer = Answer::Refused { how, errno };
    for canary in canaries(facts, handler) {
        edit(canary, |canary| {
            canary.answer = Fact::Known(answer);
            canary.sock_diag = None;
        });
    }
    edit(&mut facts.loaded_after, |after| {
        after.retain(|module| *module != handler.module());
    });
}

/// Nobody asked `handler`, because of `gap`.
pub(super) fn do_not_ask(facts: &mut Facts, handler: Handler, gap: &Gap) {
    for canary in canaries(facts, handler) {
        *canary = Fact::Missing(gap.clone());
    }
    edit(&mut facts.loaded_after, |after| {
        after.retain(|module| *module != handler.module());
    });
}

/// Changes a fact that is known.
pub(super) fn edit<T>(fact: &mut Fact<T>, change: impl FnOnce(&mut T)) {
    match fact {
        Fact::Known(value) | Fact::Partial { value, .. } => change(value),
        Fact::Missing(gap) => panic!("the healthy machine has this: {gap}"),
    }
}

/// Sets how `module` was there before the run.
pub(super) fn set_presence(facts: &mut Facts, module: DiagModule, presence: Presence) {
    of_module(facts, module, |entry| {
        entry.presence = Fact::Known(presence);
    });
}

/// `module` was shipped, and asking for it loaded it.
pub(super) fn load_by_asking(facts: &mut Facts, module: DiagModule) {
    set_presence(facts, module, shipped(module));
    edit(&mut facts.loaded_before, |before| {
        before.retain(|loaded| *loaded != module);
    });
}

/// Adds a rule about `module`.
pub(super) fn add_rule(facts: &mut Facts, module: DiagModule, kind: RuleKind, text: &str) {
    let place = Place {
        path: match kind {
            RuleKind::CommandLineBlacklist | RuleKind::KernelBlacklist => "/proc/cmdline",
            _ => "/etc/modprobe.d/cis.conf",
        }
        .to_owned(),
        line: Some(14),
    };
    of_module(facts, module, |entry| {
        edit(&mut entry.rules, |rules| {
            rules.push(Rule {
                kind,
                text: text.to_owned(),
                place: Some(place),
                more_lines: 0,
                unlisted: 0,
            });
        });
    });
}

/// Changes what is known of `module`.
pub(super) fn of_module(
    facts: &mut Facts,
    module: DiagModule,
    change: impl FnOnce(&mut ModuleFacts),
) {
    edit(&mut facts.modules, |modules| {
        let entry = modules
            .entries
            .iter_mut()
            .find(|entry| entry.module == module);
        change(entry.expect("an entry for each module"));
    });
}

/// The observer stands in a docker container.
pub(super) fn in_container(facts: &mut Facts) {
    facts.machine.sandbox = Fact::Known(Sandbox::Container {
        runtime: "docker".to_owned(),
        evidence: "/.dockerenv".to_owned(),
    });
}

/// kernel.modprobe is `path`.
pub(super) fn helper(facts: &mut Facts, path: &str, runnable: Runnable) {
    facts.kernel.modprobe = Fact::Known(ModprobeHelper {
        path: path.to_owned(),
        runnable,
    });
}

/// The netlink socket does not open.
pub(super) fn no_socket(facts: &mut Facts, errno: Errno) {
    edit(&mut facts.round_trips, |trips| {
        trips.socket = Opened::No(errno);
        let gap = Gap::new("netlink socket", Why::Failed(errno));
        for canary in [
            &mut trips.tcp4,
            &mut trips.tcp6,
            &mut trips.udp,
            &mut trips.unix,
        ] {
            edit(canary, |canary| {
                canary.answer = Fact::Missing(gap.clone());
                canary.sock_diag = None;
            });
        }
    });
}

/// All of a remedy, for a test that looks for words in it.
pub(super) fn remedy_text(finding: &Finding) -> String {
    let remedy = finding.remedy.as_ref().expect("a remedy");
    let steps = remedy.now.iter().chain(&remedy.keep);
    steps.map(Step::text).collect::<Vec<_>>().join("\n")
}

fn canaries(facts: &mut Facts, handler: Handler) -> Vec<&mut Fact<Canary>> {
    let Fact::Known(trips) = &mut facts.round_trips else {
        panic!("the healthy machine has round trips");
    };
    match handler {
        Handler::Inet => vec![&mut trips.tcp4, &mut trips.tcp6, &mut trips.udp],
        Handler::Tcp => vec![&mut trips.tcp4, &mut trips.tcp6],
        Handler::Udp => vec![&mut trips.udp],
        Handler::Unix => vec![&mut trips.unix],
    }
}
