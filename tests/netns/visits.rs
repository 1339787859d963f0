//! What is read in a namespace, and what a visit leaves behind: nothing.

use crate::guards::{Namespaces, inside};
use crate::namespaces::{Netns, Resident, everything, found, here, selector, set, visited};
use sockdoctor::netns::Selector;
use sockdoctor::probes::MayAsk;
use sockdoctor::probes::namespaces::Visit;
use sockdoctor_checks::facts::{Fact, Gap, SocketSource, Topic, Why};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn each_namespace_has_its_own_settings_and_the_caller_stays_where_it_is() {
    let before = here();
    let (one, other) = (Netns::new(), Netns::new());
    set(&one.name, "core/somaxconn", 1111);
    set(&one.name, "ipv4/tcp_syncookies", 2);
    set(&other.name, "core/somaxconn", 2222);
    for (netns, somaxconn, syncookies) in [(&one, 1111, 2), (&other, 2222, 1)] {
        let namespaces = visited(found(&[selector(netns)]), &everything());
        let sysctls = &namespaces[0].sysctls;
        assert_eq!(sysctls.somaxconn, Fact::Known(somaxconn));
        assert_eq!(sysctls.tcp_syncookies, Fact::Known(syncookies));
        assert!(sysctls.tcp_max_syn_backlog.known().is_ok());
        assert!(sysctls.tcp_abort_on_overflow.known().is_ok());
        assert!(sysctls.tcp_synack_retries.known().is_ok());
        let counters = namespaces[0].counters.known().expect("counters");
        assert_eq!(counters.listen_overflows, Some(0));
    }
    assert_eq!(here(), before);
}

#[test]
fn a_namespace_that_only_a_process_holds_is_entered_through_it() {
    let resident = Resident::unshared("-n");
    let found = found(&[Selector::Pid(resident.pid())]);
    let namespaces = visited(found, &everything());
    assert!(namespaces[0].sysctls.somaxconn.known().is_ok());
}

#[test]
fn a_namespace_that_ends_before_its_visit_is_a_gap_and_stops_no_other() {
    let (dead, alive) = (Netns::new(), Netns::new());
    let found = found(&[selector(&dead), selector(&alive)]);
    drop(dead);
    for namespace in visited(found, &everything()) {
        let is_alive = namespace.label() == alive.name;
        let somaxconn = namespace.sysctls.somaxconn;
        let ended = matches!(
            somaxconn.known(),
            Err(Gap {
                why: Why::Inconsistent(_),
                ..
            })
        );
        assert_eq!(ended, !is_alive, "{somaxconn:?}");
        assert_eq!(namespace.counters.known().is_ok(), is_alive);
    }
}

#[test]
fn a_process_that_ends_before_its_visit_is_a_gap() {
    let resident = Resident::unshared("-n");
    let found = found(&[Selector::Pid(resident.pid())]);
    drop(resident);
    let namespaces = visited(found, &everything());
    let gap = namespaces[0].counters.known().expect_err("ended");
    assert!(matches!(gap.why, Why::Inconsistent(_)), "{gap}");
}

#[test]
fn only_what_was_asked_for_is_read() {
    let netns = Netns::new();
    let visit = Visit {
        topics: Topic::Somaxconn.into(),
        ..everything()
    };
    let namespaces = visited(found(&[selector(&netns)]), &visit);
    let namespace = &namespaces[0];
    assert!(namespace.sysctls.somaxconn.known().is_ok());
    let gaps = [
        namespace.counters.gaps(),
        namespace.listeners.gaps(),
        namespace.unix_listeners.gaps(),
        namespace.sysctls.tcp_syncookies.gaps(),
    ];
    for gap in gaps.concat() {
        assert_eq!(gap.why, Why::NotCollected("--only or --skip".to_owned()));
    }
    assert!(gaps.iter().all(|gaps| gaps.len() == 1));
}

#[test]
fn a_sample_is_a_second_reading_after_at_least_that_time() {
    let netns = Netns::new();
    let visit = Visit {
        sample: Some(Duration::from_millis(20)),
        ..everything()
    };
    let namespaces = visited(found(&[selector(&netns), Selector::Own]), &visit);
    assert_eq!(namespaces.len(), 2);
    for namespace in namespaces {
        let sample = namespace.sample.expect("a sample");
        assert!(sample.interval_ms >= 20);
        assert!(sample.counters.known().is_ok());
    }
}

/// Enough for private mounts of procfs, and for more than one of them on each thread.
#[test]
fn of_two_hundred_namespaces_each_is_read_as_it_is() {
    let Namespaces { names } = &Namespaces::new(200);
    for (number, name) in (0..).zip(names) {
        set(name, "core/somaxconn", 3000 + number);
    }
    let selectors: Vec<_> = names.iter().cloned().map(Selector::Name).collect();
    let namespaces = visited(found(&selectors), &everything());
    assert_eq!(namespaces.len(), names.len());
    for (number, name) in (0..).zip(names) {
        let namespace = namespaces.iter().find(|found| found.label() == *name);
        let somaxconn = &namespace.expect("it was visited").sysctls.somaxconn;
        assert_eq!(*somaxconn, Fact::Known(3000 + number));
    }
}

/// The kernel walks all connections of the machine for each.
#[test]
fn requests_are_counted_in_the_first_namespaces_and_the_others_say_so() {
    let Namespaces { names } = &Namespaces::new(70);
    let selectors: Vec<_> = names.iter().cloned().map(Selector::Name).collect();
    let visit = Visit {
        topics: Topic::SynRecv.into(),
        ..everything()
    };
    let namespaces = visited(found(&selectors), &visit);
    let (counted, others): (Vec<_>, Vec<_>) = namespaces
        .iter()
        .map(|namespace| &namespace.syn_recv)
        .partition(|fact| **fact == Fact::Known(Vec::new()));
    assert_eq!((counted.len(), others.len()), (64, 6));
    for fact in others {
        let gap = fact.known().expect_err("not counted");
        assert!(gap.to_string().contains("--netns"), "{gap}");
    }
}

#[test]
fn without_sock_diag_the_sockets_of_another_namespace_tell_their_queues() {
    let netns = Netns::new();
    let _sockets = inside(&netns.name, || {
        let listener = TcpListener::bind("[::]:0").expect("a listener");
        let (mut near, far) = UnixStream::pair().expect("a pair");
        near.write_all(b"123456789").expect("room");
        (listener, near, far)
    });
    let visit = Visit {
        topics: Topic::Listeners | Topic::UnixStreams,
        may_ask: MayAsk::only_present(|_| false),
        sample: Some(Duration::from_millis(1)),
        iterators: false,
        cookies: false,
    };
    let namespace = &visited(found(&[selector(&netns)]), &visit)[0];
    let sample = namespace.sample.as_ref().expect("a sample");
    for fact in [&namespace.listeners, &sample.listeners] {
        let Fact::Known(listeners) = fact else {
            panic!("{:?}", fact.gaps());
        };
        assert_eq!(listeners[0].source, SocketSource::Descriptor);
        assert_eq!(
            (listeners[0].backlog, listeners[0].drops),
            (Some(128), Some(0))
        );
    }
    let streams = namespace.unix_streams.known().expect("streams");
    assert_eq!(streams[0].unread, Some(9));
    assert_eq!(streams.len(), 1);
}
