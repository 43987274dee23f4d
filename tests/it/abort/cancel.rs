//! L26: what a cancel beats.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Failure, Retry, Spec, WorkState};
use std::task::Poll;

/// Cancels itself in its first turn and then returns `answer`.
fn cancels_itself(mut answer: impl FnMut() -> Turn + 'static) -> Probe {
    Probe::new(move |cx| {
        let me = cx.id();
        assert!(!cx.is_cancelled());
        assert!(cx.cancel(me).unwrap());
        assert!(cx.is_cancelled());
        answer()
    })
}

#[test]
fn l26_a_cancel_beats_every_result_of_the_turn_in_which_it_was_called() {
    let answers: [fn() -> Turn; 5] = [
        || OK,
        || fail("no"),
        || Poll::Pending,
        || Poll::Ready(Err(Failure::fatal("no"))),
        || Poll::Ready(Err(Failure::cancelled())),
    ];
    for (i, answer) in answers.into_iter().enumerate() {
        let mut b = Bench::with_permits(1);
        let a = b.add_spec(Spec::new("a", cancels_itself(answer)).retry(Retry::A_FEW));
        b.turns(1);
        assert_eq!(b.state(a), WorkState::Aborting, "answer {i}");
        b.run();
        assert_eq!(b.state(a), WorkState::Cancelled, "answer {i}");
        let expected = ["on_reset", "poll 1", "on_abort", "on_reset"];
        assert_eq!(b.lines_of("a"), expected, "answer {i}");
    }
}

#[test]
fn l26_the_output_of_a_cancelled_turn_is_not_to_be_had() {
    let mut b = Bench::with_permits(1);
    let handle =
        b.s.add_fn("a", |cx| {
            let me = cx.id();
            cx.cancel(me).unwrap();
            Poll::Ready(Ok(7_u32))
        })
        .unwrap();
    b.run();
    assert_eq!(b.state(handle.id()), WorkState::Cancelled);
    assert_eq!(b.s.output(handle), None);
    assert_eq!(b.s.take(handle), None);
}

#[test]
fn l26_a_turn_that_cancels_its_parent_is_cancelled_with_it() {
    let mut b = Bench::with_permits(4);
    let parent = b.add(
        "parent",
        Probe::new(move |cx| {
            let parent = cx.id();
            if cx.children().is_empty() {
                let child = Probe::new(move |cx| {
                    cx.cancel(parent).unwrap();
                    assert!(cx.is_cancelled());
                    OK
                });
                cx.spawn(Spec::new("child", child)).unwrap();
            }
            Poll::Pending
        }),
    );
    b.run();
    assert_eq!(b.state(parent), WorkState::Cancelled);
    assert_eq!(b.s.metrics().cancelled, 2);
    let calls = b.lines();
    let ends = [
        "child: on_abort",
        "child: on_reset",
        "parent: on_abort",
        "parent: on_reset",
    ];
    assert_eq!(calls[calls.len() - 4..], ends);
}

#[test]
fn l26_a_cancel_beats_a_failure_that_is_still_aborting() {
    for retry in [Retry::NEVER, Retry::A_FEW] {
        let mut b = Bench::with_permits(4);
        let parent = Probe::new(|cx| {
            if cx.children().is_empty() {
                cx.spawn(Spec::new("child", idling().on_abort(slowly(secs(2)))))
                    .unwrap();
                return cx.yield_now();
            }
            fail("broken")
        });
        let parent = b.add_spec(Spec::new("parent", parent).retry(retry));
        b.crank();
        assert_eq!(b.state(parent), WorkState::Aborting);
        b.s.cancel(parent).unwrap();
        b.run();
        assert_eq!(b.state(parent), WorkState::Cancelled);
        assert_eq!(
            b.lines_of("parent"),
            ["on_reset", "poll 1", "poll 1", "on_reset"]
        );
    }
}

#[test]
fn l26_a_cancel_beats_a_timeout_that_is_still_aborting() {
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", idling().on_abort(slowly(secs(2)))).attempt_timeout(secs(5));
    let a = b.add_spec(spec.retry(Retry::A_FEW));
    b.crank();
    b.crank_at(at_secs(5));
    b.s.cancel(a).unwrap();
    b.run();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Cancelled, at_secs(7)));
    assert!(!b.lines().iter().any(|line| line.contains("on_failure")));
}

#[test]
fn l26_a_cancel_beats_a_retry() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::A_FEW));
    b.crank();
    b.lines();
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, crankwork::Next::Idle);
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.s.metrics().attempts, 1);
}

#[test]
fn l26_a_limit_does_not_beat_a_cancel() {
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", idling().on_abort(slowly(secs(8))));
    let a = b.add_spec(spec.attempt_timeout(secs(5)).deadline(at_secs(6)));
    b.crank();
    b.crank_at(at_secs(1));
    b.s.cancel(a).unwrap();
    b.run();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Cancelled, at_secs(9)));
}

#[test]
fn l26_a_cancel_in_a_failing_works_hook_beats_the_retry_and_the_failure() {
    for (retry, hook) in [
        (Retry::ONCE, "on_failure_retry"),
        (Retry::NEVER, "on_failure_raise"),
    ] {
        let mut b = Bench::with_permits(1);
        let a = failing().on_hook(move |cx, at| {
            if at == hook {
                let me = cx.id();
                cx.cancel(me).unwrap();
            }
        });
        let a = b.add_spec(Spec::new("a", a).retry(retry));
        b.run();
        assert_eq!(b.state(a), WorkState::Cancelled, "in {hook}");
        assert_eq!(b.s.metrics().attempts, 1);
    }
}

#[test]
fn l26_a_cancel_in_on_success_beats_the_success() {
    let mut b = Bench::with_permits(1);
    let a = done().on_hook(|cx, hook| {
        if hook == "on_success" {
            let me = cx.id();
            cx.cancel(me).unwrap();
        }
    });
    let a = b.add("a", a);
    b.run();
    assert_eq!(b.state(a), WorkState::Cancelled);
    let expected = ["on_reset", "poll 1", "on_success", "on_abort", "on_reset"];
    assert_eq!(b.lines_of("a"), expected);
}

#[test]
fn l26_a_cancel_in_on_abort_after_a_timeout_ends_in_cancelled() {
    let mut b = Bench::with_permits(1);
    let a = idling().on_abort(|cx| {
        let me = cx.id();
        cx.cancel(me).unwrap();
        Poll::Ready(())
    });
    let a = b.add_spec(
        Spec::new("a", a)
            .attempt_timeout(secs(1))
            .retry(Retry::A_FEW),
    );
    b.run();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Cancelled, at_secs(1)));
    assert!(!b.lines().iter().any(|line| line.contains("on_failure")));
}

#[test]
fn l26_a_cancel_beats_a_failed_child_of_the_same_round() {
    let mut b = Bench::with_permits(4);
    let parent = b.add_spec(Spec::new("parent", parenting("child", failing)).retry(Retry::A_FEW));
    // The child's turn comes in the second round, the killer's after it.
    let mut turns = 0;
    let killer = Probe::new(move |cx| {
        turns += 1;
        if turns == 2 {
            cx.cancel(parent).unwrap();
            return OK;
        }
        cx.yield_now()
    });
    b.add("killer", killer);
    b.run();
    assert_eq!(b.state(parent), WorkState::Cancelled);
    assert!(
        !b.lines()
            .iter()
            .any(|line| line.starts_with("parent: on_failure"))
    );
}

#[test]
fn l26_a_cancel_and_a_panic_in_one_turn_end_in_cancelled() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", cancels_itself(|| panic!("{ON_PURPOSE}")));
    b.run();
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.s.metrics().panics, 1);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1"]);
}

#[test]
fn l26_a_turn_that_has_cancelled_itself_spawns_nothing_more() {
    let mut b = Bench::with_permits(4);
    let a = Probe::new(|cx| {
        cx.spawn(Spec::new("before", idling())).unwrap();
        let me = cx.id();
        cx.cancel(me).unwrap();
        let refused = cx.spawn(Spec::new("after", done()));
        assert!(matches!(refused, Err(crankwork::AddError::ParentDone(..))));
        OK
    });
    let a = b.add("a", a);
    b.run();
    assert_eq!(
        (b.state(a), b.s.metrics().panics),
        (WorkState::Cancelled, 0)
    );
    assert_eq!(b.s.metrics().cancelled, 2);
}

#[test]
fn l26_a_cancel_of_the_parent_in_any_hook_of_a_child_cancels_both() {
    for hook in [
        "on_reset",
        "on_success",
        "on_failure_retry",
        "on_failure_raise",
    ] {
        let mut b = Bench::with_permits(4);
        let parent = Probe::new(move |cx| {
            if cx.children().is_empty() {
                let parent = cx.id();
                let work = match hook.starts_with("on_failure") {
                    true => failing(),
                    false => done(),
                };
                let child = work.on_hook(move |cx, at| {
                    if at == hook && cx.state(parent) == Some(WorkState::Waiting) {
                        cx.cancel(parent).unwrap();
                    }
                });
                let retries = (hook == "on_failure_retry") as u32;
                cx.spawn(Spec::new("child", child).retry(Retry::times(retries)))
                    .unwrap();
            }
            Poll::Pending
        });
        let parent = b.add("parent", parent);
        b.run();
        assert_eq!(b.state(parent), WorkState::Cancelled, "in {hook}");
        assert_eq!(b.s.metrics().cancelled, 2, "in {hook}");
        b.s.audit().unwrap();
    }
}

#[test]
fn l26_a_cancelled_child_is_told_as_cancelled_whatever_failed_before() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("child", failing()).retry(Retry::A_FEW))
                .unwrap();
        }
        Poll::Pending
    });
    let parent = b.add("parent", parent);
    b.crank();
    let child = b.find("child");
    assert_eq!(b.state(child), WorkState::Retrying);
    b.s.cancel(child).unwrap();
    b.run();
    let failure = b.outcome(parent).failure().unwrap().clone();
    assert_eq!(failure.root().to_string(), "cancelled");
}
