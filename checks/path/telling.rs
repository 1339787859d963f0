//! What is said of a handler: the finding of its check, and the half sentence of the verdict.

use super::cause::{self, Cause, Reach};
use super::handler::{self, Handler, Look, look};
use super::{mend, refusal, socket};
use crate::check::View;
use crate::facts::{DiagModule, Errno, Facts, Gap, Origin, Presence, Refusal};
use crate::finding::{Evidence, Finding, Remedy, Status, Subject};

/// A handler, and what is lost without it.
pub(super) struct Loss {
    /// The handler.
    pub(super) handler: Handler,
    /// What ss does without it, after the word "so".
    pub(super) without: &'static str,
    /// How bad that is.
    pub(super) status: Status,
}

/// The finding of the handler's own check.
pub(super) fn finding(view: &View<'_>, loss: &Loss) -> Finding {
    let facts = view.facts;
    let handler = loss.handler;
    let module = handler.module();
    let required = view.limits.required_modules.contains(&module);
    let look = look(facts, handler);
    let finding = match &look {
        Look::Answers { .. } => {
            let how = how_it_is_there(facts, handler, &look);
            Finding::host(Status::Pass, format!("{module} answered ({how})"))
        }
        Look::Promised(promise) => {
            Finding::host(Status::Pass, format!("{module} {}", promise.words()))
        }
        Look::Fragile { causes } => {
            Finding::host(Status::Warn, again(handler, causes)).remedy(mend::lasting(facts, causes))
        }
        Look::NoSocket { .. } => Finding::host(
            Status::Unknown,
            format!("{module} could not be asked, because the netlink socket does not open"),
        ),
        Look::NotAsked { loadable, .. } => not_asked(facts, handler, *loadable),
        Look::Refuses { .. } | Look::Blocked { .. } | Look::Orphan { .. } => {
            let because = because(facts, handler, &look);
            let because = format!("{because}, so {}", loss.without);
            let finding = if required {
                required_but(module, &because)
            } else {
                Finding::host(loss.status, because)
            };
            match remedy(facts, handler, &look) {
                Some(remedy) => finding.remedy(remedy),
                None => finding,
            }
        }
    };
    finding.evidences(evidence(facts, handler, &look))
}

/// The finding of a module that the policy requires and that is not to be had.
pub(super) fn required_but(module: DiagModule, because: &str) -> Finding {
    let summary = format!("{because}; the policy requires {module}");
    Finding::host(Status::Fail, summary)
}

/// Why a handler does not answer, as a clause. Only for looks that are a fault.
pub(super) fn because(facts: &Facts, handler: Handler, look: &Look<'_>) -> String {
    let module = handler.module();
    match look {
        Look::Orphan { errno } => {
            format!("inet_diag, which {module} hangs from, does not answer ({errno})")
        }
        Look::Blocked { causes, .. } => stopped(handler, causes),
        Look::Refuses { causes, .. } if !causes.is_empty() => stopped(handler, causes),
        Look::Refuses { errno, .. } => unexplained(facts, handler, *errno),
        _ => format!("{module} could not be asked"),
    }
}

/// What mends a handler that does not answer.
pub(super) fn remedy(facts: &Facts, handler: Handler, look: &Look<'_>) -> Option<Remedy> {
    match look {
        Look::Refuses { errno, causes, .. } if handler::means_absent(*errno) => {
            Some(mend::remedy(facts, handler.module(), causes))
        }
        Look::Blocked { causes, .. } => Some(mend::remedy(facts, handler.module(), causes)),
        Look::Fragile { causes } => Some(mend::lasting(facts, causes)),
        _ => None,
    }
}

/// `loaded`, `built in`, or what this run changed.
pub(super) fn how_it_is_there(facts: &Facts, handler: Handler, look: &Look<'_>) -> String {
    if matches!(look, Look::Answers { by_this_run: true }) {
        return "loaded by this run: it was not loaded before".to_owned();
    }
    if let Look::Promised(promise) = look {
        return promise.words();
    }
    match handler::presence(facts, handler.module()) {
        Some(Presence::BuiltIn { .. }) => "built in".to_owned(),
        Some(Presence::Loaded { .. }) => "loaded".to_owned(),
        _ => "how it came into the kernel is not known".to_owned(),
    }
}

/// What would happen to a loaded module.
pub(super) fn again(handler: Handler, causes: &[Cause<'_>]) -> String {
    let module = handler.module();
    let what = causes.first().map(|cause| cause.what(module));
    format!(
        "{module} answers now, but it could not be loaded again ({})",
        what.unwrap_or_default()
    )
}

/// Everything that a look rests on.
pub(super) fn evidence(facts: &Facts, handler: Handler, look: &Look<'_>) -> Vec<Evidence> {
    let call = |errno, says: &str| Evidence::call(handler.call(), errno, says);
    match look {
        Look::Answers { .. } => vec![call(None, "the dump ran to its end")],
        Look::Promised(promise) => vec![promise.evidence()],
        Look::Fragile { causes } => {
            let mut evidence = vec![call(None, "the dump ran to its end")];
            evidence.extend(of_causes(handler, causes));
            evidence.extend(facts.boot.modules.gaps().iter().map(Evidence::gap));
            evidence
        }
        Look::Refuses { how, errno, causes } => {
            let mut evidence = vec![call(Some(*errno), way(*how))];
            evidence.extend(of_causes(handler, causes));
            let log = refusal::lines(facts, handler.module()).into_iter();
            let seen = evidence.clone();
            evidence.extend(
                log.map(refusal::evidence)
                    .filter(|line| !seen.contains(line)),
            );
            if causes.is_empty() {
                evidence.extend(cause::suspects(facts));
                evidence.extend(gaps(facts, handler));
            }
            evidence
        }
        Look::Blocked { gap, causes } => {
            let mut evidence = of_causes(handler, causes);
            if facts.origin == Origin::Machine {
                evidence.push(Evidence::gap(gap));
            }
            evidence
        }
        Look::Orphan { errno } => vec![call(Some(*errno), way(Refusal::ErrorMessage))],
        Look::NoSocket { errno } => vec![socket::evidence(facts, *errno)],
        Look::NotAsked { gap, .. } => vec![Evidence::gap(gap)],
    }
}

/// What a passive run says of a module that asking would load.
pub(super) const LIFT_PASSIVE: &str = "run sockdoctor without --passive";

fn not_asked(facts: &Facts, handler: Handler, loadable: bool) -> Finding {
    let module = handler.module();
    if loadable && facts.collection.passive {
        return Finding::about(
            Subject::Host,
            Status::Unknown,
            format!("{module} can be loaded and was not asked, because asking would load it"),
        )
        .remedy(Remedy::by_hand(LIFT_PASSIVE));
    }
    Finding::host(
        Status::Unknown,
        format!("whether {module} answers is not known"),
    )
}

fn stopped(handler: Handler, causes: &[Cause<'_>]) -> String {
    let module = handler.module();
    let Some(first) = causes.first() else {
        return format!("{module} is not there");
    };
    let what = first.what(module);
    let only_on_demand = causes.iter().all(|cause| cause.reach() == Reach::Autoload);
    if only_on_demand {
        format!("the kernel cannot load {module} on demand ({what})")
    } else {
        format!("{module} cannot be loaded ({what})")
    }
}

fn unexplained(facts: &Facts, handler: Handler, errno: Errno) -> String {
    let module = handler.module();
    if !handler::means_absent(errno) {
        return format!("{module} refuses with {errno}");
    }
    if handler::presence(facts, module).is_some_and(Presence::is_in_kernel) {
        return format!("{module} does not answer ({errno}) although it is in the kernel");
    }
    if handler::reason_is_on_the_host(facts) {
        return format!("{module} is not there, for a reason that only the host can show");
    }
    if let Some(files) = cause::only_root_reads(facts, module) {
        return format!(
            "{module} is not there and why is not known ({files} could not be read: run as root)"
        );
    }
    if cause::unread(facts, module).is_empty() {
        format!("{module} did not load and nothing was found that stops it")
    } else {
        format!("{module} is not there and why could not be read in full")
    }
}

fn gaps(facts: &Facts, handler: Handler) -> Vec<Evidence> {
    let gaps: Vec<&Gap> = cause::unread(facts, handler.module());
    gaps.into_iter().map(Evidence::gap).collect()
}

fn of_causes(handler: Handler, causes: &[Cause<'_>]) -> Vec<Evidence> {
    causes
        .iter()
        .map(|cause| cause.evidence(handler.module()))
        .collect()
}

fn way(how: Refusal) -> &'static str {
    match how {
        Refusal::ErrorMessage => "NLMSG_ERROR: no handler for the family",
        Refusal::DoneMessage => "in NLMSG_DONE: the family is there, the protocol is not",
    }
}
