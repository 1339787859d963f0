//! Why a request was dropped.

use super::{Request, Stage};

/// What became of a request. In the order in which the kernel asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was answered, and waits for the final ACK.
    Answered,
    /// It was answered with a SYN cookie, because the SYN queue was full or tcp_syncookies is 2.
    Cookie,
    /// Dropped: the SYN queue was full and tcp_syncookies is 0.
    SynQueueFull,
    /// Dropped at the SYN: the accept queue was full.
    AcceptQueueFullAtSyn,
    /// Dropped: the last quarter of tcp_max_syn_backlog is kept for clients that are known.
    ThreeQuarterRule,
    /// Dropped at the final ACK: the accept queue was full.
    AcceptQueueFullAtFinalAck,
    /// Dropped for another reason: no memory, no route, a security module, a broken option.
    Other,
}

impl Outcome {
    /// What became of `request`. The counters of this one request tell nearly all; only the 3/4 rule
    /// has none, so its conditions are asked again as `tcp_conn_request` asks them
    /// (net/ipv4/tcp_input.c, the same from 5.4 to 6.18). A request that met them and was dropped
    /// for want of a route is taken for one of the rule.
    pub fn of(request: &Request) -> Self {
        let growth = request.growth;
        match request.stage {
            _ if growth.drops == 0 && growth.queue_full_cookies > 0 => Outcome::Cookie,
            _ if growth.drops == 0 => Outcome::Answered,
            Stage::FinalAck if growth.overflows > 0 => Outcome::AcceptQueueFullAtFinalAck,
            Stage::Syn if growth.overflows > 0 => Outcome::AcceptQueueFullAtSyn,
            Stage::Syn if growth.queue_full_drops > 0 => Outcome::SynQueueFull,
            Stage::Syn if meets_three_quarter_rule(request) => Outcome::ThreeQuarterRule,
            _ => Outcome::Other,
        }
    }

    /// Whether the request was dropped.
    pub fn is_drop(self) -> bool {
        !matches!(self, Outcome::Answered | Outcome::Cookie)
    }

    /// Its name for programs; never changed.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Cookie => "cookie",
            Outcome::SynQueueFull => "syn-queue-full",
            Outcome::AcceptQueueFullAtSyn => "accept-queue-full-at-syn",
            Outcome::ThreeQuarterRule => "three-quarter-rule",
            Outcome::AcceptQueueFullAtFinalAck => "accept-queue-full-at-final-ack",
            Outcome::Other => "other",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Cookie => "answered with a cookie",
            Outcome::SynQueueFull => "SYN queue full",
            Outcome::AcceptQueueFullAtSyn => "accept queue full at the SYN",
            Outcome::ThreeQuarterRule => "3/4 rule of tcp_max_syn_backlog",
            Outcome::AcceptQueueFullAtFinalAck => "accept queue full at the final ACK",
            Outcome::Other => "other",
        }
    }
}

/// `sysctl_max_syn_backlog - inet_csk_reqsk_queue_len(sk) < (sysctl_max_syn_backlog >> 2)`, in
/// signed numbers, with tcp_syncookies off.
fn meets_three_quarter_rule(request: &Request) -> bool {
    let most = i64::from(request.max_syn_backlog);
    let left = most - i64::from(request.request_queue);
    request.syncookies == 0 && left < most >> 2
}

#[cfg(test)]
mod tests {
    use super::super::{Growth, request};
    use super::*;

    fn dropped(stage: Stage, growth: Growth) -> Outcome {
        let growth = Growth { drops: 1, ..growth };
        Outcome::of(&Request {
            stage,
            growth,
            ..request()
        })
    }

    #[test]
    fn the_counters_tell_the_reason() {
        let overflow = Growth {
            overflows: 1,
            ..Growth::default()
        };
        let full = Growth {
            queue_full_drops: 1,
            ..Growth::default()
        };
        let at_syn = dropped(Stage::Syn, overflow);
        assert_eq!(at_syn, Outcome::AcceptQueueFullAtSyn);
        let at_ack = dropped(Stage::FinalAck, overflow);
        assert_eq!(at_ack, Outcome::AcceptQueueFullAtFinalAck);
        assert_eq!(dropped(Stage::Syn, full), Outcome::SynQueueFull);
        assert_eq!(
            dropped(Stage::FinalAck, Growth::default()),
            Outcome::Other,
            "no memory for the new socket"
        );
    }

    #[test]
    fn a_full_syn_queue_that_sent_a_cookie_and_met_a_full_accept_queue_is_the_latter() {
        let growth = Growth {
            overflows: 1,
            queue_full_cookies: 1,
            ..Growth::default()
        };
        let found = dropped(Stage::Syn, growth);
        assert_eq!(found, Outcome::AcceptQueueFullAtSyn);
    }

    /// Seen on Linux 6.1: with tcp_max_syn_backlog 16, thirteen requests are taken.
    #[test]
    fn the_three_quarter_rule_leaves_a_quarter_and_only_without_cookies() {
        let with = |request_queue, syncookies| {
            Outcome::of(&Request {
                request_queue,
                syncookies,
                max_syn_backlog: 16,
                growth: Growth {
                    drops: 1,
                    ..Growth::default()
                },
                ..request()
            })
        };
        assert_eq!(with(12, 0), Outcome::Other);
        assert_eq!(with(13, 0), Outcome::ThreeQuarterRule);
        assert_eq!(with(4000, 0), Outcome::ThreeQuarterRule);
        assert_eq!(with(13, 1), Outcome::Other);
    }

    #[test]
    fn what_was_not_dropped_is_no_drop() {
        assert_eq!(Outcome::of(&request()), Outcome::Answered);
        let growth = Growth {
            queue_full_cookies: 1,
            ..Growth::default()
        };
        let cookie = Outcome::of(&Request {
            growth,
            ..request()
        });
        assert_eq!(cookie, Outcome::Cookie);
        assert!(!cookie.is_drop());
    }
}
