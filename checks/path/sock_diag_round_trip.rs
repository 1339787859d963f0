//! sock_diag tells the truth about a socket of our own.

use super::canary::{self, Told};
use super::socket;
use crate::check::{Check, Group, Judges, Scope, View};
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
    judges: Judges::Machines,
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
        format!("sock_diag cannot be asked at all ({errno}: {why})"),
    )
    .evidence(socket::evidence(facts, errno))
    .remedy(socket::remedy(facts, errno))
}

fn each_table(trips: &RoundTrips) -> Vec<Finding> {
    let tables = [
        about_tcp("IPv4", &trips.tcp4, &trips.tcp6),
        about_tcp("IPv6", &trips.tcp6, &trips.tcp4),
        Some(about("UDP", &trips.udp)),
        Some(about("unix", &trips.unix)),
    ];
    tables.into_iter().flatten().collect()
}

/// A family that is off has nothing that could be judged. One may be refused where the other is
/// answered: no other check sees that.
fn about_tcp(family: &str, this: &Fact<Canary>, other: &Fact<Canary>) -> Option<Finding> {
    let finding = match canary::told(this) {
        Told::Unknown(gap) if canary::is_off(gap) => return None,
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
    };
    Some(finding)
}

fn about(table: &str, fact: &Fact<Canary>) -> Finding {
    match canary::told(fact) {
        Told::Truth(canary) => {
            Finding::host(Status::Pass, format!("{table}: {}", shown(canary.truth)))
                .evidence(sock_diag_says(canary))
        }
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
        "our socket is shown".to_owned()
    } else {
        format!("sock_diag says {}, which is true", canary::words(queues))
    }
}

fn sock_diag_says(canary: &Canary) -> Evidence {
    let said = canary
        .sock_diag
        .map_or_else(|| "not in the dump".to_owned(), canary::words);
    Evidence::call(format!("sock_diag about {}", canary.socket), None, said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Gap, Refusal, Sandbox, Why};
    use crate::fixture;
    use crate::path::broken::{self, edit, judge};
    use crate::path::handler::Handler;

    fn statuses(facts: &Facts) -> Vec<Status> {
        judge(&CHECK, facts)
            .iter()
            .map(|finding| finding.status)
            .collect()
    }

    /// The healthy machine, with the IPv4 canary changed.
    fn tcp4(change: impl FnOnce(&mut Canary)) -> Facts {
        let mut facts = fixture::healthy();
        edit(&mut facts.round_trips, |trips| {
            edit(&mut trips.tcp4, change);
        });
        facts
    }

    /// The healthy machine, with no IPv6 canary because of `why`.
    fn no_tcp6(why: Why) -> Facts {
        let mut facts = fixture::healthy();
        edit(&mut facts.round_trips, |trips| {
            trips.tcp6 = Fact::Missing(Gap::new("bind [::1]", why));
        });
        facts
    }

    #[test]
    fn the_truth_about_all_four_passes() {
        assert_eq!(statuses(&fixture::healthy()), [Status::Pass; 4]);
    }

    #[test]
    fn another_backlog_than_the_true_one_is_a_lie() {
        let facts = tcp4(|canary| {
            canary.sock_diag = Some(Queues {
                recv: Some(1),
                send: Some(0),
            });
        });
        let findings = judge(&CHECK, &facts);
        assert_eq!(findings[0].status, Status::Fail);
        assert_eq!(
            findings[0].summary,
            "sock_diag does not tell the truth about TCP over IPv4: it says Recv-Q 1, Send-Q 0 \
             of a socket with Recv-Q 1, Send-Q 7"
        );
    }

    #[test]
    fn a_socket_that_is_not_in_the_dump_is_a_lie() {
        let facts = tcp4(|canary| canary.sock_diag = None);
        assert_eq!(statuses(&facts)[0], Status::Fail);
    }

    #[test]
    fn queues_that_were_not_said_are_undecided() {
        let facts = tcp4(|canary| {
            canary.sock_diag = Some(Queues {
                recv: Some(1),
                send: None,
            });
        });
        assert_eq!(statuses(&facts)[0], Status::Unknown);
    }

    #[test]
    fn no_answer_is_undecided() {
        let facts = tcp4(|canary| {
            let gap = Gap::new("dump", Why::TimedOut { after_ms: 5000 });
            canary.answer = Fact::Missing(gap);
        });
        assert_eq!(statuses(&facts)[0], Status::Unknown);
    }

    #[test]
    fn a_machine_without_ipv6_is_judged_without_it() {
        let off = Why::Unsupported("no IPv6 loopback".to_owned());
        assert_eq!(statuses(&no_tcp6(off)), [Status::Pass; 3]);
        let hung = Why::TimedOut { after_ms: 5000 };
        assert_eq!(statuses(&no_tcp6(hung))[1], Status::Unknown);
    }

    #[test]
    fn ipv6_that_a_filter_or_a_missing_proc_hides_is_not_called_absent() {
        for why in [Why::Failed(Errno::EAFNOSUPPORT), Why::Absent] {
            assert_eq!(statuses(&no_tcp6(why))[1], Status::Unknown);
        }
    }

    #[test]
    fn ipv6_can_be_refused_where_ipv4_is_answered() {
        let mut facts = fixture::healthy();
        edit(&mut facts.round_trips, |trips| {
            edit(&mut trips.tcp6, |canary| {
                canary.answer = Fact::Known(crate::facts::Answer::Refused {
                    how: Refusal::DoneMessage,
                    errno: Errno::ENOENT,
                });
            });
        });
        assert_eq!(statuses(&facts)[1], Status::Fail);
    }

    #[test]
    fn a_missing_handler_is_left_to_its_own_check() {
        let facts = broken::without(&[Handler::Tcp, Handler::Unix], broken::shipped);
        let pass = Status::Pass;
        let skip = Status::Skipped;
        assert_eq!(statuses(&facts), [skip, skip, pass, skip]);
    }

    #[test]
    fn what_refuses_the_socket_is_told_apart() {
        for (errno, words) in [
            (Errno::EPROTONOSUPPORT, "this kernel has no sock_diag"),
            (Errno::EPERM, "seccomp"),
            (Errno::EACCES, "SELinux"),
            (Errno::EAFNOSUPPORT, "RestrictAddressFamilies="),
        ] {
            let mut facts = fixture::healthy();
            broken::no_socket(&mut facts, errno);
            let finding = broken::judge_one(&CHECK, &facts);
            assert_eq!(finding.status, Status::Fail);
            assert!(finding.summary.contains(words), "{}", finding.summary);
        }
    }

    #[test]
    fn under_gvisor_the_sandbox_is_to_blame() {
        let mut facts = fixture::healthy();
        broken::no_socket(&mut facts, Errno::EPROTONOSUPPORT);
        facts.machine.sandbox = Fact::Known(Sandbox::Gvisor {
            evidence: "/proc/version".to_owned(),
        });
        let finding = broken::judge_one(&CHECK, &facts);
        assert!(finding.summary.contains("gVisor has no sock_diag"));
        assert!(broken::remedy_text(&finding).contains("on the host"));
    }
}
