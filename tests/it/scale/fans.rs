//! One work with a million dependents, dependencies, children or watchers.

use super::{
    Count, Cx, DEEP, Leaf, MILLION, add, assert_flat, failing_leaf, finish, leaf, scheduler,
};
use crate::units::{at_secs, secs};
use crankwork::{
    Budget, Next, Retain, Spec, Time, WorkId, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::task::{Poll, ready};

/// Adds `hub` and a million works after it. Returns the id of the hub and theirs.
fn fan(s: &mut WorkScheduler<Count>, hub: Spec<Count, Leaf>) -> (WorkId, Vec<WorkId>) {
    let hub = add(s, hub);
    let around = (0..MILLION).map(|_| add(s, leaf().after(hub)));
    (hub, around.collect())
}

#[test]
fn a_million_dependents_of_one_work() {
    let mut s = scheduler(Retain::Nothing);
    fan(&mut s, leaf());
    assert_eq!(finish(&mut s), MILLION as u64 + 1);
    assert_flat(&s);
}

#[test]
fn a_million_dependents_of_one_work_are_blocked() {
    let mut s = scheduler(Retain::All);
    let (first, ids) = fan(&mut s, failing_leaf());
    assert_eq!(finish(&mut s), 1);
    let blocked = Some(WorkState::Blocked);
    assert!(ids.iter().all(|&id| s.state(id) == blocked));
    s.reap(first).unwrap();
}

#[test]
fn a_work_after_a_million() {
    let mut s = scheduler(Retain::Nothing);
    let mut last = leaf();
    for _ in 0..MILLION {
        // Twice each: duplicates count once.
        let id = add(&mut s, leaf());
        last = last.after(id).after(id);
    }
    let last = add(&mut s, last);
    assert_eq!(s.snapshot().pop().unwrap().deps.len(), MILLION as usize);
    assert_eq!(s.state(last), Some(WorkState::Pending));
    assert_eq!(finish(&mut s), MILLION as u64 + 1);
    assert_flat(&s);
}

#[test]
fn edges_between_two_hubs_cost_no_more_than_the_smaller_one() {
    let mut s = scheduler(Retain::Nothing);
    let (hub, _) = fan(&mut s, leaf());
    // Each call looks for a cycle and for a duplicate at a work with a million edges.
    for _ in 0..DEEP {
        let id = add(&mut s, leaf());
        s.add_dependency(hub, id).unwrap();
        s.add_dependency(hub, id).unwrap();
    }
    assert_eq!(finish(&mut s), (MILLION + DEEP) as u64 + 1);
}

#[test]
fn a_million_children_of_one_parent() {
    let mut s = scheduler(Retain::Nothing);
    s.add_fn("parent", |cx: &mut Cx<'_>| {
        for _ in 0..MILLION {
            cx.spawn(leaf())?;
        }
        Poll::Ready(Ok(()))
    })
    .unwrap();
    assert_eq!(finish(&mut s), MILLION as u64);
    assert_flat(&s);
}

#[test]
fn a_million_siblings_of_a_failed_child_are_aborted() {
    let mut s = scheduler(Retain::All);
    let parent = s
        .add_fn("parent", |cx: &mut Cx<'_>| {
            cx.spawn(Spec::new("bad", Leaf(false)))?;
            for _ in 0..MILLION {
                cx.spawn(leaf())?;
            }
            Poll::Ready(Ok(()))
        })
        .unwrap();
    assert!(finish(&mut s) < 10);
    assert_eq!(s.state(parent), Some(WorkState::Failed));
    assert_eq!(s.metrics().in_scheduler, 1);
}

#[test]
fn a_hundred_thousand_works_watch_one() {
    const WATCHERS: u32 = DEEP;
    let mut s = WorkScheduler::<Count>::new(
        WorkSchedulerConfig::default()
            .max_concurrency(WATCHERS as usize + 1)
            .retain(Retain::Nothing),
    );
    let gate = s
        .add_fn("gate", |cx: &mut Cx<'_>| {
            ready!(cx.sleep(secs(1)));
            Poll::Ready(Ok(()))
        })
        .unwrap();
    for _ in 0..WATCHERS {
        s.add_fn("watcher", move |cx: &mut Cx<'_>| {
            *cx.app += 1;
            match cx.watch(gate) {
                // It has settled and been reclaimed.
                Err(_) => Poll::Ready(Ok(())),
                Ok(_) => Poll::Pending,
            }
        })
        .unwrap();
    }
    let mut turns = 0;
    let asleep = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!(asleep.next, Next::At(at_secs(1)));
    let done = s.crank_work(at_secs(1), &mut turns, Budget::unlimited());
    assert_eq!((done.next, turns), (Next::Idle, 2 * WATCHERS as u64));
}
