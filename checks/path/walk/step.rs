//! The steps of a walk, each judged as its check judges it.

use super::table::Table;
use super::{Doubt, End, Fault, Outcome, Way};
use crate::facts::{Canary, Errno, Facts, Gap, Opened, Origin, Queues, Refusal, SOCKET_CALL, Why};
use crate::finding::Remedy;
use crate::lift::lift;
use crate::path::canary::{self as canaries, Told};
use crate::path::handler::{self, Handler, Look, look};
use crate::path::ss_agrees::{self, Printed};
use crate::path::{
    cause, inet_diag, mend, module_autoload, sock_diag_round_trip, socket, ss_environment,
    ss_installed, tcp_diag, telling, udp_diag, unix_diag,
};
use crate::verdict::{Step, StepStatus};

/// Variables that turn ss away from netlink.
pub(super) fn environment(facts: &Facts, table: &Table) -> Outcome {
    let set = match ss_environment::blinding(facts, table.name) {
        Ok(set) => set,
        Err(gap) => return unknown(gap),
    };
    let Some(first) = set.first() else {
        return Outcome::Ok("no variable turns ss away from netlink".to_owned());
    };
    let names: Vec<&str> = set.iter().map(|set| set.name.as_str()).collect();
    Outcome::Fail(
        format!("{} is set: `{}`", names.join(", "), first.value),
        Fault {
            cause: ss_environment::CHECK.id,
            because: format!("{} is set in the environment", names.join(" and ")),
            remedy: Some(ss_environment::remedy(set)),
            ends_in: End::OtherFile,
        },
    )
}

/// The netlink socket.
pub(super) fn netlink(facts: &Facts) -> Outcome {
    match socket::opened(facts) {
        Ok(Opened::Yes) => Outcome::Ok(SOCKET_CALL.to_owned()),
        Ok(Opened::No(errno)) => {
            let why = socket::refused_by(facts, errno);
            Outcome::Fail(
                format!("{errno}, {why}"),
                Fault {
                    cause: sock_diag_round_trip::CHECK.id,
                    because: format!("sock_diag cannot be asked ({errno}: {why})"),
                    remedy: Some(socket::remedy(facts, errno)),
                    ends_in: End::ProcNet,
                },
            )
        }
        Err(gap) => unknown(gap),
    }
}

/// A handler of sock_diag.
pub(super) fn handler(facts: &Facts, table: &Table, handler: Handler) -> Outcome {
    let look = look(facts, handler);
    let module = handler.module();
    let detail = match &look {
        Look::Answers { .. } | Look::Promised(_) => {
            return Outcome::Ok(telling::how_it_is_there(facts, handler, &look));
        }
        Look::Fragile { causes } => {
            let because = telling::again(handler, causes);
            let remedy = telling::remedy(facts, handler, &look);
            return Outcome::Warn(
                because.clone(),
                Fault {
                    cause: check_of(handler),
                    because,
                    remedy,
                    ends_in: End::ProcNet,
                },
            );
        }
        Look::NotAsked { gap, loadable } => return not_asked(facts, handler, gap, *loadable),
        Look::Refuses { errno, causes, .. } => match causes.first() {
            Some(cause) => format!("{errno}, {}", cause.what(module)),
            None => with_errno(*errno, telling::because(facts, handler, &look)),
        },
        Look::Blocked { causes, .. } if facts.origin != Origin::Machine => causes[0].what(module),
        Look::Blocked { causes, .. } => format!("not asked, {}", causes[0].what(module)),
        Look::Orphan { errno } | Look::NoSocket { errno } => errno.to_string(),
    };
    Outcome::Fail(
        detail,
        Fault {
            cause: blamed(handler, &look),
            because: telling::because(facts, handler, &look),
            remedy: remedy(facts, table, handler, &look),
            ends_in: end(facts, table, &look),
        },
    )
}

fn with_errno(errno: Errno, because: String) -> String {
    let name = errno.to_string();
    if because.contains(&name) {
        because
    } else {
        format!("{name}, {because}")
    }
}

/// The answer about sockets of our own.
pub(super) fn canary(facts: &Facts, table: &Table) -> Outcome {
    let all = match facts.round_trips.known() {
        Ok(trips) => (table.canaries)(trips),
        Err(gap) => return unknown(gap),
    };
    let mut ok = Vec::new();
    let mut doubt = None;
    let mut truth = None;
    for fact in all {
        match canaries::told(fact) {
            Told::Truth(canary) => {
                truth = truth.max((table.column)(canary.truth));
                ok.push(format!("{} is shown as it is", canary.socket));
            }
            Told::Unknown(gap) if canaries::is_off(gap) => {}
            Told::Unknown(gap) => doubt = doubt.or(Some(unknown(gap))),
            Told::NoQueues(canary) => doubt = doubt.or(Some(silent(canary))),
            lie => return untrue(&lie),
        }
    }
    match doubt {
        Some(doubt) => doubt,
        None if ok.is_empty() => undecided("no canary could be opened".to_owned(), None),
        None if truth.is_none() => undecided(
            "what is true of a socket of our own is not known".to_owned(),
            None,
        ),
        None if !canaries::tells_apart(truth) => undecided(
            format!("{}, and a blind source shows 0 as well", ok.join("; ")),
            None,
        ),
        None => Outcome::Ok(ok.join("; ")),
    }
}

/// The installed ss, where there is one: what the kernel answers is of no use to those who look at
/// something else.
pub(super) fn ss(facts: &Facts, table: &Table) -> Outcome {
    match ss_agrees::printed(facts, (table.run)(facts), table.column) {
        Printed::Truth(run) => Outcome::Ok(format!(
            "printed {}, which is true",
            canaries::words(run.truth)
        )),
        Printed::NoProof(run) => Outcome::Aside(
            StepStatus::Unknown,
            format!(
                "printed {}, as a blind ss does as well",
                canaries::words(run.truth)
            ),
        ),
        Printed::NotInstalled => Outcome::Aside(StepStatus::Skipped, "not installed".to_owned()),
        Printed::Unknown(gap) if gap.is_unasked() => {
            Outcome::Aside(StepStatus::Unknown, gap.to_string())
        }
        Printed::Unknown(gap) => unusable(facts, gap.to_string(), what_decides(gap)),
        Printed::Broken(run) => unusable(
            facts,
            format!("{} did not run to its end", run.command),
            None,
        ),
        Printed::Nothing(run) => disagrees(facts, format!("`{}` printed nothing", run.command)),
        Printed::Untruth(run, row) => {
            let program = ss_agrees::program(facts);
            let (wrong, really) = (ss_agrees::wrong(run, row), ss_agrees::really(run, row));
            disagrees(
                facts,
                format!("{program} printed {wrong} for a socket {really}"),
            )
        }
    }
}

/// The kernel tells the truth, and what this ss makes of it nobody could see.
fn unusable(facts: &Facts, why: String, lift: Option<String>) -> Outcome {
    let program = ss_agrees::program(facts);
    let what = format!("the kernel answers, but {program} did not show what it makes of it");
    let by_hand = || format!("see what {program} is, and run it by hand");
    let lift = Some(lift.unwrap_or_else(by_hand));
    Outcome::Unknown(why, Doubt { what, lift })
}

/// The ss of an image, which nobody can run before it boots.
pub(super) fn installed(facts: &Facts) -> Outcome {
    match facts.ss.installed.known() {
        Ok(Some(ss)) => Outcome::Ok(ss_installed::name(ss)),
        Ok(None) => Outcome::Aside(StepStatus::Skipped, "not installed".to_owned()),
        Err(gap) => Outcome::Aside(StepStatus::Unknown, gap.to_string()),
    }
}

/// What ss shows in the end.
pub(super) fn then(facts: &Facts, table: &Table, way: &Way) -> Option<Step> {
    let (name, detail) = match (&way.fault, &way.doubt) {
        (Some(fault), _) => after(facts, table, fault.ends_in)?,
        (None, Some(_)) => return None,
        (None, None) => ("sock_diag", table.kernel_shows.to_owned()),
    };
    Some(Step {
        name,
        status: StepStatus::Then,
        detail,
    })
}

fn after(facts: &Facts, table: &Table, end: End) -> Option<(&'static str, String)> {
    let seen = seen(facts, table);
    match end {
        End::Untruth => None,
        End::OtherFile => {
            let shows = ss_environment::shown(facts, table.name);
            Some(("file", format!("{shows}{seen}")))
        }
        End::Nothing => Some((
            "nothing",
            format!("ss prints the header and no sockets{seen}"),
        )),
        End::ProcNet => {
            let shows = file_shows(facts, table);
            Some((table.file, format!("{}{shows}{seen}", complaint(facts))))
        }
    }
}

/// rtnl_open_byproto, lib/libnetlink.c of iproute2. Every other fallback is silent.
fn complaint(facts: &Facts) -> &'static str {
    match socket::opened(facts) {
        Ok(Opened::No(_)) => "prints `Cannot open netlink socket`, then: ",
        _ => "",
    }
}

/// What the file in /proc shows: as a rule, unless it was seen to be otherwise here.
fn file_shows(facts: &Facts, table: &Table) -> String {
    match seen_wrong(facts, table) {
        None => table.file_shows.to_owned(),
        Some((shown, truth)) => format!(
            "{} of a socket with {}",
            canaries::words(shown),
            canaries::words(truth)
        ),
    }
}

/// A canary with another Recv-Q in /proc than is true, as in gVisor (release 20221219): what is
/// shown, and what is true.
pub(super) fn seen_wrong(facts: &Facts, table: &Table) -> Option<(Queues, Queues)> {
    let all = facts.round_trips.value().map(table.canaries);
    all.into_iter().flatten().find_map(|fact| {
        let canary = fact.value()?;
        let shown = (*canary.proc_net.value()?)?;
        (shown.recv? != canary.truth.recv?).then_some((shown, canary.truth))
    })
}

/// A refusal in NLMSG_DONE is what an old ss does not see: its version says so, or what it printed.
fn end(facts: &Facts, table: &Table, look: &Look<'_>) -> End {
    let how = match look {
        Look::Refuses { how, .. } => Some(*how),
        _ => None,
    };
    let printed = ss_agrees::printed(facts, (table.run)(facts), table.column);
    let stops = ss_agrees::stops_at_refusal(facts) || matches!(printed, Printed::Nothing(_));
    match how {
        Some(Refusal::DoneMessage) if stops => End::Nothing,
        _ => End::ProcNet,
    }
}

/// What was really seen of ss, after a comma.
fn seen(facts: &Facts, table: &Table) -> String {
    match ss_agrees::printed(facts, (table.run)(facts), table.column) {
        Printed::Untruth(run, row) => format!(
            " (ss printed {} for a socket {})",
            ss_agrees::wrong(run, row),
            ss_agrees::really(run, row)
        ),
        Printed::Nothing(_) => " (ss printed nothing about a socket that is there)".to_owned(),
        _ => String::new(),
    }
}

/// All that stands between ss and the last handler: mending inet_diag alone may not be enough.
fn remedy(facts: &Facts, table: &Table, handler: Handler, at: &Look<'_>) -> Option<Remedy> {
    let first = telling::remedy(facts, handler, at)?;
    let later = table
        .handlers
        .iter()
        .skip_while(|other| **other != handler)
        .skip(1)
        .filter_map(|other| later_remedy(facts, *other));
    Some(later.fold(first, mend::both))
}

fn later_remedy(facts: &Facts, handler: Handler) -> Option<Remedy> {
    let module = handler.module();
    let is_out = handler::is_in_kernel(facts, module) == Some(false);
    let causes = cause::causes(facts, module);
    (is_out && !causes.is_empty()).then(|| mend::remedy(facts, module, &causes))
}

fn blamed(handler: Handler, look: &Look<'_>) -> &'static str {
    match look {
        Look::Refuses { causes, .. } | Look::Blocked { causes, .. }
            if causes.first().is_some_and(cause::Cause::stops_every_module) =>
        {
            module_autoload::CHECK.id
        }
        Look::NoSocket { .. } => sock_diag_round_trip::CHECK.id,
        _ => check_of(handler),
    }
}

fn check_of(handler: Handler) -> &'static str {
    match handler {
        Handler::Inet => inet_diag::CHECK.id,
        Handler::Tcp => tcp_diag::CHECK.id,
        Handler::Udp => udp_diag::CHECK.id,
        Handler::Unix => unix_diag::CHECK.id,
    }
}

fn not_asked(facts: &Facts, handler: Handler, gap: &Gap, loadable: bool) -> Outcome {
    if loadable && facts.collection.passive {
        let what = format!("{} can be loaded and was not asked", handler.module());
        return Outcome::Unknown(
            "loadable, not asked".to_owned(),
            Doubt {
                what,
                lift: Some(telling::LIFT_PASSIVE.to_owned()),
            },
        );
    }
    unknown(gap)
}

fn untrue(told: &Told<'_>) -> Outcome {
    let what = match told {
        Told::Untruth(canary, said) => format!(
            "sock_diag says {} of a socket with {}",
            canaries::words(*said),
            canaries::words(canary.truth)
        ),
        Told::Refused(errno) => format!("sock_diag refuses one family of addresses ({errno})"),
        _ => "sock_diag leaves out a socket that is there".to_owned(),
    };
    let because = what.clone();
    Outcome::Fail(
        what,
        Fault {
            cause: sock_diag_round_trip::CHECK.id,
            because,
            remedy: None,
            ends_in: End::Untruth,
        },
    )
}

fn disagrees(facts: &Facts, what: String) -> Outcome {
    let because = format!("{what}, although the kernel answers");
    Outcome::Fail(
        what,
        Fault {
            cause: ss_agrees::CHECK.id,
            because,
            remedy: Some(ss_agrees::remedy(facts)),
            ends_in: End::Untruth,
        },
    )
}

fn silent(canary: &Canary) -> Outcome {
    undecided(
        format!("{} is shown without its queues", canary.socket),
        None,
    )
}

fn unknown(gap: &Gap) -> Outcome {
    undecided(gap.to_string(), what_decides(gap))
}

fn undecided(what: String, lift: Option<String>) -> Outcome {
    Outcome::Unknown(what.clone(), Doubt { what, lift })
}

fn what_decides(gap: &Gap) -> Option<String> {
    match &gap.why {
        Why::NotCollected(_) => {
            Some("run sockdoctor without --only, --skip and --passive".to_owned())
        }
        Why::TimedOut { .. } => Some("give it a longer --timeout".to_owned()),
        why => lift(why),
    }
}
