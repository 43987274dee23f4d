//! Hooks, edges, and restarts.

use super::bench;
use crate::units::{at_secs, secs};
use crate::workbench::{OK, Probe, done, failing, idling, napping, say};
use crankwork::{OnChildFailure, Retry, Spec, VirtualDriver, WorkId, WorkState};
use std::cell::Cell;
use std::rc::Rc;
use std::task::ready;

/// L12, L15: `spawn` is refused in hooks, but `spawn_root` with the work itself as the parent is not.
#[test]
fn no_child_can_be_added_to_an_attempt_that_is_over() {
    let mut b = bench();
    let added: Rc<Cell<Option<WorkId>>> = Rc::default();
    let child = added.clone();
    let parent = done().on_hook(move |cx, hook| {
        if hook == "on_success" {
            let spec = Spec::new("child", idling()).parent(cx.id());
            child.set(cx.spawn_root(spec).ok().map(|child| child.id()));
        }
    });
    let parent = b.add("parent", parent);
    b.crank();
    assert_eq!(
        b.lines_of("parent"),
        ["on_reset", "poll 1", "on_success"],
        "the hook has run"
    );
    let is_live = |id| b.s.state(id).is_some_and(|state| !state.is_settled());
    let left_behind = !is_live(parent) && added.get().is_some_and(is_live);
    assert!(!left_behind, "settled before its child");
}

/// Sleeps until its attempt times out, then does something in `on_failure_retry`.
fn cancels_in_on_failure_retry(whom: Option<WorkId>) -> Probe {
    idling().on_hook(move |cx, hook| {
        if hook == "on_failure_retry" {
            let answer = cx.cancel(whom.unwrap_or(cx.id()));
            say(cx, &format!("cancel {answer:?}"));
        }
    })
}

/// L26: the abort record has been taken by the time the hook runs, so the cancel finds nothing to override.
#[test]
fn a_cancel_in_on_failure_retry_of_an_aborted_attempt_counts() {
    let mut b = bench();
    let spec = Spec::new("w", cancels_in_on_failure_retry(None));
    let id = b.add_spec(spec.attempt_timeout(secs(1)).retry(Retry::ONCE));
    b.crank();
    b.crank_at(at_secs(1));
    assert_eq!(b.state(id), WorkState::Cancelled);
    assert!(b.lines_of("w").contains(&"cancel Ok(true)".into()));
}

/// The parent is aborting, and its child would go on to another attempt.
#[test]
fn a_child_that_cancels_its_parent_in_on_failure_retry_is_not_tried_again() {
    let mut b = bench();
    let parent = b.add("parent", idling());
    let spec = Spec::new("child", cancels_in_on_failure_retry(Some(parent))).parent(parent);
    b.add_spec(spec.attempt_timeout(secs(1)).retry(Retry::ONCE));
    b.crank();
    b.crank_at(at_secs(1));
    assert_eq!(b.state(parent), WorkState::Cancelled);
    let lines = b.lines_of("child");
    assert!(lines.contains(&"cancel Ok(true)".into()), "{lines:?}");
    assert!(!lines.contains(&"poll 2".into()), "{lines:?}");
}

/// The stricter kind holds, in whatever order they are given and whenever the other settles.
#[test]
fn after_is_not_weakened_by_after_settled() {
    let mut b = bench();
    let failed = b.add("failed", failing());
    b.crank();
    let one = Spec::new("one", done()).after(failed).after_settled(failed);
    let one = b.add_spec(one);
    assert_eq!(b.state(one), WorkState::Blocked);
    let two = Spec::new("two", done()).after_settled(failed).after(failed);
    let two = b.add_spec(two);
    assert_eq!(b.state(two), WorkState::Blocked);
}

#[test]
fn add_dependency_is_not_weakened_by_after_settled() {
    let mut b = bench();
    let failed = b.add("failed", failing());
    b.crank();
    let gate = b.add("gate", napping(secs(1)));
    let id = b.add_spec(Spec::new("w", done()).after(gate).after_settled(failed));
    b.s.add_dependency(failed, id).unwrap();
    assert_eq!(b.state(id), WorkState::Blocked);
}

/// L14: while the child was settled, its edge did not count; restart opens it again, and closes a cycle.
#[test]
fn a_restart_that_closes_a_cycle_is_refused() {
    let mut b = bench();
    let gate = b.add("gate", napping(secs(1)));
    let x = b.add_spec(Spec::new("x", done()).after(gate));
    let parent = Spec::new("parent", napping(secs(1)));
    let parent = b.add_spec(parent.on_child_failure(OnChildFailure::Collect));
    let child = b.add_spec(Spec::new("child", done()).parent(parent).after(x));
    b.s.cancel(child).unwrap();
    // x waits for the parent, the parent for its child, the child for x: one of the two calls has to refuse.
    let edge = b.s.add_dependency(parent, x).is_ok();
    let again = b.s.restart(child).is_ok();
    assert!(!(edge && again), "both calls were accepted");
    let end = b.s.run_until_done(&mut b.log, &mut VirtualDriver::new());
    assert!(end.is_ok(), "edge {edge}, restart {again}: {end:?}");
}

/// `ignore` takes every listener of the scheduler out of the token, the token's own one too.
#[test]
fn a_schedulers_token_still_cancels_after_a_run_with_it() {
    let mut b = bench();
    let token = b.s.cancel_token();
    let mut driver = VirtualDriver::new();
    let run =
        b.s.run_until_done_with_cancel(&mut b.log, &mut driver, &token);
    run.unwrap();
    let id = b.add("w", idling());
    token.cancel();
    b.crank();
    assert_eq!(b.state(id), WorkState::Cancelled);
}

/// An attempt that had no turn (a child failed before it) leaves `turns` at 0: `add_dependency` then forgets attempts.
#[test]
fn attempts_are_not_forgotten_by_add_dependency() {
    let mut b = bench();
    let gate = b.add("gate", napping(secs(1)));
    let parent = Spec::new("parent", done()).after(gate);
    let parent = b.add_spec(parent.retry(Retry::ONCE));
    let child = b.add_spec(Spec::new("child", failing()).parent(parent));
    b.s.cancel(child).unwrap();
    b.crank();
    // The gate opens; the parent's first attempt fails with the child, without a turn; its second begins at 2 s.
    b.crank_at(at_secs(1));
    assert_eq!(b.state(parent), WorkState::Retrying);
    let other = Probe::new(move |cx| {
        ready!(cx.sleep(secs(1)));
        let gate = cx.spawn_root(Spec::new("second gate", done()))?;
        let answer = cx.add_dependency(gate, parent);
        say(cx, &format!("{answer:?}"));
        OK
    });
    b.add("other", other);
    b.crank_at(at_secs(1));
    b.crank_at(at_secs(2));
    let said = b.lines_of("other");
    let answer = &said[said.len() - 2];
    assert!(answer == "Ok(())" || answer.starts_with("Err("), "{said:?}");
    let all = b.s.snapshot();
    let attempts = all.iter().find(|w| w.id == parent).unwrap().attempts;
    assert_eq!(attempts, 2, "{said:?}");
}

/// L15, among more edges than a first look takes in.
#[test]
fn l15_duplicates_count_once_among_many_edges() {
    const MANY: usize = 30;
    let mut b = bench();
    let mut add = |name: String| b.add(name, idling());
    let first: Vec<WorkId> = (0..MANY).map(|n| add(format!("before {n}"))).collect();
    let then: Vec<WorkId> = (0..MANY).map(|n| add(format!("after {n}"))).collect();
    // Two works with many dependencies each, and one with many dependents; twice, in either order.
    let into = first
        .iter()
        .flat_map(|&one| [(one, then[1]), (one, then[0])]);
    let out = then[2..].iter().map(|&one| (first[0], one));
    let edges: Vec<_> = into.chain(out).collect();
    for &(before, after) in edges.iter().chain(edges.iter().rev()) {
        b.s.add_dependency(before, after).unwrap();
    }
    let all = b.s.snapshot();
    let of = |id: WorkId| all.iter().find(|one| one.id == id).unwrap();
    assert_eq!(of(then[0]).deps, first);
    assert_eq!(of(then[1]).deps, first);
    assert_eq!(of(then[2]).deps, [first[0]]);
    assert_eq!(of(first[1]).dependents, [then[1], then[0]]);
    assert_eq!(of(first[0]).dependents.len(), MANY);
}
