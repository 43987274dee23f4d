//! Errors: each says what to do, and nothing is lost.

mod limits;
mod messages;
mod stalls;

use crate::workbench::Step::Expect;
use crate::workbench::*;
use crankwork::{
    AddError, Budget, DependencyError, Time, UnknownWork, VirtualDriver, WorkId, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::task::Poll;

/// The id of a reclaimed work, one of another scheduler, and one of a work that sleeps.
fn three_ids() -> (Bench, WorkId, WorkId, WorkId) {
    let mut bench = Bench::with_permits(9);
    let gone = bench.script("gone", []);
    let live = bench.script("live", [Expect]);
    bench.crank();
    bench.s.reap(gone).unwrap();
    let foreign = WorkScheduler::<()>::new(WorkSchedulerConfig::default())
        .add_fn("foreign", |_| Poll::Ready(Ok(())))
        .unwrap()
        .id();
    (bench, gone, foreign, live)
}

#[test]
fn unknown_reclaimed_and_foreign_ids_are_refused_everywhere() {
    let (mut bench, gone, foreign, live) = three_ids();
    for (id, error) in [
        (gone, UnknownWork::Reclaimed(gone)),
        (foreign, UnknownWork::Foreign(foreign)),
    ] {
        assert_eq!(bench.s.wake(id), Err(error));
        assert_eq!(bench.s.cancel(id), Err(error));
        assert_eq!(bench.s.restart(id), Err(error.into()));
        assert_eq!(bench.s.reap(id).unwrap_err(), error.into());
        assert_eq!(
            bench.s.add_dependency(id, live),
            Err(DependencyError::Before(error))
        );
        assert_eq!(
            bench.s.add_dependency(live, id),
            Err(DependencyError::After(error))
        );
        let mut clock = VirtualDriver::new();
        let ran = bench
            .s
            .run_until(id, &mut bench.log, &mut clock)
            .unwrap_err();
        assert_eq!(ran.to_string(), error.to_string());
        assert_eq!(
            (bench.s.state(id), bench.s.name(id), bench.s.retry_eta(id)),
            (None, None, None)
        );
        assert!(bench.s.outcome(id).is_none());
    }
    assert_eq!(
        bench.state(live),
        WorkState::Waiting,
        "nothing happened to the others"
    );
}

#[test]
fn a_handle_of_another_scheduler_takes_nothing() {
    let one = || {
        let mut s = WorkScheduler::<()>::new(WorkSchedulerConfig::default());
        let handle = s.add_fn("a", |_| Poll::Ready(Ok(7))).unwrap();
        let _ = s.crank_work(Time::ZERO, &mut (), Budget::unlimited());
        (s, handle)
    };
    let ((mut s, mine), (_other, theirs)) = (one(), one());
    assert_eq!(s.output(theirs), None);
    assert_eq!(s.take(theirs), None);
    assert_eq!(s.take(mine), Some(7));
}

// ---- cycles ----

#[test]
fn a_long_cycle_is_told_by_its_beginning_and_its_length() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Expect]);
    let first = bench.script("first", []);
    let mut last = first;
    for _ in 0..99 {
        last = bench.add_spec(script("next", []).after(last));
    }
    let Err(DependencyError::Cycle(path)) = bench.s.add_dependency(last, first) else {
        panic!("a cycle");
    };
    assert_eq!(path.0.len(), 100, "the error itself has all of it");
    let text = path.to_string();
    assert!(text.starts_with("`first` -> `next` -> "), "{text}");
    assert!(text.ends_with(" -> (88 more) -> `first`"), "{text}");
}

#[test]
fn a_cycle_across_both_kinds_of_edge_and_several_trees_is_told_in_order() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Expect]);
    // `a` owns `a1`, `b` owns `b1`; b after a, c after b1; a1 after c would close it through both trees.
    let a = bench.script("a", []);
    let b = bench.add_spec(script("b", []).after(a));
    let b1 = bench.add_spec(script("b1", []).parent(b));
    let c = bench.add_spec(script("c", []).after(b1));
    let error = bench
        .s
        .add(script("a1", []).parent(a).after(c))
        .unwrap_err();
    let AddError::Cycle(path) = error else {
        panic!("{error}");
    };
    let names: Vec<&str> = path.0.iter().map(|(_, name)| &**name).collect();
    assert_eq!(names, ["a", "b", "b1", "c", "a1"]);
    let ids: Vec<WorkId> = path.0[..4].iter().filter_map(|&(id, _)| id).collect();
    assert_eq!(ids, [a, b, b1, c]);
    let before = bench.s.metrics();
    assert_eq!(before.total, 5, "nothing was added");
    // Without that edge the add succeeds, and all works come to their end.
    bench.add_spec(script("a1", []).parent(a));
    bench.s.cancel(bench.log.id("holder")).unwrap();
    bench.crank();
    assert_eq!(bench.s.metrics().success, 5);
}
