//! A source that cannot be registered comes back with an error that says what to do.

use super::{BOTH, Host, listener};
use crate::workbench::{Bench, OK, Probe};
use crankwork::{Spec, WorkSchedulerConfig};
use mio::Interest;
use std::task::Poll;

/// A work that registers a listener in its first turn and sleeps.
fn registering() -> Probe {
    let mut io = None;
    Probe::new(move |cx| {
        let io = io.insert(cx.io().register(listener().0, Interest::READABLE)?);
        assert!(io.is_registered());
        Poll::Pending
    })
}

#[test]
fn without_a_poll() {
    let mut bench = Bench::with_permits(1);
    let id = bench.add("work", registering());
    bench.run();
    assert!(bench.failure(id).contains("call `WorkScheduler::attach`"));
}

#[test]
fn more_sources_than_tokens() {
    let mut host = Host::new(WorkSchedulerConfig::default());
    host.b.s.attach(host.poll.registry(), 5..7).unwrap();
    let ids: Vec<_> = (0..3)
        .map(|n| {
            host.b
                .s
                .add(Spec::new(format!("work {n}"), registering()))
                .unwrap()
        })
        .collect();
    host.b.crank();
    let failure = format!("{:?}", host.b.s.outcome(ids[2]));
    assert!(failure.contains("attach a wider range"), "{failure}");
    assert_eq!(host.b.s.sources(), 2);
    // A token that is free again is used again.
    host.b.s.cancel(ids[0]).unwrap();
    host.b.crank();
    host.b.add_spec(Spec::new("again", registering()));
    host.b.crank();
    assert_eq!(host.b.s.sources(), 2);
}

#[test]
fn an_empty_range_and_a_second_poll_too_late() {
    let mut host = Host::new(WorkSchedulerConfig::default());
    let error = host.b.s.attach(host.poll.registry(), 5..5).unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
    let id = host.b.s.add(Spec::new("work", registering())).unwrap();
    host.b.crank();
    let other = mio::Poll::new().unwrap();
    let error = host.b.s.attach(other.registry(), 5..6).unwrap_err();
    assert!(error.to_string().contains("attach before"), "{error}");
    host.b.s.cancel(id).unwrap();
    host.b.crank();
    host.b.s.attach(other.registry(), 5..6).unwrap();
}

#[test]
fn in_a_hook() {
    let mut host = Host::new(WorkSchedulerConfig::default());
    let work = Probe::new(|_| OK).on_hook(|cx, _| {
        let refused = cx.io().register(listener().0, BOTH).unwrap_err();
        cx.app.push(refused.to_string());
    });
    host.b.add_spec(Spec::new("work", work));
    host.b.crank();
    let refused = host
        .b
        .log
        .lines
        .iter()
        .filter(|line| line.contains("in a hook"));
    assert_eq!(refused.count(), 2, "{:?}", host.b.log.lines);
}
