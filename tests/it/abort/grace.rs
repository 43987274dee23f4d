//! L23: an abort that takes too long is ended by force.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{FailureKind, Next, RestartError, Retry, Spec, Time, WorkOutcome, WorkState};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Never ends its abort; notes that it has been dropped.
fn stubborn(dropped: &Rc<Cell<u32>>) -> Probe {
    let flag = Dropped(dropped.clone());
    idling().on_abort(move |cx| {
        let _ = &flag;
        never(cx)
    })
}

#[test]
fn l23_after_its_grace_the_work_is_dropped_and_reported() {
    let mut b = Bench::with_permits(1);
    let dropped = Rc::default();
    let a = b.add_spec(Spec::new("a", stubborn(&dropped)).abort_grace(secs(2)));
    let next = b.add("next", done());
    b.crank();
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(2)));
    assert_eq!((dropped.get(), b.s.metrics().forced_aborts), (0, 0));
    b.crank_at(at_secs(2));
    assert_eq!((dropped.get(), b.s.metrics().forced_aborts), (1, 1));
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.state(next), WorkState::Success, "the permit is back");
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
}

#[test]
fn l23_works_without_a_grace_get_the_configurations() {
    let dropped = Rc::default();
    let mut b = Bench::with_permits(1);
    let a = b.add("a", stubborn(&dropped));
    b.crank_at(at_secs(1));
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(11)), "10 s by default");

    let mut b = Bench::new(crankwork::WorkSchedulerConfig::default().abort_grace(secs(3)));
    let a = b.add("a", stubborn(&dropped));
    b.crank();
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(3)));
}

#[test]
fn l23_its_live_descendants_are_dropped_with_it_the_innermost_first() {
    let order: Rc<RefCell<Vec<&str>>> = Rc::default();
    struct Note(Rc<RefCell<Vec<&'static str>>>, &'static str);
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }
    let noting = |work: Probe, name| {
        let note = Note(order.clone(), name);
        work.on_abort(move |cx| {
            let _ = &note;
            never(cx)
        })
    };
    let mut b = Bench::with_permits(4);
    let mut leaf = Some(noting(idling(), "leaf"));
    let mut middle = Some(noting(
        parenting("leaf", move || leaf.take().unwrap()),
        "middle",
    ));
    let top = parenting("middle", move || middle.take().unwrap());
    let top = b.add_spec(Spec::new("top", noting(top, "top")).abort_grace(secs(2)));
    b.crank();
    let below = [b.find("middle"), b.find("leaf")];
    b.s.cancel(top).unwrap();
    b.crank_at(at_secs(1));
    assert!(order.borrow().is_empty());
    b.crank_at(at_secs(2));
    assert_eq!(*order.borrow(), ["leaf", "middle", "top"]);
    assert_eq!(b.state(top), WorkState::Cancelled);
    assert_eq!(below.map(|id| b.s.state(id)), [None, None], "reclaimed");
    assert_eq!(b.s.metrics().forced_aborts, 3);
    assert_eq!(b.s.next(), Next::Idle);
    b.s.audit().unwrap();
}

#[test]
fn l23_the_grace_runs_from_the_cancel_not_from_on_abort() {
    let mut b = Bench::with_permits(4);
    let child = || idling().on_abort(slowly(secs(3)));
    let parent = parenting("child", child).on_abort(slowly(secs(3)));
    let parent = b.add_spec(Spec::new("parent", parent).abort_grace(secs(5)));
    b.crank();
    b.s.cancel(parent).unwrap();
    b.run();
    assert_eq!(b.s.now(), at_secs(5));
    assert_eq!(b.s.metrics().forced_aborts, 1);
}

/// Cancels a work whose abort takes `abort` and whose grace is `grace`. Returns when it has ended, and how many
/// aborts were forced.
fn cancelled(abort: Duration, grace: Duration) -> (Time, u64) {
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", idling().on_abort(slowly(abort)));
    let a = b.add_spec(spec.abort_grace(grace));
    b.crank();
    b.s.cancel(a).unwrap();
    b.run();
    (b.s.now(), b.s.metrics().forced_aborts)
}

#[test]
fn l23_a_grace_that_is_not_used_up_does_nothing() {
    assert_eq!(cancelled(secs(2), secs(3)), (at_secs(2), 0));
}

#[test]
fn l23_at_the_very_end_of_its_grace_the_grace_wins() {
    assert_eq!(cancelled(secs(3), secs(3)), (at_secs(3), 1));
}

#[test]
fn l23_a_grace_of_zero_ends_in_the_next_round_without_on_abort() {
    let mut b = Bench::with_permits(2);
    let a = b.add_spec(Spec::new("a", idling().on_abort(never)).abort_grace(Duration::ZERO));
    b.crank_at(at_secs(4));
    let killer = Probe::new(move |cx| {
        cx.cancel(a).unwrap();
        OK
    });
    b.add("killer", killer);
    b.turns(1);
    assert_eq!(b.state(a), WorkState::Aborting);
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!((b.s.metrics().forced_aborts, b.s.now()), (1, at_secs(4)));
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1"]);
}

#[test]
fn l23_a_forced_end_after_a_timeout_is_a_failure_without_retry_or_hooks() {
    let mut b = Bench::with_permits(1);
    let dropped = Rc::default();
    let spec = Spec::new("a", stubborn(&dropped)).abort_grace(secs(2));
    let a = b.add_spec(spec.attempt_timeout(secs(5)).retry(Retry::A_FEW));
    b.run();
    assert_eq!((b.s.now(), dropped.get()), (at_secs(7), 1));
    match b.outcome(a) {
        WorkOutcome::Failed(f) => assert_eq!(*f.kind(), FailureKind::AttemptTimeout(secs(5))),
        other => panic!("{other:?}"),
    }
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    assert_eq!(b.s.restart(a), Err(RestartError::Gone(a)));
}

#[test]
fn l23_a_child_that_is_forced_lets_its_parent_end_politely() {
    let mut b = Bench::with_permits(4);
    let parent = b.add(
        "parent",
        Probe::new(|cx| {
            if cx.children().is_empty() {
                let child = idling().on_abort(never);
                cx.spawn(Spec::new("child", child).abort_grace(secs(1)))
                    .unwrap();
            }
            Poll::Pending
        }),
    );
    b.crank();
    b.s.cancel(parent).unwrap();
    b.run();
    assert_eq!((b.s.now(), b.s.metrics().forced_aborts), (at_secs(1), 1));
    assert_eq!(
        b.lines_of("parent"),
        ["on_reset", "poll 1", "on_abort", "on_reset"]
    );
}

#[test]
fn l23_a_parent_whose_attempt_failed_is_forced_too_and_keeps_its_failure() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("child", idling().on_abort(never)))
                .unwrap();
            return cx.yield_now();
        }
        fail("broken")
    });
    let parent = b.add_spec(Spec::new("parent", parent).abort_grace(secs(1)));
    b.run();
    assert_eq!((b.s.now(), b.s.metrics().forced_aborts), (at_secs(1), 2));
    assert_eq!(b.failure(parent), "broken");
}
