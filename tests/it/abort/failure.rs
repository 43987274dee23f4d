//! L21: what happens, in which order, when an attempt fails.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Failure, FailureKind, Retry, Spec, WorkOutcome, WorkState};
use std::task::Poll;

/// Spawns a slow child in its first turn and fails in its second.
fn fails_with_a_child() -> Probe {
    Probe::new(|cx| {
        if cx.children().is_empty() {
            let child = idling().on_abort(slowly(secs(2)));
            cx.spawn(Spec::new("child", child)).unwrap();
            return cx.yield_now();
        }
        fail("broken")
    })
}

#[test]
fn l21_live_children_are_aborted_and_drained_before_the_hooks() {
    let mut b = Bench::with_permits(4);
    let parent = b.add_spec(Spec::new("parent", fails_with_a_child()).retry(Retry::ONCE));
    b.crank();
    assert_eq!(b.state(parent), WorkState::Aborting);
    assert_eq!(b.state(b.find("child")), WorkState::Aborting);
    b.crank_at(at_secs(1));
    assert!(!b.log.lines.iter().any(|line| line.contains("on_failure")));
    b.crank_at(at_secs(2));
    assert_eq!(b.state(parent), WorkState::Retrying);
    let tail = b.lines();
    let expected = [
        "child: on_abort",
        "child: on_abort",
        "child: on_reset",
        "parent: on_failure_retry",
        "parent: on_reset",
    ];
    assert_eq!(tail[tail.len() - 5..], expected);
}

#[test]
fn l21_the_work_that_failed_gets_no_on_abort() {
    let mut b = Bench::with_permits(4);
    let parent = b.add("parent", fails_with_a_child());
    b.run();
    assert_eq!(b.state(parent), WorkState::Failed);
    let calls = b.lines_of("parent");
    let expected = [
        "on_reset",
        "poll 1",
        "poll 1",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn l21_an_error_without_children_aborts_nothing() {
    let mut b = Bench::with_permits(4);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    b.run();
    let states: Vec<_> = b.events();
    assert!(
        !states.iter().any(|event| event.contains("Aborting")),
        "{states:?}"
    );
    assert_eq!(b.failure(a), "no luck");
}

#[test]
fn l21_a_child_that_fails_while_it_is_drained_changes_nothing() {
    let mut b = Bench::with_permits(4);
    let parent = b.add(
        "parent",
        Probe::new(|cx| {
            if cx.children().is_empty() {
                let child = Probe::new(|_| fail("child's own"));
                cx.spawn(Spec::new("child", child)).unwrap();
                cx.spawn(Spec::new("slow", idling().on_abort(slowly(secs(1)))))
                    .unwrap();
            }
            fail("parent's own")
        }),
    );
    b.run();
    assert_eq!(b.failure(parent), "parent's own");
}

#[test]
fn l21_the_permit_goes_back_after_the_hooks_and_before_the_back_off() {
    let mut b = Bench::with_permits(1);
    let a = failing().on_hook(|cx, hook| {
        if hook != "on_reset" || cx.attempt() == 1 && cx.app.lines.len() > 2 {
            let late = cx.spawn_root(Spec::new("late", done())).unwrap();
            assert_eq!(cx.state(late), Some(WorkState::Queued), "in {hook}");
        }
    });
    let a = b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.turns(1);
    assert_eq!(b.state(a), WorkState::Retrying);
    assert_eq!(b.state(b.find("late")), WorkState::Running);
}

#[test]
fn l21_then_back_off_with_its_end_known_then_the_next_attempt() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::times(2)));
    assert_eq!(b.crank().next, crankwork::Next::At(at_secs(10)));
    assert_eq!(b.s.retry_eta(a), Some(at_secs(10)));
    b.crank_at(at_secs(9));
    assert_eq!(b.s.retry_eta(a), Some(at_secs(10)));
    b.crank_at(at_secs(10));
    assert_eq!(b.s.retry_eta(a), Some(at_secs(20)));
    b.crank_at(at_secs(20));
    assert_eq!((b.state(a), b.s.retry_eta(a)), (WorkState::Failed, None));
    let expected = [
        "on_reset",
        "poll 1",
        "on_failure_retry",
        "on_reset", //
        "poll 2",
        "on_failure_retry",
        "on_reset", //
        "poll 3",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(b.lines_of("a"), expected);
}

#[test]
fn l21_a_fatal_failure_leaves_the_retries_unused() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|_| Poll::Ready(Err(Failure::fatal("disk gone"))));
    let a = b.add_spec(Spec::new("a", a).retry(Retry::A_FEW));
    b.run();
    assert_eq!(b.failure(a), "disk gone");
    assert_eq!(b.s.metrics().retries_left, 5);
    let expected = ["on_reset", "poll 1", "on_failure_raise", "on_reset"];
    assert_eq!(b.lines_of("a"), expected);
}

#[test]
fn l21_retry_after_names_its_delay_and_spends_a_retry() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|_| Poll::Ready(Err(Failure::retry_after("busy", secs(3)))));
    let a = b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.crank();
    assert_eq!(b.s.retry_eta(a), Some(at_secs(3)));
    assert_eq!(b.s.metrics().retries_left, 0);
    b.run();
    assert_eq!(b.s.now(), at_secs(3));
    assert_eq!(b.state(a), WorkState::Failed);
}

#[test]
fn l21_failure_cancelled_settles_as_cancelled_without_failure_hooks() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|_| Poll::Ready(Err(Failure::cancelled())));
    let a = b.add_spec(Spec::new("a", a).retry(Retry::A_FEW));
    b.run();
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_reset"]);
}

#[test]
fn l21_failure_cancelled_with_live_children_drains_them_first() {
    let mut b = Bench::with_permits(4);
    let a = b.add(
        "a",
        Probe::new(|cx| {
            cx.spawn(Spec::new("child", idling())).unwrap();
            let child = cx.children().iter().next().unwrap().0;
            cx.wake(child).unwrap();
            Poll::Ready(Err(Failure::cancelled()))
        }),
    );
    b.turns(1);
    assert_eq!(b.state(a), WorkState::Aborting);
    b.run();
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_reset"]);
}

#[test]
fn l21_an_attempt_timeout_aborts_then_fails_the_attempt() {
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", idling().on_abort(slowly(secs(1))));
    let a = b.add_spec(spec.retry(Retry::ONCE).attempt_timeout(secs(5)));
    b.crank();
    b.crank_at(at_secs(5));
    assert_eq!(b.state(a), WorkState::Aborting);
    b.crank_at(at_secs(6));
    assert_eq!(b.s.retry_eta(a), Some(at_secs(16)));
    b.run();
    assert_eq!(b.s.now(), at_secs(22));
    let calls = b.lines_of("a");
    let first = [
        "on_reset",
        "poll 1",
        "on_abort",
        "on_abort",
        "on_failure_retry",
        "on_reset",
    ];
    let second = [
        "poll 2",
        "on_abort",
        "on_abort",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(calls, [&first[..], &second[..]].concat());
    match b.outcome(a) {
        WorkOutcome::Failed(f) => assert_eq!(*f.kind(), FailureKind::AttemptTimeout(secs(5))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn l21_a_deadline_is_final_with_retries_left() {
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", failing()).retry(Retry::A_FEW);
    let a = b.add_spec(spec.deadline(at_secs(25)));
    b.run();
    // Attempts at 0, 10 and 20; the deadline comes while it backs off.
    assert_eq!(b.s.now(), at_secs(25));
    assert_eq!(b.s.metrics().attempts, 3);
    assert!(b.failure(a).contains("deadline"));
}

#[test]
fn l21_a_deadline_in_an_attempt_aborts_it_and_raises() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(
        Spec::new("a", idling())
            .retry(Retry::A_FEW)
            .deadline(at_secs(7)),
    );
    b.run();
    assert_eq!(b.s.now(), at_secs(7));
    assert!(b.failure(a).contains("deadline"));
    let expected = [
        "on_reset",
        "poll 1",
        "on_abort",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(b.lines_of("a"), expected);
}

#[test]
fn l21_a_failed_child_fails_its_parents_attempt_which_may_be_retried() {
    let mut b = Bench::with_permits(4);
    let spec = Spec::new("parent", parenting("child", failing)).retry(Retry::ONCE);
    let parent = b.add_spec(spec);
    b.run();
    let calls = b.lines_of("parent");
    assert!(calls.contains(&"on_failure_retry".into()));
    assert!(!calls.contains(&"on_abort".into()));
    let failure = b.failed(parent);
    assert!(matches!(failure.kind(), FailureKind::Child { name, .. } if *name == "child"));
    assert_eq!(failure.root().to_string(), "no luck");
}

#[test]
fn l21_a_failed_child_is_no_lost_wake_of_a_parent_that_sleeps_later_in_that_round() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("child", failing())).unwrap();
            // The child has its turn before this one's next.
            return cx.yield_now();
        }
        assert!(cx.children().any_failed() && !cx.children().any_running());
        Poll::Pending
    });
    let parent = b.add("parent", parent);
    b.run();
    let failure = b.failed(parent);
    assert_eq!(failure.root().to_string(), "no luck");
}

#[test]
fn l21_failed_children_fail_a_line_of_ancestors_in_one_round_each_with_its_child() {
    fn nest(depth: u32) -> Probe {
        Probe::new(move |cx| {
            if cx.children().is_empty() {
                let child = if depth == 0 {
                    failing()
                } else {
                    nest(depth - 1)
                };
                cx.spawn(Spec::new("deeper", child)).unwrap();
            }
            // Nothing but its child can end this sleep, and it does.
            Poll::Pending
        })
    }
    let mut b = Bench::with_permits(64);
    let top = b.add("top", nest(20));
    b.run();
    assert_eq!(b.state(top), WorkState::Failed);
    let failure = b.outcome(top).failure().unwrap().clone();
    assert_eq!(failure.root().to_string(), "no luck");
    let mut length = 0;
    let mut next = Some(&failure);
    while let Some(failure) = next {
        length += 1;
        next = failure.cause();
    }
    assert_eq!(length, 22);
    // Only the leaf has had a turn after its failure.
    assert_eq!(b.s.metrics().turns, 22);
}
