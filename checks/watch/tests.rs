//! What is told of two readings, and what is not.

use super::testing::{
    counting, dropping, host, host_that_dropped, last, last_events, queued, reading,
    reading_by_cookie, watched,
};
use super::*;
use crate::facts::{Counters, SocketSource, TcpListener, UnixListener};
use crate::fixture::{listener, namespace};
use std::time::Duration;

const TWO_SECONDS: Duration = Duration::from_secs(2);

fn growth(by: u64) -> Growth {
    let within = TWO_SECONDS;
    Growth { by, within }
}

fn full(queue: u32, at_first_sight: bool) -> What {
    What::QueueFull {
        queue,
        backlog: 2,
        at_first_sight,
    }
}

fn refused() -> Gap {
    Gap::new("dump", Why::TimedOut { after_ms: 5 })
}

fn unread() -> Namespace {
    Namespace {
        listeners: Fact::Missing(refused()),
        ..host(Vec::new())
    }
}

fn partly_read(listeners: Vec<TcpListener>) -> Namespace {
    Namespace {
        listeners: Fact::with_gaps(listeners, vec![refused()]),
        ..host(Vec::new())
    }
}

#[test]
fn the_same_reading_twice_is_no_event() {
    let mut busy = host(vec![queued(80, 3), dropping(81, 7)]);
    busy.unix_listeners = Fact::Missing(refused());
    busy.counters = counting(|counters| counters.listen_drops = Some(9)).counters;
    let mut watch = Watch::default();
    watch.feed(reading(1, vec![busy.clone()]));
    assert_eq!(watch.feed(reading(1, vec![busy])), []);
}

#[test]
fn a_queue_that_fills_and_empties_is_told_each_time_once() {
    let queues = |queues: &[u32]| last(queues.iter().map(|queue| host(vec![queued(80, *queue)])));
    assert_eq!(queues(&[2, 3]), [full(3, false)]);
    assert_eq!(queues(&[2, 3, 3]), []);
    let backlog = 2;
    assert_eq!(queues(&[3, 2]), [What::QueueHasRoom { queue: 2, backlog }]);
}

#[test]
fn a_queue_that_is_full_at_first_sight_did_not_become_so() {
    assert_eq!(last([host(vec![queued(80, 3)])]), [full(3, true)]);
}

#[test]
fn a_queue_is_still_full_after_a_reading_that_failed() {
    let full = host(vec![queued(80, 3)]);
    let back = [What::ReadingBack(Reads::TcpListeners)];
    assert_eq!(last([full.clone(), unread(), full]), back);
}

#[test]
fn drops_are_told_as_a_rate_over_the_measured_time_and_wrap() {
    let drops = |before, after| {
        let reading =
            |lost, drops| host_that_dropped(lost, vec![dropping(80, drops), dropping(81, 4)]);
        last_events([reading(0, before), reading(5, after)])
    };
    let events = drops(u32::MAX, 4);
    let growth = growth(5);
    assert_eq!(events[0].what, What::DropsGrew { growth });
    assert_eq!(growth.per_second(), Some(2.5));
    assert_eq!(
        events[0].listener().expect("its name").address,
        "0.0.0.0:80"
    );
    assert_eq!(events.len(), 1);
    assert_eq!(drops(u32::MAX, 6)[0].what, What::DropsGrew { growth });
}

/// Bare ACKs behind TCP_DEFER_ACCEPT, health checks that reset, repeated SYNs.
#[test]
fn packets_that_are_discarded_are_no_dropped_connection_requests() {
    let read = |lost, drops| host_that_dropped(lost, vec![dropping(80, drops)]);
    assert_eq!(last([read(3, 0), read(3, 200)]), []);
    assert_eq!(
        last([read(3, 0), read(5, 200)]),
        [What::DropsGrew { growth: growth(2) }]
    );
    assert_eq!(
        last([read(3, 0), read(3, 200), read(3, 200), read(5, 200)]),
        [What::UnexplainedDrops {
            growth: growth(2),
            overflows: Some(0),
            all_counted: true,
        }],
        "those of long ago are no part of it"
    );
}

#[test]
fn without_listen_drops_all_that_a_listener_counts_may_be_dropped() {
    let read = |drops| {
        let mut host = host(vec![dropping(80, drops)]);
        host.counters = Fact::Missing(refused());
        host
    };
    assert_eq!(
        last([read(0), read(5)]),
        [What::DropsGrew { growth: growth(5) }]
    );
}

#[test]
fn a_listener_that_came_has_dropped_all_that_it_counts() {
    let growth = growth(6);
    let happened = last([
        host(Vec::new()),
        host_that_dropped(6, vec![dropping(80, 6)]),
    ]);
    assert_eq!(happened, [What::ListenerCame, What::DropsGrew { growth }]);
}

#[test]
fn a_listener_that_went_is_told() {
    let both = host(vec![queued(80, 0), queued(81, 0)]);
    let events = last_events([both, host(vec![queued(81, 0)])]);
    assert_eq!(events[0].what, What::ListenerWent);
    assert_eq!(
        events[0].listener().expect("its name").address,
        "0.0.0.0:80"
    );
    assert_eq!(events.len(), 1);
}

#[test]
fn a_listener_that_was_not_read_has_not_gone_and_does_not_come_back() {
    let there = || host(vec![queued(80, 0)]);
    let failed = [What::failed(Reads::TcpListeners, &refused())];
    let back = [What::ReadingBack(Reads::TcpListeners)];
    assert_eq!(last([there(), unread()]), failed);
    assert_eq!(last([there(), partly_read(Vec::new())]), failed);
    assert_eq!(last([there(), unread(), there()]), back);
    assert_eq!(last([partly_read(Vec::new()), there()]), back);
}

#[test]
fn a_gap_that_is_always_there_hides_no_listener_that_goes() {
    let before = partly_read(vec![queued(80, 0)]);
    assert_eq!(
        last([before, partly_read(Vec::new())]),
        [What::ListenerWent]
    );
}

#[test]
fn drops_that_a_listener_counts_are_explained() {
    let read = |drops: u32| Namespace {
        listeners: Fact::Known(vec![dropping(80, drops)]),
        ..counting(|counters| counters.listen_drops = Some(drops.into()))
    };
    let events = last([read(1), read(4)]);
    assert_eq!(events, [What::DropsGrew { growth: growth(3) }]);
}

#[test]
fn drops_that_no_listener_counts_are_told() {
    let read = |drops, overflows| {
        counting(|counters| {
            counters.listen_drops = Some(drops);
            counters.listen_overflows = Some(overflows);
        })
    };
    let unexplained = What::UnexplainedDrops {
        growth: growth(3),
        overflows: Some(2),
        all_counted: true,
    };
    assert_eq!(last([read(1, 0), read(4, 2)]), [unexplained]);
    assert_eq!(last([read(1, 0), read(4, 2), read(4, 2)]), []);
}

#[test]
fn drops_between_the_reading_of_counters_and_listeners_are_no_surprise() {
    let read = |lost, drops| host_that_dropped(lost, vec![dropping(80, drops)]);
    let events = last([read(0, 0), read(10, 13), read(23, 23)]);
    assert_eq!(events, [What::DropsGrew { growth: growth(13) }]);
}

#[test]
fn drops_are_not_blamed_on_nobody_where_listeners_were_not_read() {
    let mut after = unread();
    after.counters = counting(|counters| counters.listen_drops = Some(3)).counters;
    let events = last([host(Vec::new()), after]);
    assert!(matches!(
        events[1],
        What::UnexplainedDrops {
            all_counted: false,
            ..
        }
    ));
}

fn whats(events: Vec<Event>) -> Vec<What> {
    events.into_iter().map(|event| event.what).collect()
}

/// It wraps on a 32-bit kernel.
#[test]
fn a_counter_that_goes_backwards_in_the_same_namespace_did_not_grow() {
    let read = |drops| counting(|counters| counters.listen_drops = Some(drops));
    let mut watch = Watch::default();
    watch.feed(reading_by_cookie(0, 7, read(9)));
    assert_eq!(watch.feed(reading_by_cookie(2, 7, read(2))), []);
}

#[test]
fn a_namespace_that_got_the_number_of_another_is_told_with_what_it_dropped_since_it_began() {
    let read = |lost, drops, queue| {
        let listener = TcpListener {
            drops: Some(drops),
            ..queued(80, queue)
        };
        host_that_dropped(lost, vec![listener])
    };
    let listeners = Some(1);
    let growth = growth(3);
    let happened = [
        What::NamespaceWent { listeners },
        What::NamespaceCame { listeners },
        full(3, false),
        What::DropsGrew { growth },
    ];
    let (before, after) = (read(33, 40, 0), read(3, 4, 3));
    assert_eq!(last([before.clone(), after.clone()]), happened);
    let grown = read(36, 40, 3);
    let by_cookie = |cookies: [u64; 2], after: &Namespace| {
        let mut watch = Watch::default();
        watch.feed(reading_by_cookie(0, cookies[0], before.clone()));
        whats(watch.feed(reading_by_cookie(2, cookies[1], after.clone())))
    };
    assert_eq!(by_cookie([7, 8], &after), happened);
    assert_eq!(by_cookie([7, 8], &grown)[..2], happened[..2]);
    assert_eq!(by_cookie([7, 7], &grown)[0], full(3, false));
}

#[test]
fn a_namespace_that_could_not_be_read_in_between_is_told_apart_all_the_same() {
    let mut watch = Watch::default();
    watch.feed(reading_by_cookie(0, 7, host(Vec::new())));
    watch.feed(reading(2, vec![unread()]));
    let events = whats(watch.feed(reading_by_cookie(4, 8, host(Vec::new()))));
    let listeners = Some(0);
    assert_eq!(events[0], What::NamespaceWent { listeners });
    assert_eq!(events[1], What::NamespaceCame { listeners });
}

fn cookied(counters: &mut Counters) {
    counters.req_q_full_do_cookies = Some(25);
    counters.syncookies_sent = Some(24);
}

#[test]
fn a_full_syn_queue_is_told_by_what_became_of_the_syns() {
    let before = || counting(|_| ());
    let dropped = counting(|counters| counters.req_q_full_drop = Some(25));
    let full = |cookies| What::SynQueueFull {
        growth: growth(25),
        cookies,
    };
    let sent = What::CookiesSent {
        growth: growth(24),
        always: false,
    };
    assert_eq!(last([before(), dropped]), [full(false)]);
    assert_eq!(last([before(), counting(cookied)]), [full(true), sent]);
}

#[test]
fn cookies_for_everybody_say_nothing_about_the_syn_queue() {
    let setting = |value| {
        let mut after = counting(cookied);
        after.sysctls.tcp_syncookies = value;
        last([counting(|_| ()), after])
    };
    let sent = |always| What::CookiesSent {
        growth: growth(24),
        always,
    };
    assert_eq!(setting(Fact::Known(2)), [sent(true)]);
    assert_eq!(setting(Fact::Missing(refused())), [sent(false)]);
}

#[test]
fn a_namespace_that_comes_or_goes_is_told_without_its_listeners() {
    let web = || namespace(2, "web", vec![queued(80, 0)]);
    let mut watch = Watch::default();
    watch.feed(reading(0, vec![host(Vec::new())]));
    let listeners = Some(1);
    let came = watch.feed(reading(1, vec![host(Vec::new()), web()]));
    let went = watch.feed(reading(2, vec![host(Vec::new())]));
    assert_eq!(came[0].what, What::NamespaceCame { listeners });
    assert_eq!(went[0].what, What::NamespaceWent { listeners });
    assert_eq!((came.len(), went.len()), (1, 1));
}

#[test]
fn a_namespace_that_is_out_of_sight_has_not_gone() {
    let mut watch = Watch::default();
    watch.feed(reading(0, vec![host(vec![queued(80, 3)])]));
    let unseen = Reading {
        namespaces: Fact::Partial {
            value: Vec::new(),
            gaps: vec![refused()],
        },
    };
    let failed = [What::failed(Reads::Namespaces, &refused())];
    assert_eq!(watch.feed(unseen)[0].what, failed[0]);
    assert_eq!(watch.rows()[0].queue, None, "it was not measured");
}

#[test]
fn failures_are_told_once_and_alike_ones_together() {
    let blind = |inode, name| Namespace {
        counters: Fact::Missing(refused()),
        ..namespace(inode, name, Vec::new())
    };
    let three = vec![blind(1, "host"), blind(2, "web"), blind(3, "db")];
    let mut watch = Watch::default();
    let events = watch.feed(reading(0, three.clone()));
    let expected = What::ReadingFailed {
        reads: Reads::Counters,
        gap: refused(),
        others: 2,
    };
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].what, expected);
    assert_eq!(watch.feed(reading(1, three)), []);
}

#[test]
fn a_namespace_of_which_nothing_was_read_fails_once() {
    let blank = Namespace {
        counters: Fact::Missing(refused()),
        unix_listeners: Fact::Missing(refused()),
        ..unread()
    };
    let failed = What::failed(Reads::Namespace, &refused());
    assert_eq!(last([blank]), [failed]);
}

#[test]
fn a_full_unix_queue_is_told_by_its_path() {
    let queued = |queue| Namespace {
        unix_listeners: Fact::Known(vec![UnixListener {
            name: "/run/x.sock".to_owned(),
            accept_queue: Some(queue),
            backlog: Some(2),
            inode: 9,
            source: SocketSource::SockDiag,
        }]),
        ..host(Vec::new())
    };
    let events = last_events([queued(0), queued(3)]);
    assert_eq!(events[0].what, full(3, false));
    assert_eq!(events[0].about().as_deref(), Some("/run/x.sock in host"));
}

#[test]
fn the_worst_listener_is_the_first_row() {
    let read = |drops| {
        let listeners = vec![
            listener("0.0.0.0", 1),
            queued(2, 1),
            dropping(3, drops),
            queued(4, 3),
        ];
        host_that_dropped(drops.into(), listeners)
    };
    let (watch, _) = watched([read(0), read(5)]);
    let rows = watch.rows();
    let order: Vec<&str> = rows.iter().map(|row| row.who.address.as_str()).collect();
    let expected = ["0.0.0.0:4", "0.0.0.0:3", "0.0.0.0:2", "0.0.0.0:1"];
    assert_eq!(order, expected);
}

#[test]
fn a_row_remembers_its_queue_and_where_it_was_not_read() {
    let (watch, _) = watched([
        host(vec![queued(80, 1)]),
        unread(),
        host(vec![queued(80, 2)]),
    ]);
    let rows = watch.rows();
    let queues: Vec<_> = rows[0].history.last(9).map(|point| point.queue).collect();
    assert_eq!(queues, [Some(1), None, Some(2)]);
}

#[test]
fn a_crowd_of_listeners_that_go_is_named_in_part_and_counted() {
    let many = (0..10_000).map(|port| queued(port, 0)).collect();
    let happened = last([host(many), host(Vec::new())]);
    let what = "listener-went";
    let number = 9_984;
    assert_eq!(happened.len(), 17);
    assert_eq!(happened[16], What::More { what, number });
}

#[test]
fn of_a_crowd_that_drops_the_worst_are_named() {
    let read = |factor: u32| {
        let listeners = (1..100).map(|n| dropping(n, u32::from(n) * factor));
        host_that_dropped(u64::from(factor) * 4_950, listeners.collect())
    };
    let happened = last([read(0), read(1)]);
    assert_eq!(happened[0], What::DropsGrew { growth: growth(99) });
    assert_eq!(happened.len(), 17);
}

#[test]
fn a_namespace_without_a_reading_of_listeners_is_unread() {
    let blank = Namespace {
        unix_listeners: Fact::Missing(refused()),
        ..unread()
    };
    let mut watch = Watch::default();
    watch.feed(reading(0, vec![namespace(2, "web", Vec::new()), blank]));
    assert_eq!((watch.namespaces().count(), watch.unread()), (2, 1));
    watch.feed(reading(1, vec![host(Vec::new())]));
    assert_eq!(watch.unread(), 0);
}
