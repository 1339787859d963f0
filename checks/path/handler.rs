//! One handler of sock_diag: whether it answers now, and if not, why.
//!
//! The round trip decides whether it answers; the facts about modules say why not, and whether
//! an answer will last. The checks and the walks both judge by [`look`], so they cannot differ.

use super::cause::{self, Cause};
use super::ground::Ground;
use super::promise::{self, Promise};
use crate::facts::{
    Answer, BootModule, Canary, DiagModule, Errno, Fact, Facts, Gap, Opened, Presence, Refusal,
    RoundTrips,
};

/// The handlers that a canary asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handler {
    /// inet_diag, from which the next two hang.
    Inet,
    /// tcp_diag, for IPv4 and IPv6.
    Tcp,
    /// udp_diag.
    Udp,
    /// unix_diag.
    Unix,
}

impl Handler {
    /// All of them.
    pub(super) const ALL: [Handler; 4] = [Handler::Inet, Handler::Tcp, Handler::Udp, Handler::Unix];

    /// Its module.
    pub(super) const fn module(self) -> DiagModule {
        match self {
            Handler::Inet => DiagModule::InetDiag,
            Handler::Tcp => DiagModule::TcpDiag,
            Handler::Udp => DiagModule::UdpDiag,
            Handler::Unix => DiagModule::UnixDiag,
        }
    }

    const fn hangs_from_inet(self) -> bool {
        matches!(self, Handler::Tcp | Handler::Udp)
    }

    /// The request that asks it, as evidence names it.
    pub(super) const fn call(self) -> &'static str {
        match self {
            Handler::Inet => "dump, SOCK_DIAG_BY_FAMILY, AF_INET",
            Handler::Tcp => "dump LISTEN, AF_INET, IPPROTO_TCP",
            Handler::Udp => "dump, AF_INET, IPPROTO_UDP",
            Handler::Unix => "dump, AF_UNIX",
        }
    }
}

/// How a handler stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look<'a> {
    /// It answered.
    Answers {
        /// Asking it is what loaded it.
        by_this_run: bool,
    },
    /// It answered, but once unloaded it would not come back.
    Fragile {
        /// What would stop it.
        causes: Vec<Cause<'a>>,
    },
    /// It does not answer.
    Refuses {
        /// In which of netlink's two ways.
        how: Refusal,
        /// With which error.
        errno: Errno,
        /// What stops it, first to mend first. Empty: nothing that was found.
        causes: Vec<Cause<'a>>,
    },
    /// Nobody asked it, but it is not there and something certainly keeps it out.
    Blocked {
        /// Why it was not asked.
        gap: &'a Gap,
        /// What stops it; never empty.
        causes: Vec<Cause<'a>>,
    },
    /// inet_diag, which it hangs from, does not answer.
    Orphan {
        /// What the kernel said.
        errno: Errno,
    },
    /// In an image: it is built in, or its kernel will load it.
    Promised(Promise<'a>),
    /// Nobody could ask: the netlink socket does not open.
    NoSocket {
        /// Why not.
        errno: Errno,
    },
    /// Nobody asked.
    NotAsked {
        /// Why not.
        gap: &'a Gap,
        /// It would be loaded by asking.
        loadable: bool,
    },
}

/// Looks at a handler.
pub(super) fn look(facts: &Facts, handler: Handler) -> Look<'_> {
    let trips = match (facts.round_trips.known(), facts.origin.image()) {
        (Ok(trips), _) => trips,
        (Err(gap), Some(_)) => return promise::look(facts, handler.module(), gap),
        (Err(gap), None) => return unasked(facts, handler, gap),
    };
    if let Opened::No(errno) = trips.socket {
        return Look::NoSocket { errno };
    }
    match answer(trips, handler) {
        Ok(Answer::Complete) => answering(facts, handler.module()),
        Ok(Answer::Refused { how, errno }) => refusing(facts, trips, handler, how, errno),
        Err(gap) => unasked(facts, handler, gap),
    }
}

/// Whether a handler is known to be there, by its answer or by what is in the kernel.
pub(super) fn is_there(facts: &Facts, handler: Handler) -> Option<bool> {
    let trips = facts.round_trips.value();
    match trips.and_then(|trips| answer(trips, handler).ok()) {
        Some(Answer::Complete) => Some(true),
        // An NLMSG_ERROR speaks of inet_diag, not of what hangs from it.
        Some(Answer::Refused { how, errno })
            if means_absent(errno)
                && !(how == Refusal::ErrorMessage && handler.hangs_from_inet()) =>
        {
            Some(false)
        }
        _ => is_in_kernel(facts, handler.module()),
    }
}

/// Whether a module is built in or loaded, before this run or by it. What a kernel without
/// loadable modules has built in only its configuration says, or an answer.
pub(super) fn is_in_kernel(facts: &Facts, module: DiagModule) -> Option<bool> {
    let after = facts.loaded_after.value();
    if after.is_some_and(|after| after.contains(&module)) {
        return Some(true);
    }
    let presence = presence(facts, module)?;
    (*presence != Presence::NoModuleSupport).then(|| presence.is_in_kernel())
}

/// True when the files that would say why are those of the host, which a container cannot see.
pub(super) fn reason_is_on_the_host(facts: &Facts) -> bool {
    !Ground::of(facts).sees_module_files()
}

/// What is known of a module's presence before this run asked for anything.
pub(super) fn presence(facts: &Facts, module: DiagModule) -> Option<&Presence> {
    cause::entry(facts, module)?.presence.value()
}

/// The most telling answer of those that concern a handler, or why there is none.
fn answer(trips: &RoundTrips, handler: Handler) -> Result<Answer, &Gap> {
    match handler {
        Handler::Inet => family_answer([said(&trips.tcp4), said(&trips.tcp6), said(&trips.udp)]),
        // One tcp_diag serves both families: inet_diag_lock_handler always passes AF_INET.
        Handler::Tcp => said(&trips.tcp4).or_else(|gap| said(&trips.tcp6).map_err(|_| gap)),
        Handler::Udp => said(&trips.udp),
        Handler::Unix => said(&trips.unix),
    }
}

/// inet_diag is there as soon as one protocol was looked up in it: NLMSG_DONE, with an error or
/// without, comes from inet_diag itself.
fn family_answer(answers: [Result<Answer, &Gap>; 3]) -> Result<Answer, &Gap> {
    let reached = |answer: &Answer| {
        !matches!(
            answer,
            Answer::Refused {
                how: Refusal::ErrorMessage,
                ..
            }
        )
    };
    let mut said = answers.iter().copied().filter_map(Result::ok);
    if said.clone().any(|answer| reached(&answer)) {
        return Ok(Answer::Complete);
    }
    said.next().map_or(answers[0], Ok)
}

fn said(canary: &Fact<Canary>) -> Result<Answer, &Gap> {
    canary.known()?.answer.known().copied()
}

fn answering(facts: &Facts, module: DiagModule) -> Look<'_> {
    let causes = would_not_return(facts, module);
    if !causes.is_empty() {
        return Look::Fragile { causes };
    }
    let loaded = facts.loaded_by_this_run();
    Look::Answers {
        by_this_run: loaded.is_some_and(|loaded| loaded.contains(&module)),
    }
}

/// What would stop a loaded module if it had to be loaded again. What stops every module is
/// left to module-autoload.
fn would_not_return(facts: &Facts, module: DiagModule) -> Vec<Cause<'_>> {
    let seen = cause::entry(facts, module).map(|entry| &entry.presence);
    let Some(loaded @ Presence::Loaded { file }) = seen.and_then(Fact::value) else {
        return Vec::new();
    };
    let has_no_file = file.is_none() && seen.is_some_and(|seen| seen.gaps().is_empty());
    let mut causes = cause::causes(facts, module);
    causes.retain(|cause| !cause.stops_every_module());
    let has_tree = facts.modules.value().is_some_and(|all| all.tree.is_some());
    if has_no_file && has_tree && !reason_is_on_the_host(facts) {
        causes.push(Cause::Module(loaded));
    }
    // An alias that leads nowhere does not matter to a module that is loaded by its name. A
    // blacklist does: systemd-modules-load applies it to names too.
    let by_name = named_at_boot(facts, module).is_some();
    causes.retain(|cause| !(by_name && cause.is_alias()));
    causes
}

/// The line by which the next boot loads a module, whoever asks for it.
pub(super) fn named_at_boot(facts: &Facts, module: DiagModule) -> Option<&BootModule> {
    let named = facts.boot.modules.value()?;
    named.iter().find(|boot| boot.module == module.name())
}

fn refusing<'a>(
    facts: &'a Facts,
    trips: &'a RoundTrips,
    handler: Handler,
    how: Refusal,
    errno: Errno,
) -> Look<'a> {
    let module = handler.module();
    let inet_refuses = matches!(answer(trips, Handler::Inet), Ok(Answer::Refused { .. }));
    if handler.hangs_from_inet() && inet_refuses {
        return Look::Orphan { errno };
    }
    let is_absent =
        means_absent(errno) && !presence(facts, module).is_some_and(Presence::is_in_kernel);
    Look::Refuses {
        how,
        errno,
        causes: if is_absent {
            cause::causes(facts, module)
        } else {
            Vec::new()
        },
    }
}

/// The errors that mean "no such handler"; others come from a handler that is there.
pub(super) fn means_absent(errno: Errno) -> bool {
    [Errno::ENOENT, Errno::EOPNOTSUPP].contains(&errno)
}

fn unasked<'a>(facts: &'a Facts, handler: Handler, gap: &'a Gap) -> Look<'a> {
    let presence = presence(facts, handler.module());
    if is_in_kernel(facts, handler.module()) == Some(false) {
        let causes = cause::causes(facts, handler.module());
        if !causes.is_empty() {
            return Look::Blocked { gap, causes };
        }
    }
    Look::NotAsked {
        gap,
        loadable: matches!(presence, Some(Presence::Shipped { .. })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{RuleKind, Why};
    use crate::fixture;
    use crate::path::broken;

    #[test]
    fn an_error_for_the_family_says_nothing_of_the_protocol() {
        let mut facts = fixture::healthy();
        broken::refuse(
            &mut facts,
            Handler::Inet,
            Refusal::ErrorMessage,
            Errno::ENOENT,
        );
        assert_eq!(is_there(&facts, Handler::Inet), Some(false));
        assert_eq!(is_there(&facts, Handler::Tcp), Some(true));
    }

    #[test]
    fn an_error_that_a_handler_gives_proves_that_it_is_there() {
        let mut facts = fixture::healthy();
        let how = Refusal::DoneMessage;
        broken::refuse(&mut facts, Handler::Tcp, how, Errno::ENOBUFS);
        assert_eq!(is_there(&facts, Handler::Tcp), Some(true));
    }

    #[test]
    fn a_file_that_could_not_be_looked_for_is_not_called_gone() {
        let mut facts = fixture::healthy();
        let gone = Presence::Loaded { file: None };
        broken::set_presence(&mut facts, DiagModule::TcpDiag, gone.clone());
        assert!(matches!(look(&facts, Handler::Tcp), Look::Fragile { .. }));
        let needs = "root".to_owned();
        let gap = Gap::new("/lib/modules", Why::Denied { needs });
        broken::of_module(&mut facts, DiagModule::TcpDiag, |entry| {
            entry.presence = Fact::with_gaps(gone, vec![gap]);
        });
        assert!(matches!(look(&facts, Handler::Tcp), Look::Answers { .. }));
    }

    #[test]
    fn a_kernel_without_modules_may_have_built_in_what_nobody_asked() {
        let mut facts = fixture::healthy();
        let module = DiagModule::TcpDiag;
        broken::set_presence(&mut facts, module, Presence::NoModuleSupport);
        facts.loaded_after = Fact::Known(Vec::new());
        assert!(matches!(look(&facts, Handler::Tcp), Look::Answers { .. }));
        facts.round_trips = Fact::Missing(Gap::not_collected("round trip", "--passive"));
        assert!(matches!(look(&facts, Handler::Tcp), Look::NotAsked { .. }));
    }

    #[test]
    fn what_was_loaded_meanwhile_is_not_called_blocked() {
        let mut facts = fixture::healthy();
        let module = DiagModule::TcpDiag;
        broken::set_presence(&mut facts, module, broken::shipped(module));
        broken::add_rule(&mut facts, module, RuleKind::Blacklist, "blacklist x");
        facts.round_trips = Fact::Missing(Gap::not_collected("round trip", "--only"));
        assert!(matches!(look(&facts, Handler::Tcp), Look::NotAsked { .. }));
    }
}
