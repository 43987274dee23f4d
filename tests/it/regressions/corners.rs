//! Hooks, edges, drops, and hosts that panic.

use super::{Cx, SECOND, Turn, crank, fails, naps, scheduler, succeeds, waits_for_wake};
use crankwork::{
    Decision, DecisionKind, Failure, OnChildFailure, Retry, Spec, VirtualDriver, Work, WorkEvent,
    WorkId, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::cell::Cell;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::task::Poll;
use std::task::ready;

/// A work whose hooks do what a test says.
struct Hooked<P, S, R> {
    poll: P,
    on_success: S,
    on_retry: R,
}

impl<P, S, R> Work<()> for Hooked<P, S, R>
where
    P: FnMut(Cx<'_, '_>) -> Turn,
    S: FnMut(Cx<'_, '_>),
    R: FnMut(Cx<'_, '_>),
{
    fn poll(&mut self, cx: Cx<'_, '_>) -> Turn {
        (self.poll)(cx)
    }

    fn on_success(&mut self, cx: Cx<'_, '_>) {
        (self.on_success)(cx);
    }

    fn on_failure_retry(&mut self, cx: Cx<'_, '_>) {
        (self.on_retry)(cx);
    }
}

/// L12, L15: `spawn` is refused in hooks, but `spawn_root` with oneself as the parent is not.
#[test]
fn no_child_can_be_added_to_an_attempt_that_is_over() {
    let mut work = scheduler();
    let child = Rc::new(Cell::new(None::<WorkId>));
    let added = child.clone();
    let hooked = Hooked {
        poll: succeeds,
        on_success: move |cx: Cx<'_, '_>| {
            let me = cx.id();
            let spec = Spec::new("child", waits_for_wake).parent(me);
            added.set(cx.spawn_root(spec).ok().map(|child| child.id()));
        },
        on_retry: |_: Cx<'_, '_>| {},
    };
    let parent = work.add(Spec::new("parent", hooked)).unwrap();
    let _ = crank(&mut work, 0);
    let live = child
        .get()
        .and_then(|child| work.state(child))
        .is_some_and(|state| !state.is_settled());
    let settled = work.state(parent).is_some_and(WorkState::is_settled);
    assert!(!(settled && live), "settled before its child");
}

/// L26: the abort record has been taken by the time the hook runs, so the cancel finds nothing to override.
#[test]
fn a_cancel_in_on_failure_retry_of_an_aborted_attempt_counts() {
    let mut work = scheduler();
    let hooked = Hooked {
        poll: waits_for_wake,
        on_success: |_: Cx<'_, '_>| {},
        on_retry: |cx: Cx<'_, '_>| {
            let me = cx.id();
            assert_eq!(cx.cancel(me), Ok(true));
        },
    };
    let spec = Spec::new("w", hooked)
        .attempt_timeout(SECOND)
        .retry(Retry::ONCE);
    let id = work.add(spec).unwrap();
    let _ = crank(&mut work, 0);
    let _ = crank(&mut work, 1);
    assert_eq!(work.state(id), Some(WorkState::Cancelled));
}

/// The same from below: the parent is aborting, and its child goes on to another attempt.
#[test]
fn a_child_that_cancels_its_parent_in_on_failure_retry_is_not_tried_again() {
    let mut work = scheduler();
    let parent = work.add(Spec::new("parent", waits_for_wake)).unwrap();
    let hooked = Hooked {
        poll: waits_for_wake,
        on_success: |_: Cx<'_, '_>| {},
        on_retry: move |cx: Cx<'_, '_>| {
            let _ = cx.cancel(parent);
        },
    };
    let spec = Spec::new("child", hooked)
        .parent(parent)
        .attempt_timeout(SECOND)
        .retry(Retry::ONCE);
    work.add(spec).unwrap();
    let _ = crank(&mut work, 0);
    let _ = crank(&mut work, 1);
    assert_eq!(work.state(parent), Some(WorkState::Cancelled));
}

/// The stricter kind holds, in whatever order they are given and whenever the other settles.
#[test]
fn after_is_not_weakened_by_after_settled() {
    let mut work = scheduler();
    let failed = work.add(Spec::new("failed", fails)).unwrap();
    let _ = crank(&mut work, 0);
    let one = Spec::new("one", succeeds)
        .after(failed)
        .after_settled(failed);
    let one = work.add(one).unwrap();
    assert_eq!(work.state(one), Some(WorkState::Blocked));
    let two = Spec::new("two", succeeds)
        .after_settled(failed)
        .after(failed);
    let two = work.add(two).unwrap();
    assert_eq!(work.state(two), Some(WorkState::Blocked));
}

#[test]
fn add_dependency_is_not_weakened_by_after_settled() {
    let mut work = scheduler();
    let failed = work.add(Spec::new("failed", fails)).unwrap();
    let _ = crank(&mut work, 0);
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let spec = Spec::new("w", succeeds).after(gate).after_settled(failed);
    let id = work.add(spec).unwrap();
    work.add_dependency(failed, id).unwrap();
    assert_eq!(work.state(id), Some(WorkState::Blocked));
}

/// L14: while the child was settled, its edge did not count; restart opens it again, and closes a cycle.
#[test]
fn a_restart_that_closes_a_cycle_is_refused() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let x = work.add(Spec::new("x", succeeds).after(gate)).unwrap();
    let parent = work
        .add(Spec::new("parent", naps).on_child_failure(OnChildFailure::Collect))
        .unwrap();
    let child = work
        .add(Spec::new("child", succeeds).parent(parent).after(x))
        .unwrap();
    work.cancel(child).unwrap();
    // x waits for the parent, the parent for its child, the child for x: one of the two calls has to refuse.
    let edge = work.add_dependency(parent, x).is_ok();
    let again = work.restart(child).is_ok();
    let end = work.run_until_done(&mut (), &mut VirtualDriver::new());
    assert!(end.is_ok(), "edge {edge}, restart {again}: {end:?}");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// L24: a panic in a drop fails that work, and the engine stays usable.
#[test]
fn an_output_that_panics_when_dropped_does_not_take_the_engine_with_it() {
    let mut work = scheduler();
    let parent = work.add(Spec::new("parent", succeeds)).unwrap();
    let child = |_: Cx<'_, '_>| Poll::Ready(Ok::<_, Failure>(Bomb));
    work.add(Spec::new("child", child).parent(parent)).unwrap();
    let end = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let other = work.add(Spec::new("other", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(work.state(other), Some(WorkState::Success));
    assert!(end.is_ok(), "the panic came through crank_work");
}

/// The same when the output is dropped because the work fails after all.
#[test]
fn an_output_that_panics_when_its_work_fails_does_not_stop_all_settling() {
    let mut work = scheduler();
    let parent = |_: Cx<'_, '_>| Poll::Ready(Ok::<_, Failure>(Bomb));
    let parent = work.add(Spec::new("parent", parent)).unwrap();
    work.add(Spec::new("child", fails).parent(parent)).unwrap();
    let end = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let other = work.add(Spec::new("other", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(work.state(other), Some(WorkState::Success));
    assert!(end.is_ok(), "the panic came through crank_work");
}

/// One panic of the host's event sink leaves `is_settling` set: no work ever settles again.
#[test]
fn an_event_sink_that_panicked_once_does_not_stop_all_settling() {
    let mut armed = true;
    let sink = move |event: &WorkEvent| {
        if event.state == WorkState::Success && std::mem::take(&mut armed) {
            panic!("sink");
        }
        true
    };
    let mut work = WorkScheduler::new(WorkSchedulerConfig::default().event_sink(sink));
    work.add(Spec::new("one", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let two = work.add(Spec::new("two", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(work.state(two), Some(WorkState::Success));
}

/// A decider that panics in a work's `choose` was gone afterwards.
#[test]
fn a_decider_that_panicked_once_still_decides() {
    let mut work = scheduler();
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    work.set_decider(Some(Box::new(move |decision: &Decision<'_>| {
        if decision.kind() == DecisionKind::Choose {
            count.set(count.get() + 1);
            assert!(count.get() > 1, "decider");
        }
        0
    })));
    for name in ["one", "two"] {
        work.add(Spec::new(name, |cx: Cx<'_, '_>| -> Turn {
            cx.choose(2);
            Poll::Ready(Ok(()))
        }))
        .unwrap();
    }
    let _ = crank(&mut work, 0);
    assert_eq!(asked.get(), 2);
    assert_eq!(work.metrics().callback_panics, 1);
}

/// `ignore` takes every listener of the scheduler out of the token, the token's own one too.
#[test]
fn a_schedulers_token_still_cancels_after_a_run_with_it() {
    let mut work = scheduler();
    let token = work.cancel_token();
    work.run_until_done_with_cancel(&mut (), &mut VirtualDriver::new(), &token)
        .unwrap();
    let id = work.add(Spec::new("w", waits_for_wake)).unwrap();
    token.cancel();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(id), Some(WorkState::Cancelled));
}

/// An attempt that had no turn (a child failed before it) leaves `turns` at 0: `add_dependency` then forgets attempts.
#[test]
fn attempts_are_not_forgotten_by_add_dependency() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let parent = work
        .add(Spec::new("parent", succeeds).after(gate).retry(Retry::ONCE))
        .unwrap();
    let child = work.add(Spec::new("child", fails).parent(parent)).unwrap();
    work.cancel(child).unwrap();
    let _ = crank(&mut work, 0);
    // The gate opens; the parent's first attempt fails with the child, without a turn; its second begins at 2 s.
    let _ = crank(&mut work, 1);
    assert_eq!(work.state(parent), Some(WorkState::Retrying));
    let ended = Rc::new(RefCell::new(None));
    let seen = ended.clone();
    work.add(Spec::new("other", move |cx: Cx<'_, '_>| -> Turn {
        ready!(cx.sleep(SECOND));
        let gate = cx.spawn_root(Spec::new("second gate", succeeds))?;
        *seen.borrow_mut() = Some(cx.add_dependency(gate, parent));
        Poll::Ready(Ok(()))
    }))
    .unwrap();
    let _ = crank(&mut work, 1);
    let _ = crank(&mut work, 2);
    let attempts = |work: &WorkScheduler<()>| {
        let all = work.snapshot();
        all.iter().find(|w| w.id == parent.id()).unwrap().attempts
    };
    assert_eq!(attempts(&work), 2, "{:?}", ended.borrow());
}

/// L15, among more edges than a first look takes in.
#[test]
fn l15_duplicates_count_once_among_many_edges() {
    const MANY: usize = 30;
    let mut work = scheduler();
    let mut add = |name: String| work.add(Spec::new(name, waits_for_wake)).unwrap().id();
    let first: Vec<WorkId> = (0..MANY).map(|n| add(format!("before {n}"))).collect();
    let then: Vec<WorkId> = (0..MANY).map(|n| add(format!("after {n}"))).collect();
    // Two works with many dependencies each, and one with many dependents; twice, in either order.
    let into = first
        .iter()
        .flat_map(|&one| [(one, then[1]), (one, then[0])]);
    let out = then[2..].iter().map(|&one| (first[0], one));
    let edges: Vec<_> = into.chain(out).collect();
    for &(before, after) in edges.iter().chain(edges.iter().rev()) {
        work.add_dependency(before, after).unwrap();
    }
    let all = work.snapshot();
    let of = |id: WorkId| all.iter().find(|one| one.id == id).unwrap();
    assert_eq!(of(then[0]).deps, first);
    assert_eq!(of(then[1]).deps, first);
    assert_eq!(of(then[2]).deps, [first[0]]);
    assert_eq!(of(first[1]).dependents, [then[1], then[0]]);
    assert_eq!(of(first[0]).dependents.len(), MANY);
}
