//! The kernel can load a diag module when it is asked for one.

use super::cause::{self, Cause};
use super::handler::{self, Handler, Look};
use super::list::list;
use super::mend;
use crate::check::{Check, Group, Scope, View};
use crate::facts::{DiagModule, Facts, Gap, Presence, Runnable, Topic};
use crate::finding::{Evidence, Finding, Status, Subject};

/// The kernel can load a diag module when it is asked for one.
pub static CHECK: Check = Check {
    id: "module-autoload",
    title: "The kernel can load a diag module when it is asked for one",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("module_autoload.md"),
    needs: &[Topic::Modules],
    masked_by: &[],
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    let facts = view.facts;
    if let Some(finding) = nothing_to_load(facts) {
        return vec![finding];
    }
    let obstacles = cause::obstacles(facts);
    vec![if obstacles.is_empty() {
        unobstructed(facts)
    } else {
        obstructed(facts, &obstacles)
    }]
}

/// Where the handlers are part of the kernel, or nothing can be, there is nothing to judge.
fn nothing_to_load(facts: &Facts) -> Option<Finding> {
    let built_in: Vec<Evidence> = Handler::ALL
        .into_iter()
        .filter_map(|handler| match handler::presence(facts, handler.module()) {
            Some(Presence::BuiltIn { evidence }) => Some(Evidence::file(
                evidence.clone(),
                None,
                format!("{} is built in", handler.module()),
            )),
            _ => None,
        })
        .collect();
    if built_in.len() == Handler::ALL.len() {
        let summary = format!("nothing needs loading, {} are built in", names(&modules()));
        return Some(Finding::host(Status::Pass, summary).evidences(built_in));
    }
    let config = facts.kernel.config.value()?;
    config.get("CONFIG_MODULES").is_none().then(|| {
        Finding::host(
            Status::Skipped,
            "this kernel has no loadable modules, what it lacks was not built in",
        )
        .evidence(Evidence::file(
            config.source.clone(),
            None,
            "CONFIG_MODULES is not set",
        ))
    })
}

fn obstructed(facts: &Facts, obstacles: &[Cause<'_>]) -> Finding {
    let missing: Vec<DiagModule> = Handler::ALL
        .into_iter()
        .filter(|handler| is_missed(facts, *handler))
        .map(Handler::module)
        .collect();
    let what = obstacles[0].what(DiagModule::TcpDiag);
    let finding = match missing.as_slice() {
        [] => Finding::host(
            Status::Warn,
            format!("no further module can be loaded, {what}"),
        )
        .remedy(mend::preload(facts, obstacles, &modules())),
        [first, ..] => Finding::host(
            loss(&missing),
            format!("the kernel cannot load {}, {what}", names(&missing)),
        )
        .remedy(mend::remedy(facts, *first, obstacles)),
    };
    finding.evidences(
        obstacles
            .iter()
            .map(|cause| cause.evidence(DiagModule::TcpDiag)),
    )
}

/// Known to be absent, and not because it was never built.
fn is_missed(facts: &Facts, handler: Handler) -> bool {
    let never_built = matches!(
        handler::presence(facts, handler.module()),
        Some(Presence::NotConfigured { .. })
    );
    handler::is_there(facts, handler) == Some(false) && !never_built
}

/// Only udp_diag can be done without: /proc/net/udp has the same queues.
fn loss(missing: &[DiagModule]) -> Status {
    if missing.iter().all(|module| *module == DiagModule::UdpDiag) {
        Status::Warn
    } else {
        Status::Fail
    }
}

fn unobstructed(facts: &Facts) -> Finding {
    let by_this_run: Vec<DiagModule> = Handler::ALL
        .into_iter()
        .filter(|handler| handler::look(facts, *handler) == Look::Answers { by_this_run: true })
        .map(Handler::module)
        .collect();
    if !by_this_run.is_empty() {
        let summary = format!("this run made the kernel load {}", names(&by_this_run));
        return Finding::host(Status::Pass, summary).evidences(settings(facts));
    }
    if let Some(gap) = unread(facts) {
        return without_helper(facts, Evidence::gap(gap));
    }
    match facts.kernel.modprobe.value() {
        Some(helper) if helper.runnable == Runnable::Yes => Finding::host(
            Status::Pass,
            format!(
                "the kernel runs {} when a handler is asked for",
                helper.path
            ),
        )
        .evidences(settings(facts)),
        _ => without_helper(
            facts,
            Evidence::sysctl(
                "kernel.modprobe",
                None,
                "names a program of the host, which cannot be seen from here",
            ),
        ),
    }
}

/// Whether autoload works is not known; that does not matter where everything is there.
fn without_helper(facts: &Facts, why: Evidence) -> Finding {
    let all_there = Handler::ALL
        .into_iter()
        .all(|handler| handler::is_there(facts, handler) == Some(true));
    if all_there {
        let summary = format!("nothing needs loading, {} are there", names(&modules()));
        return Finding::host(Status::Pass, summary).evidence(why);
    }
    Finding::about(
        Subject::Host,
        Status::Unknown,
        "whether the kernel can load a handler is not known",
    )
    .evidence(why)
}

fn unread(facts: &Facts) -> Option<&Gap> {
    let kernel = &facts.kernel;
    [
        kernel.modprobe.gaps(),
        kernel.modules_disabled.gaps(),
        facts.modules.gaps(),
    ]
    .into_iter()
    .find_map(|gaps| gaps.first())
}

fn settings(facts: &Facts) -> Vec<Evidence> {
    let helper = facts.kernel.modprobe.value();
    let disabled = facts.kernel.modules_disabled.value();
    let helper = helper.map(|helper| Evidence::sysctl("kernel.modprobe", None, &helper.path));
    let disabled = disabled
        .map(|disabled| Evidence::sysctl("kernel.modules_disabled", None, u8::from(*disabled)));
    helper.into_iter().chain(disabled).collect()
}

fn modules() -> Vec<DiagModule> {
    Handler::ALL.map(Handler::module).to_vec()
}

fn names(modules: &[DiagModule]) -> String {
    let names: Vec<&str> = modules.iter().map(|module| module.name()).collect();
    list(&names)
}
