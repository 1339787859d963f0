//! sock_diag tells the truth about a socket of our own.

use super::canary::{self, Told};
use super::socket;
use crate::check::{Check, Group, Scope, View};
use crate::facts::{Canary, Errno, Fact, Facts, Opened, Queues, RoundTrips, Topic};
use crate::finding::{Evidence, Finding, Status, Subject};

/// sock_diag tells the truth about a socket of our own.
pub static CHECK: Check = Check {
    id: "sock-diag-round-trip",
    title: "sock_diag tells the truth about a socket of our own",
    group: Group::Path,
    scope: Scope::Host,
    explain: include_str!("sock_diag_round_trip.md"),
    needs: &[Topic::RoundTrips],
    masked_by: &[],
    judge,
};

fn judge(view: &View<'_>) -> Vec<Finding> {
    match view.facts.round_trips.known() {
        Err(gap) => vec![Finding::unknown(
            Subject::Host,
            "whether sock_diag tells the truth is not known",
            gap,
        )],
        Ok(trips) => match trips.socket {
            Opened::No(errno) => vec![cannot_be_asked(view.facts, errno)],
            Opened::Yes => each_table(trips),
        },
    }
}

fn cannot_be_asked(facts: &Facts, errno: Errno) -> Finding {
    let why = socket::refused_by(facts, errno);
    Finding::host(
        Status::Fail,
        format!("sock_diag cannot be asked at all, {why} ({errno})"),
    )
    .evidence(socket::evidence(facts, errno))
    .remedy(socket::remedy(facts, errno))
}

fn each_table(trips: &RoundTrips) -> Vec<Finding> {
    vec![
        about_tcp("IPv4", &trips.tcp4, &trips.tcp6),
        about_tcp("IPv6", &trips.tcp6, &trips.tcp4),
        about("UDP", &trips.udp),
        about("unix", &trips.unix),
    ]
}

/// One family may be off, and it may be refused where the other is answered: no other check
/// sees that.
fn about_tcp(family: &str, this: &Fact<Canary>, other: &Fact<Canary>) -> Finding {
    match canary::told(this) {
        Told::Unknown(gap) if canary::is_off(gap) => Finding::host(
            Status::Skipped,
            format!("there is no {family} on this machine"),
        )
        .evidence(Evidence::gap(gap)),
        Told::Refused(errno) if matches!(canary::told(other), Told::Truth(_)) => Finding::host(
            Status::Fail,
            format!("sock_diag refuses TCP over {family} ({errno}) and answers the other family"),
        )
        .evidence(Evidence::call(
            format!("dump LISTEN, TCP over {family}"),
            Some(errno),
            "refused",
        )),
        _ => about(&format!("TCP over {family}"), this),
    }
}

fn about(table: &str, fact: &Fact<Canary>) -> Finding {
    match canary::told(fact) {
        Told::Truth(canary) => Finding::host(
            Status::Pass,
            format!("{table}: {}, as it is", shown(canary.truth)),
        )
        .evidence(sock_diag_says(canary)),
        Told::Untruth(canary, said) => lie(format!(
            "sock_diag does not tell the truth about {table}: it says {} of a socket with {}",
            canary::words(said),
            canary::words(canary.truth)
        ))
        .evidence(sock_diag_says(canary)),
        Told::NotShown(canary) => lie(format!(
            "sock_diag does not tell the truth about {table}: it leaves out a socket that is there"
        ))
        .evidence(sock_diag_says(canary)),
        Told::NoQueues(canary) => Finding::host(
            Status::Unknown,
            format!("{table}: sock_diag shows the socket without its queues"),
        )
        .evidence(sock_diag_says(canary)),
        Told::Refused(errno) => Finding::host(
            Status::Skipped,
            format!("{table}: sock_diag does not answer ({errno}), see the check of its handler"),
        ),
        Told::Unknown(gap) => Finding::unknown(
            Subject::Host,
            format!("{table}: whether sock_diag tells the truth is not known"),
            gap,
        ),
    }
}

fn lie(summary: String) -> Finding {
    Finding::host(Status::Fail, summary)
}

fn shown(queues: Queues) -> String {
    if queues.recv.is_none() && queues.send.is_none() {
        "the socket is shown".to_owned()
    } else {
        format!("sock_diag says {}", canary::words(queues))
    }
}

fn sock_diag_says(canary: &Canary) -> Evidence {
    let said = canary
        .sock_diag
        .map_or_else(|| "not in the dump".to_owned(), canary::words);
    Evidence::call(format!("sock_diag about {}", canary.socket), None, said)
}
