//! Machines that are broken in one way each.

use sockdoctor_checks::facts::{
    Answer, Canary, DiagModule, Errno, Fact, Facts, Gap, Modules, Namespace, Opened, Place,
    Presence, Refusal, RoundTrips, Rule, RuleKind, SsVariable, Why,
};
use sockdoctor_checks::fixture::healthy;

/// A machine and the name of its snapshot.
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    pub(crate) facts: Facts,
}

/// What breaks a machine.
type Break = fn(&mut Facts);

/// All machines.
pub(crate) fn all() -> Vec<Machine> {
    let broken: [(&str, Break); 10] = [
        ("healthy", |_| {}),
        ("tcp-diag-blocked", tcp_diag_blocked),
        ("unix-diag-not-shipped", unix_diag_not_shipped),
        ("modules-disabled", modules_disabled),
        ("no-sock-diag", no_sock_diag),
        ("ss-environment", ss_environment),
        ("accept-queue-full", accept_queue_full),
        ("somaxconn-low-in-container", somaxconn_low),
        ("nothing-answers", nothing_answers),
        ("as-nobody", as_nobody),
    ];
    broken
        .into_iter()
        .map(|(name, breaks)| machine(name, breaks))
        .collect()
}

/// A healthy machine, after `breaks`.
pub(crate) fn machine(name: &'static str, breaks: impl FnOnce(&mut Facts)) -> Machine {
    let mut facts = healthy();
    breaks(&mut facts);
    Machine { name, facts }
}

/// The value of a fact that the fixture knows.
fn known<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) => value,
        Fact::Partial { .. } | Fact::Missing(_) => panic!("the fixture knows this"),
    }
}

fn set_presence(modules: &mut Modules, module: DiagModule, presence: &Presence, rules: &[Rule]) {
    for entry in &mut modules.entries {
        if entry.module == module {
            entry.presence = Fact::Known(presence.clone());
            entry.rules = Fact::Known(rules.to_vec());
        }
    }
}

fn refuse(canary: &mut Fact<Canary>, how: Refusal) {
    let canary = known(canary);
    let errno = Errno::ENOENT;
    canary.answer = Fact::Known(Answer::Refused { how, errno });
    canary.sock_diag = None;
}

/// `install tcp_diag /bin/true`, the case that matters most.
pub(crate) fn tcp_diag_blocked(facts: &mut Facts) {
    let rule = Rule {
        kind: RuleKind::Install,
        text: "install tcp_diag /bin/true".to_owned(),
        place: Some(Place {
            path: "/etc/modprobe.d/cis.conf".to_owned(),
            line: Some(14),
        }),
        more_lines: 0,
        unlisted: 0,
    };
    let file = "/lib/modules/6.1.0-50-cloud-amd64/kernel/net/ipv4/tcp_diag.ko".to_owned();
    let modules = known(&mut facts.modules);
    set_presence(
        modules,
        DiagModule::TcpDiag,
        &Presence::Shipped { file },
        &[rule],
    );
    known(&mut facts.loaded_after).retain(|&module| module != DiagModule::TcpDiag);
    let trips: &mut RoundTrips = known(&mut facts.round_trips);
    refuse(&mut trips.tcp4, Refusal::DoneMessage);
    refuse(&mut trips.tcp6, Refusal::DoneMessage);
    known(&mut facts.ss.tcp).rows[0].send_q = 0;
}

fn unix_diag_not_shipped(facts: &mut Facts) {
    let modules = known(&mut facts.modules);
    set_presence(modules, DiagModule::UnixDiag, &Presence::NotShipped, &[]);
    known(&mut facts.loaded_after).retain(|&module| module != DiagModule::UnixDiag);
    refuse(
        &mut known(&mut facts.round_trips).unix,
        Refusal::ErrorMessage,
    );
    known(&mut facts.ss.unix).rows[0].recv_q = 0;
}

/// tcp_diag and unix_diag are not loaded, and nothing can be any more.
fn modules_disabled(facts: &mut Facts) {
    facts.kernel.modules_disabled = Fact::Known(true);
    for module in [DiagModule::TcpDiag, DiagModule::UnixDiag] {
        let file = format!("/lib/modules/6.1.0-50-cloud-amd64/kernel/{module}.ko");
        let modules = known(&mut facts.modules);
        set_presence(modules, module, &Presence::Shipped { file }, &[]);
        known(&mut facts.loaded_after).retain(|&loaded| loaded != module);
    }
    let trips: &mut RoundTrips = known(&mut facts.round_trips);
    for canary in [&mut trips.tcp4, &mut trips.tcp6, &mut trips.unix] {
        refuse(canary, Refusal::DoneMessage);
    }
    known(&mut facts.ss.tcp).rows[0].send_q = 0;
    known(&mut facts.ss.unix).rows[0].recv_q = 0;
}

fn no_sock_diag(facts: &mut Facts) {
    let trips = known(&mut facts.round_trips);
    trips.socket = Opened::No(Errno::EPROTONOSUPPORT);
    for canary in [
        &mut trips.tcp4,
        &mut trips.tcp6,
        &mut trips.udp,
        &mut trips.unix,
    ] {
        let canary = known(canary);
        let gap = Gap::new("dump", Why::Failed(Errno::EPROTONOSUPPORT));
        canary.answer = Fact::Missing(gap);
        canary.sock_diag = None;
    }
}

fn ss_environment(facts: &mut Facts) {
    let variable = SsVariable {
        name: "PROC_ROOT".to_owned(),
        value: "/host/proc".to_owned(),
    };
    known(&mut facts.ss.environment).push(variable);
}

/// One connection more than the backlog waits.
pub(crate) fn accept_queue_full(facts: &mut Facts) {
    let listener = &mut known(&mut known(&mut facts.namespaces)[0].listeners)[0];
    listener.accept_queue = 512;
}

fn somaxconn_low(facts: &mut Facts) {
    known(&mut facts.namespaces)[1].sysctls.somaxconn = Fact::Known(128);
}

fn nothing_answers(facts: &mut Facts) {
    fn timed_out<T>(what: &str) -> Fact<T> {
        Fact::Missing(Gap::new(what, Why::TimedOut { after_ms: 5000 }))
    }
    facts.modules = timed_out("modules");
    facts.loaded_after = timed_out("modules");
    facts.round_trips = timed_out("round trip");
    facts.ss.installed = timed_out("ss");
    facts.ss.tcp = timed_out("ss");
    facts.ss.unix = timed_out("ss");
    facts.namespaces = timed_out("namespaces");
}

fn as_nobody(facts: &mut Facts) {
    facts.machine.effective_uid = 65534;
    facts.machine.capabilities = Fact::Known(Vec::new());
    fn denied<T>(what: &str) -> Fact<T> {
        let needs = "root".to_owned();
        Fact::Missing(Gap::new(what, Why::Denied { needs }))
    }
    let web: &mut Namespace = &mut known(&mut facts.namespaces)[1];
    let place = "/proc/812/ns/net";
    web.sysctls.somaxconn = denied(place);
    web.sysctls.tcp_syncookies = denied(place);
    web.sysctls.tcp_max_syn_backlog = denied(place);
    web.sysctls.tcp_abort_on_overflow = denied(place);
    web.sysctls.tcp_synack_retries = denied(place);
    web.counters = denied(place);
    web.listeners = denied(place);
    web.unix_listeners = denied(place);
}
