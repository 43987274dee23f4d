//! L22: an abort is a phase, and what waits for its end.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{AddError, Next, Retry, Spec, WorkOutcome, WorkState};
use std::task::Poll;

#[test]
fn l22_works_never_granted_a_permit_are_cancelled_at_once() {
    let mut b = Bench::with_permits(1);
    let owner = b.add("owner", idling());
    let queued = b.add("queued", done());
    let pending = b.add_spec(Spec::new("pending", done()).after(owner));
    for id in [queued, pending] {
        assert!(b.s.cancel(id).unwrap());
        assert_eq!(b.state(id), WorkState::Cancelled);
        assert!(!b.s.cancel(id).unwrap(), "there is nothing left to cancel");
    }
    b.crank();
    assert_eq!(b.lines(), ["owner: on_reset", "owner: poll 1"]);
}

/// A work in each state of an attempt, and what it takes to get it there.
fn in_attempt(state: WorkState) -> (Bench, crankwork::WorkId) {
    let mut b = Bench::with_permits(1);
    let id = match state {
        WorkState::Running => {
            let a = b.add("a", idling());
            return (b, a);
        }
        WorkState::Waiting => b.add("a", idling()),
        WorkState::Retrying => b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE)),
        WorkState::Joining => b.add(
            "a",
            Probe::new(|cx| {
                cx.spawn(Spec::new("child", idling())).unwrap();
                OK
            }),
        ),
        _ => {
            let a = b.add(
                "a",
                Probe::new(|cx| {
                    cx.release_permit();
                    cx.wake_after(secs(1));
                    Poll::Pending
                }),
            );
            b.add("owner", idling());
            b.crank();
            a
        }
    };
    let now = if state == WorkState::Queued {
        at_secs(1)
    } else {
        at_secs(0)
    };
    b.crank_at(now);
    (b, id)
}

#[test]
fn l22_all_others_go_through_aborting_and_on_abort() {
    use WorkState::*;
    for state in [Running, Waiting, Joining, Retrying, Queued] {
        let (mut b, id) = in_attempt(state);
        assert_eq!(b.state(id), state);
        b.lines();
        assert!(b.s.cancel(id).unwrap());
        assert_eq!(b.state(id), Aborting, "from {state}");
        b.crank();
        assert_eq!(b.state(id), Cancelled, "from {state}");
        let calls = b.lines_of("a");
        assert_eq!(calls[calls.len() - 2..], ["on_abort", "on_reset"]);
    }
}

/// Three levels; each `on_abort` takes that long.
fn tree() -> Probe {
    let leaf = || idling().on_abort(slowly(secs(1)));
    let middle = move || parenting("leaf", leaf).on_abort(slowly(secs(1)));
    parenting("middle", middle).on_abort(slowly(secs(1)))
}

#[test]
fn l22_children_end_before_their_parent_aborts() {
    let mut b = Bench::with_permits(4);
    let top = b.add("top", tree());
    b.crank();
    let (middle, leaf) = (b.find("middle"), b.find("leaf"));
    b.lines();
    b.s.cancel(top).unwrap();
    // All of them are aborting at once, but only the innermost has turns.
    for id in [top, middle, leaf] {
        assert_eq!(b.state(id), WorkState::Aborting);
    }
    b.run();
    assert_eq!(b.s.now(), at_secs(3));
    let calls = b.lines();
    let of =
        |name: &str| ["on_abort", "on_abort", "on_reset"].map(|what| format!("{name}: {what}"));
    assert_eq!(calls, [of("leaf"), of("middle"), of("top")].concat());
    assert_eq!(b.state(top), WorkState::Cancelled);
}

#[test]
fn l22_siblings_abort_side_by_side() {
    let mut b = Bench::with_permits(4);
    let top = b.add(
        "top",
        Probe::new(|cx| {
            while cx.children().len() < 3 {
                cx.spawn(Spec::new("leaf", idling().on_abort(slowly(secs(2)))))
                    .unwrap();
            }
            Poll::Pending
        }),
    );
    b.crank();
    b.s.cancel(top).unwrap();
    b.run();
    assert_eq!(b.s.now(), at_secs(2));
    assert_eq!(b.s.metrics().cancelled, 4);
}

#[test]
fn l22_children_that_never_started_end_without_a_phase() {
    let mut b = Bench::with_permits(1);
    let top = b.add(
        "top",
        Probe::new(|cx| {
            if cx.children().is_empty() {
                cx.spawn(Spec::new("started", idling().on_abort(slowly(secs(1)))))
                    .unwrap();
                cx.spawn(Spec::new("queued", done())).unwrap();
            }
            Poll::Pending
        }),
    );
    b.crank();
    let queued = b.find("queued");
    assert_eq!(b.state(queued), WorkState::Queued);
    b.s.cancel(top).unwrap();
    assert_eq!(b.state(queued), WorkState::Cancelled);
    b.run();
    assert!(!b.lines().iter().any(|line| line.starts_with("queued")));
    assert_eq!(b.state(top), WorkState::Cancelled);
}

#[test]
fn l22_on_abort_has_turns_until_it_is_ready() {
    let mut b = Bench::with_permits(1);
    let mut left = 3;
    let a = b.add(
        "a",
        idling().on_abort(move |cx| {
            assert!(cx.is_cancelled());
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            cx.yield_now()
        }),
    );
    b.crank();
    b.lines();
    b.s.cancel(a).unwrap();
    b.turns(1);
    assert_eq!(b.state(a), WorkState::Aborting);
    b.crank();
    assert_eq!(
        b.lines_of("a"),
        ["on_abort", "on_abort", "on_abort", "on_abort", "on_reset"]
    );
}

#[test]
fn l22_on_abort_may_sleep_watch_and_be_woken() {
    let mut b = Bench::with_permits(2);
    let other = b.add("other", napping(secs(4)));
    let mut step = 0;
    let a = b.add(
        "a",
        idling().on_abort(move |cx| {
            step += 1;
            match step {
                1 => assert!(cx.watch(other).unwrap()),
                2 => cx.expect_wake(),
                _ => return Poll::Ready(()),
            }
            Poll::Pending
        }),
    );
    b.crank();
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(4)));
    b.crank_at(at_secs(4));
    assert_eq!(b.state(a), WorkState::Aborting);
    assert!(b.s.wake(a).unwrap());
    b.crank();
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.s.metrics().forced_aborts, 0);
}

#[test]
fn l22_dependents_and_watchers_wait_for_the_real_end() {
    let mut b = Bench::with_permits(4);
    let a = b.add("a", idling().on_abort(slowly(secs(3))));
    let settled = b.add_spec(Spec::new("after_settled", done()).after_settled(a));
    let blocked = b.add_spec(Spec::new("after", done()).after(a));
    let watcher = b.add(
        "watcher",
        Probe::new(move |cx| {
            cx.watch(a).unwrap();
            match cx.state(a) {
                Some(WorkState::Cancelled) => OK,
                _ => Poll::Pending,
            }
        }),
    );
    b.crank();
    b.s.cancel(a).unwrap();
    b.crank_at(at_secs(2));
    assert_eq!(
        b.states([settled, blocked, watcher]),
        [WorkState::Pending, WorkState::Pending, WorkState::Waiting]
    );
    b.crank_at(at_secs(5));
    assert_eq!(
        b.states([settled, watcher]),
        [WorkState::Success, WorkState::Success]
    );
    let WorkOutcome::Blocked(root) = b.outcome(blocked) else {
        panic!("it is blocked");
    };
    assert!(root.id == a && root.failure.is_none());
}

#[test]
fn l22_a_second_cancel_does_not_begin_again() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling().on_abort(slowly(secs(3))));
    b.crank();
    b.lines();
    b.s.cancel(a).unwrap();
    b.crank_at(at_secs(2));
    assert!(b.s.cancel(a).unwrap(), "it has not settled");
    b.s.cancel_all();
    b.crank_at(at_secs(2));
    b.run();
    // It went to sleep when the clock of the bench showed 2.
    assert_eq!(b.s.now(), at_secs(5));
    assert_eq!(b.lines_of("a"), ["on_abort", "on_abort", "on_reset"]);
}

#[test]
fn l22_wakes_meant_for_poll_do_not_reach_on_abort_early() {
    let mut b = Bench::with_permits(4);
    let top = b.add("top", tree());
    b.crank();
    b.lines();
    b.s.cancel(top).unwrap();
    b.s.wake(top).unwrap();
    b.crank();
    b.s.wake(top).unwrap();
    b.crank();
    assert_eq!(b.lines(), ["leaf: on_abort"]);
}

#[test]
fn l22_an_aborting_parent_takes_no_children() {
    let mut b = Bench::with_permits(1);
    let a = b.add(
        "a",
        idling().on_abort(|cx| {
            let me = cx.id();
            let refused = cx.spawn(Spec::new("child", done()));
            assert!(matches!(refused, Err(AddError::NotInATurn)));
            let refused = cx.spawn_root(Spec::new("child", done()).parent(me));
            assert!(matches!(refused, Err(AddError::ParentDone(..))));
            Poll::Ready(())
        }),
    );
    b.crank();
    b.s.cancel(a).unwrap();
    let refused = b.s.add(Spec::new("late", done()).parent(a));
    assert!(matches!(refused, Err(AddError::ParentDone(id, WorkState::Aborting)) if id == a));
    b.crank();
    assert_eq!(
        (b.state(a), b.s.metrics().panics),
        (WorkState::Cancelled, 0)
    );
}

#[test]
fn l22_a_pending_on_abort_without_a_source_of_wakes_is_ended_as_forced() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling().on_abort(|_| Poll::Pending));
    b.crank();
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.s.metrics().forced_aborts, 1);
}

#[test]
fn l22_only_children_may_be_cancelled_and_the_parent_goes_on() {
    let mut b = Bench::with_permits(4);
    let mut cancelled = false;
    let parent = b.add(
        "parent",
        Probe::new(move |cx| {
            if cx.children().is_empty() {
                cx.spawn(Spec::new("child", idling().on_abort(slowly(secs(2)))))
                    .unwrap();
                cx.spawn(Spec::new("child", idling())).unwrap();
                return cx.yield_now();
            }
            if !std::mem::replace(&mut cancelled, true) {
                cx.cancel_children();
            }
            if cx.children().any_running() {
                return Poll::Pending;
            }
            assert_eq!(
                (cx.children().failed(), cx.children().any_failed()),
                (0, false)
            );
            OK
        }),
    );
    b.run();
    assert_eq!(b.s.now(), at_secs(2));
    assert_eq!(b.state(parent), WorkState::Success);
    assert_eq!(b.s.metrics().cancelled, 2);
}

#[test]
fn l22_a_parent_that_never_started_takes_its_held_children_with_it() {
    let mut b = Bench::with_permits(1);
    let bad = b.add("bad", failing());
    let parents = [
        b.add_spec(Spec::new("blocked", done()).after(bad)),
        b.add("cancelled", done()),
    ];
    let children = parents.map(|parent| b.add_spec(Spec::new("child", done()).parent(parent)));
    assert_eq!(children.map(|id| b.state(id)), [WorkState::Pending; 2]);
    let told = Spec::new("told", done()).after_settled(children[0]);
    let told = b.add_spec(told);
    b.s.cancel(parents[1]).unwrap();
    b.run();
    let states = parents.map(|id| b.state(id));
    assert_eq!(states, [WorkState::Blocked, WorkState::Cancelled]);
    assert_eq!(b.state(told), WorkState::Success);
    assert!(!b.lines().iter().any(|line| line.starts_with("child")));
    assert_eq!(b.s.metrics().cancelled, 3);
    b.s.audit().unwrap();
}
