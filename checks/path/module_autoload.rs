//! The kernel can load a diag module when it is asked for one.

use super::cause::{self, Cause};
use super::handler::{self, Handler, Look};
use super::mend;
use crate::check::{Check, Group, Judges, Scope, View};
use crate::facts::{DiagModule, Facts, Gap, Presence, Runnable, Topic};
use crate::finding::{Evidence, Finding, Status, Subject};
use crate::list::list;

/// The kernel can load a diag module when it is asked for one.
pub static CHECK: Check = Check {
    id: "module-autoload",
    title: "The kernel can load a diag module when it is asked for one",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("module_autoload.md"),
    needs: &[Topic::Modules],
    masked_by: &[],
    judges: Judges::MachinesAndKernels,
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
            format!("no further module can be loaded ({what})"),
        )
        .remedy(mend::preload(facts, obstacles, &modules())),
        [first, ..] => Finding::host(
            loss(&missing),
            format!("the kernel cannot load {} ({what})", names(&missing)),
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
    let promised = matches!(handler::look(facts, handler), Look::Promised(_));
    handler::is_there(facts, handler) == Some(false) && !never_built && !promised
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Fact, RuleKind, Why};
    use crate::fixture;
    use crate::path::broken::{self, edit, judge_one, remedy_text};

    fn all_built_in(facts: &mut Facts) {
        for module in modules() {
            let evidence = "/lib/modules/6.1.0-50-cloud-amd64/modules.builtin".to_owned();
            broken::set_presence(facts, module, Presence::BuiltIn { evidence });
        }
    }

    #[test]
    fn a_helper_that_runs_passes() {
        let finding = judge_one(&CHECK, &fixture::healthy());
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.contains("/sbin/modprobe"));
    }

    #[test]
    fn a_broken_helper_fails_where_a_handler_is_missing() {
        let mut facts = broken::without_tcp_diag();
        broken::helper(&mut facts, "", Runnable::Empty);
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("cannot load tcp_diag"));
        assert!(remedy_text(&finding).contains("sysctl -w kernel.modprobe=/sbin/modprobe"));
    }

    #[test]
    fn a_broken_helper_warns_where_all_are_loaded() {
        let mut facts = fixture::healthy();
        broken::helper(&mut facts, "/nowhere", Runnable::Missing);
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Warn);
        assert!(remedy_text(&finding).contains("modules-load.d"));
    }

    /// The kernel was built to run `program` in the place of every helper.
    fn static_helper(facts: &mut Facts, program: &str) {
        edit(&mut facts.kernel.config, |config| {
            for (option, value) in [("", "y"), ("_PATH", program)] {
                let option = format!("CONFIG_STATIC_USERMODEHELPER{option}");
                config.options.insert(option, value.to_owned());
            }
        });
    }

    #[test]
    fn a_kernel_that_runs_no_helper_is_helped_by_loading_at_boot() {
        let mut facts = fixture::healthy();
        static_helper(&mut facts, "");
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Warn);
        let mut facts = broken::without_tcp_diag();
        static_helper(&mut facts, "");
        broken::helper(&mut facts, "/nowhere", Runnable::Missing);
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("to run no helper"));
        let remedy = remedy_text(&finding);
        assert!(!remedy.contains("kernel.modprobe"), "{remedy}");
        assert_eq!(
            remedy,
            "modprobe tcp_diag\necho tcp_diag >> /etc/modules-load.d/sock_diag.conf"
        );
    }

    #[test]
    fn a_static_helper_of_no_name_is_the_kernels_own_business() {
        let mut facts = fixture::healthy();
        edit(&mut facts.kernel.config, |config| {
            let option = "CONFIG_STATIC_USERMODEHELPER_PATH".to_owned();
            config.options.insert(option, String::new());
        });
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Pass);
    }

    #[test]
    fn a_missing_udp_diag_is_a_warning_here_too() {
        let mut facts = broken::without(&[Handler::Udp], broken::shipped);
        facts.kernel.modules_disabled = Fact::Known(true);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Warn);
    }

    #[test]
    fn nothing_needs_loading_where_all_is_built_in() {
        let mut facts = fixture::healthy();
        all_built_in(&mut facts);
        broken::helper(&mut facts, "", Runnable::Empty);
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.starts_with("nothing needs loading"));
    }

    #[test]
    fn a_kernel_without_modules_is_not_judged() {
        let mut facts = broken::without(&[Handler::Udp], |_| Presence::NoModuleSupport);
        edit(&mut facts.kernel.config, |config| {
            config.options.remove("CONFIG_MODULES");
        });
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Skipped);
    }

    #[test]
    fn a_tree_that_is_missing_says_which() {
        let mut facts = broken::without(&[Handler::Tcp], |_| Presence::NotShipped);
        edit(&mut facts.modules, |modules| modules.tree = None);
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Fail);
        let tree = "/lib/modules/6.1.0-50-cloud-amd64";
        assert!(finding.summary.contains(tree), "{}", finding.summary);
    }

    #[test]
    fn a_tree_that_is_missing_from_a_root_of_nobody_knows_whom_proves_nothing() {
        let mut facts = fixture::healthy();
        edit(&mut facts.modules, |modules| modules.tree = None);
        let Fact::Known(value) = facts.modules else {
            panic!("the fixture has modules");
        };
        let gaps = vec![Gap::new("/proc/self/ns/pid", Why::Absent)];
        facts.modules = Fact::Partial { value, gaps };
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Pass);
    }

    #[test]
    fn a_helper_that_cannot_be_seen_is_undecided_only_where_it_matters() {
        let mut facts = fixture::healthy();
        broken::in_container(&mut facts);
        broken::helper(&mut facts, "/sbin/modprobe", Runnable::OtherRoot);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Pass);

        let mut facts = broken::without_tcp_diag();
        broken::in_container(&mut facts);
        broken::helper(&mut facts, "/sbin/modprobe", Runnable::OtherRoot);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Unknown);
    }

    #[test]
    fn an_unread_setting_is_undecided_where_a_handler_is_missing() {
        let mut facts = broken::without_tcp_diag();
        let needs = "root".to_owned();
        facts.kernel.modprobe = Fact::Missing(Gap::new("kernel.modprobe", Why::Denied { needs }));
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Unknown);
    }

    #[test]
    fn what_this_run_loaded_refutes_what_the_files_say() {
        let mut facts = fixture::healthy();
        broken::helper(&mut facts, "/nowhere", Runnable::Missing);
        edit(&mut facts.modules, |modules| modules.tree = None);
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Warn);
        broken::load_by_asking(&mut facts, DiagModule::TcpDiag);
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Pass, "{}", finding.summary);
    }

    #[test]
    fn a_tree_that_only_root_can_see_is_undecided_and_root_is_asked_for() {
        let mut facts = broken::without_tcp_diag();
        let needs = "root".to_owned();
        let gap = Gap::new("/lib/modules/6.1", Why::Denied { needs });
        edit(&mut facts.modules, |modules| modules.tree = None);
        facts.modules = facts.modules.and_gaps(vec![gap.clone()]);
        broken::of_module(&mut facts, DiagModule::TcpDiag, |entry| {
            entry.presence = Fact::Missing(gap);
        });
        assert_eq!(judge_one(&CHECK, &facts).status, Status::Unknown);
        let finding = judge_one(&crate::path::tcp_diag::CHECK, &facts);
        assert!(
            finding.summary.contains("run as root"),
            "{}",
            finding.summary
        );

        let rule = "install tcp_diag /bin/false";
        broken::add_rule(&mut facts, DiagModule::TcpDiag, RuleKind::Install, rule);
        let finding = judge_one(&crate::path::tcp_diag::CHECK, &facts);
        assert!(finding.summary.contains(rule), "{}", finding.summary);
    }

    #[test]
    fn what_this_run_loaded_proves_it() {
        let mut facts = fixture::healthy();
        broken::load_by_asking(&mut facts, DiagModule::TcpDiag);
        facts.kernel.modprobe = Fact::Missing(Gap::new("kernel.modprobe", Why::Absent));
        let finding = judge_one(&CHECK, &facts);
        assert_eq!(finding.status, Status::Pass);
        assert!(
            finding
                .summary
                .contains("this run made the kernel load tcp_diag")
        );
    }
}
