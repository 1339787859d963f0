//! Collects the facts: first what can be seen without asking, then what asking shows, then
//! what the asking changed.

use crate::aftermath;
use crate::gap::unselected;
use crate::loading::{Loading, Looking, of_namespaces};
use crate::netns::mounts::Mounts;
use crate::netns::{self, Found, NoSuchNamespace, Selector};
use crate::probes::canary;
use crate::probes::kernel_log::KernelLog;
use crate::probes::namespaces::Visit;
use crate::probes::{self, MayAsk};
use crate::runner::{self, Deadline, Pending, Work};
use sockdoctor_checks::duration::millis;
use sockdoctor_checks::facts::{
    Answer, Collection, DiagModule, FACTS_VERSION, Fact, Facts, Gap, Machine, Modules, Namespace,
    Origin, Owner, Presence, RoundTrips, Ss, Topic, Topics,
};
use sockdoctor_checks::listeners::Process;
use sockdoctor_checks::path::unix_diag;
use sockdoctor_checks::wanted_owners::{all_sockets, wanted_owners};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The part of the whole time that one probe may take: it waits for nothing but the kernel or
/// a short command, and what comes after it needs time too.
const PROBE_PARTS: u32 = 3;

/// What to collect.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The ids of the selected checks.
    pub checks: Vec<&'static str>,
    /// The facts that they need.
    pub topics: Topics,
    /// Which namespaces.
    pub namespaces: Vec<Selector>,
    /// When to look at what may blind ss.
    pub causes: Causes,
    /// Send nothing that could load a module.
    pub passive: bool,
    /// Take a second reading after this time.
    pub sample: Option<Duration>,
    /// Whose processes to look for.
    pub owners: Owners,
    /// Put BPF programs into the kernel for what nothing else tells of a socket: for who looks at
    /// sockets one by one.
    pub iterators: bool,
    /// For the whole run, without the time of the sample.
    pub timeout: Duration,
}

/// When to look at the modules, their rules and the boot settings that `topics` ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Causes {
    /// Before anything is asked. What a passive run may ask depends on them.
    First,
    /// Where ss turned out to be blind, and only then: for who judges nothing else they are a third
    /// of a short run.
    WhereBlind,
}

/// The sockets whose processes are looked for: a walk through the descriptors of all processes,
/// and the dearest part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owners {
    /// Those that findings of the selected checks will name.
    OfFindings,
    /// All listeners, and all unix streams with unread bytes. Of several processes that hold one,
    /// this process comes first.
    OfAll { asked_for: Option<Process> },
    /// None: `listeners --no-process`.
    Unasked,
}

/// Collects what `plan` asks for. Whatever cannot be read is a gap in the facts.
///
/// # Errors
/// A namespace that was asked for by name or process and is not there.
pub(crate) fn collect(plan: &Plan) -> Result<Facts, NoSuchNamespace> {
    let clock = Instant::now();
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = Deadline::after(plan.timeout).later_by(plan.sample.unwrap_or_default());

    let seen = Seen::look(plan, deadline)?;
    let may_ask = may_ask(plan.passive, &seen.loading.modules);
    let asks = plan.topics.contains(Topic::RoundTrips);
    let log = asks.then(KernelLog::at_its_end);
    let mut asked = Asked::ask(plan, seen.found, may_ask, deadline);
    asked.complete_unread_bytes(plan, deadline);

    let mut facts = Facts {
        facts_version: FACTS_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        origin: Origin::Machine,
        expected: None,
        collection: Collection {
            started_unix_seconds: started.map_or(0, |since| since.as_secs()),
            duration_micros: 0,
            passive: plan.passive,
            sample_ms: plan.sample.map(millis),
        },
        machine: seen.machine,
        kernel: seen.loading.kernel,
        modules: seen.loading.modules,
        loaded_before: seen.loaded,
        loaded_after: probes::modules::loaded().into(),
        round_trips: asked.round_trips,
        kernel_log: Fact::Known(Vec::new()),
        ss: asked.ss,
        boot: seen.loading.boot,
        namespaces: asked.namespaces,
        owners: Fact::Known(Vec::new()),
    };
    if plan.causes == Causes::WhereBlind && aftermath::is_blind(&facts) {
        look_at_causes(plan, deadline).wait().put_into(&mut facts);
    }
    aftermath::explain(&mut facts, log, for_one_probe(deadline));
    facts.owners = owners(plan, &facts, deadline);
    facts.collection.duration_micros =
        u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(facts)
}

/// What can be seen without asking the kernel for anything that it might have to load.
struct Seen {
    machine: Machine,
    loaded: Fact<Vec<DiagModule>>,
    loading: Loading,
    found: Fact<Vec<Found>>,
}

impl Seen {
    fn look(plan: &Plan, deadline: Deadline) -> Result<Self, NoSuchNamespace> {
        let looking = match plan.causes {
            Causes::First => look_at_causes(plan, deadline),
            Causes::WhereBlind => Looking::NOT_YET,
        };
        let loaded = probes::modules::loaded().into();
        let (machine, found) = machine_and_namespaces(plan, deadline)?;
        Ok(Seen {
            machine,
            loaded,
            loading: looking.wait(),
            found,
        })
    }
}

fn look_at_causes(plan: &Plan, deadline: Deadline) -> Looking {
    Looking::start(plan.topics, plan.passive, for_one_probe(deadline))
}

/// What may be asked, where these modules are there.
pub(crate) fn may_ask(passive: bool, modules: &Fact<Modules>) -> MayAsk {
    if !passive {
        return MayAsk::ANYTHING;
    }
    MayAsk::only_present(|module| {
        let entry = modules.value().and_then(|modules| modules.get(module));
        let presence = entry.and_then(|entry| entry.presence.value());
        presence.is_some_and(Presence::is_in_kernel)
    })
}

/// What sock_diag, /proc and ss say when they are asked.
struct Asked {
    round_trips: Fact<RoundTrips>,
    ss: Ss,
    namespaces: Fact<Vec<Namespace>>,
}

impl Asked {
    fn ask(plan: &Plan, found: Fact<Vec<Found>>, may_ask: MayAsk, deadline: Deadline) -> Self {
        let limit = for_one_probe(deadline);
        let wants = |topic| plan.topics.contains(topic);
        let round_trips = wants(Topic::RoundTrips).then(|| {
            runner::start("round trip", limit, move || {
                probes::round_trip::collect(may_ask)
            })
        });
        let runs_ss = probes::ss::is_run_for(plan.topics) && !plan.passive;
        // An ss that hangs is ended by the probe, so the probe must not be given up before.
        let ended = limit.with_time_to_clean_up();
        let ss = runs_ss.then(|| {
            let topics = plan.topics;
            runner::start("ss", limit, move || {
                Fact::Known(probes::ss::collect(topics, ended))
            })
        });
        let namespaces = visit(plan, found, may_ask, deadline);
        Asked {
            round_trips: round_trips
                .map_or_else(|| Fact::Missing(unselected("round trip")), Pending::wait),
            ss: observed_ss(plan, ss),
            namespaces,
        }
    }

    /// Where ss is blind for the unread bytes of unix streams, those of the own namespace are
    /// read from the streams themselves. In others only for who asks for the topic.
    fn complete_unread_bytes(&mut self, plan: &Plan, deadline: Deadline) {
        let answered = unix_diag_answered(&self.round_trips);
        let mut namespaces = self.namespaces.value_mut().into_iter().flatten();
        let own = namespaces.find(|namespace| namespace.own);
        let wanted = plan.checks.contains(&unix_diag::CHECK.id) && !answered;
        if let Some(own) = own.filter(|own| wanted && own.unix_streams.value().is_none()) {
            own.unix_streams = probes::descriptors::own_unix_streams(for_one_probe(deadline));
        }
    }
}

fn unix_diag_answered(trips: &Fact<RoundTrips>) -> bool {
    let canary = trips.value().and_then(|trips| trips.unix.value());
    let answer = canary.and_then(|canary| canary.answer.value());
    answer == Some(&Answer::Complete)
}

fn observed_ss(plan: &Plan, pending: Option<Pending<probes::ss::Observed>>) -> Ss {
    let why = if plan.passive { "--passive" } else { "--only" };
    let observed = match pending {
        Some(pending) => pending.wait(),
        None => Fact::Missing(Gap::not_collected("a run of ss", why)),
    };
    let environment = Fact::Known(probes::ss::environment());
    match observed.into_result() {
        Ok(observed) => Ss {
            environment,
            installed: observed.installed,
            tcp: observed.tcp,
            unix: observed.unix,
        },
        Err(gap) => Ss {
            environment,
            ..Ss::missing(&gap)
        },
    }
}

/// What the observer stands on, and the namespaces that were asked for. Both need the mounts, of
/// which a host with containers has thousands.
fn machine_and_namespaces(
    plan: &Plan,
    deadline: Deadline,
) -> Result<(Machine, Fact<Vec<Found>>), NoSuchNamespace> {
    let mounts = Arc::new(LazyLock::new(Mounts::own));
    let machine = {
        let mounts = Arc::clone(&mounts);
        Work {
            name: "machine",
            deadline: for_one_probe(deadline),
            probe: move || Fact::Known(probes::machine::collect(&mounts)),
        }
    };
    let wanted = !plan.topics.is_disjoint(of_namespaces()) || plan.namespaces != [Selector::All];
    let (machine, found) = if wanted {
        let selectors = plan.namespaces.clone();
        let namespaces = Work {
            name: "network namespaces",
            deadline,
            probe: move || Fact::Known(netns::discover_among(&selectors, &mounts)),
        };
        runner::in_turn(machine, namespaces)
    } else {
        let found = Fact::Known(Ok(Fact::Missing(unselected("network namespaces"))));
        (machine.start().wait(), found)
    };
    let no_machine = |gap| Machine::missing(rustix::process::geteuid().as_raw(), &gap);
    let found = found
        .into_result()
        .unwrap_or_else(|gap| Ok(Fact::Missing(gap)));
    Ok((machine.into_result().unwrap_or_else(no_machine), found?))
}

fn visit(
    plan: &Plan,
    found: Fact<Vec<Found>>,
    may_ask: MayAsk,
    deadline: Deadline,
) -> Fact<Vec<Namespace>> {
    let visit = Visit {
        topics: plan.topics,
        may_ask,
        sample: plan.sample,
        iterators: plan.iterators,
        cookies: false,
    };
    let visited = found.map(|found| probes::namespaces::collect(found, &visit, deadline));
    visited.map(without_canaries)
}

/// The canaries listen while the namespaces are visited, and are none of the machine's.
fn without_canaries(mut namespaces: Vec<Namespace>) -> Vec<Namespace> {
    for namespace in namespaces.iter_mut().filter(|namespace| namespace.own) {
        forget(&mut namespace.listeners, |listener| listener.inode);
        forget(&mut namespace.unix_listeners, |listener| listener.inode);
        forget(&mut namespace.unix_streams, |stream| stream.inode);
        if let Some(sample) = &mut namespace.sample {
            forget(&mut sample.listeners, |listener| listener.inode);
        }
    }
    namespaces
}

fn forget<T>(listeners: &mut Fact<Vec<T>>, inode: impl Fn(&T) -> u32) {
    if let Some(value) = listeners.value_mut() {
        canary::forget(value, inode);
    }
}

fn owners(plan: &Plan, facts: &Facts, deadline: Deadline) -> Fact<Vec<Owner>> {
    let (wanted, asked_for) = match &plan.owners {
        Owners::OfFindings => (
            wanted_owners(facts, |check| plan.checks.contains(&check)),
            None,
        ),
        Owners::OfAll { asked_for } => (all_sockets(facts), asked_for.clone()),
        Owners::Unasked => {
            return Fact::Missing(Gap::not_collected("processes", "--no-process"));
        }
    };
    if wanted.is_empty() {
        return Fact::Known(Vec::new());
    }
    let limit = for_one_probe(deadline);
    runner::start("owners", limit, move || {
        probes::owners::collect(&wanted, asked_for.as_ref(), limit)
    })
    .wait()
}

fn for_one_probe(deadline: Deadline) -> Deadline {
    deadline.at_most(deadline.share(PROBE_PARTS))
}
