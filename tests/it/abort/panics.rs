//! L24: a panic fails its work, and nothing else.

mod drops;
mod flag;

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Cancelled, Success};
use crankwork::{Failure, FailureKind, Next, RestartError, Retry, Spec, WorkId};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

/// Fails the test unless the work has failed for good with this panic.
fn assert_panicked(b: &Bench, id: WorkId, message: &str) {
    let failure = b.failed(id);
    assert_eq!(*failure.kind(), FailureKind::Panicked);
    assert_eq!(failure.to_string(), format!("panicked: {message}"));
    assert!(!failure.may_retry());
}

fn panics_in(hook: &'static str, work: Probe) -> Probe {
    work.on_hook(move |_, at| {
        if at == hook {
            panic!("{ON_PURPOSE}, in {at}");
        }
    })
}

/// The scheduler still does what it should.
fn assert_usable(b: &mut Bench) {
    b.s.audit().unwrap();
    let (one, two) = (b.add("one", done()), b.add("two", done()));
    b.run();
    assert_eq!(b.states([one, two]), [Success; 2]);
}

#[test]
fn l24_a_panic_in_a_turn_is_final_whatever_retries_are_left() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|_| panic!("{ON_PURPOSE} {}", 7));
    let a = b.add_spec(Spec::new("a", a).retry(Retry::A_FEW));
    b.run();
    assert_panicked(&b, a, "on purpose 7");
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1"]);
    assert_eq!((b.s.metrics().attempts, b.s.metrics().panics), (1, 1));
    assert_usable(&mut b);
}

/// The work that it watches ends in the step that lets its abort end, and must not wake it.
#[test]
fn l24_a_work_that_panicked_has_no_further_turn_even_if_it_was_cancelled_and_is_woken() {
    let mut b = Bench::with_permits(4);
    let watched = Rc::new(Cell::new(None));
    let target = watched.clone();
    let parent = Probe::new(move |cx| {
        let Some(other) = target.get() else {
            cx.spawn(Spec::new("child", idling())).unwrap();
            return cx.yield_now();
        };
        cx.watch(other).unwrap();
        cx.cancel(cx.id()).unwrap();
        panic!("{ON_PURPOSE}")
    });
    let parent = b.add("parent", parent);
    b.turns(1);
    let after_child = Spec::new("other", done()).after(b.find("child"));
    watched.set(Some(b.add_spec(after_child)));
    b.run();
    assert_eq!(b.state(parent), Cancelled);
    let lines = b.lines();
    let is_turn = |line: &&String| line.contains(": poll") || line.contains(": on_abort");
    let turns = lines.iter().filter(is_turn).count();
    assert_eq!((turns, b.s.metrics().turns), (4, 4), "{lines:?}");
}

#[test]
fn l24_a_payload_that_is_no_text_is_told_as_such() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", Probe::new(|_| std::panic::panic_any(7_u32)));
    b.run();
    assert_panicked(&b, a, "(no message)");
}

#[test]
fn l24_a_panic_in_any_hook_fails_the_work_and_no_further_hook_is_called() {
    type Case = (&'static str, fn() -> Probe, Retry);
    let cases: [Case; 4] = [
        ("on_reset", done, Retry::A_FEW),
        ("on_success", done, Retry::A_FEW),
        ("on_failure_retry", failing, Retry::A_FEW),
        ("on_failure_raise", failing, Retry::NEVER),
    ];
    for (hook, work, retry) in cases {
        let mut b = Bench::with_permits(1);
        let a = b.add_spec(Spec::new("a", panics_in(hook, work())).retry(retry));
        b.run();
        assert_panicked(&b, a, &format!("on purpose, in {hook}"));
        assert_eq!(b.lines_of("a").last().unwrap(), hook);
        assert_eq!(b.s.metrics().attempts, 1);
        assert_usable(&mut b);
    }
}

#[test]
fn l24_a_panic_in_the_reset_after_a_failure_is_final() {
    let mut b = Bench::with_permits(1);
    let mut resets = 0;
    let a = failing().on_hook(move |_, hook| {
        resets += (hook == "on_reset") as u32;
        assert!(resets < 2, "{ON_PURPOSE}");
    });
    let a = b.add_spec(Spec::new("a", a).retry(Retry::A_FEW));
    b.run();
    assert_panicked(&b, a, ON_PURPOSE);
    assert_usable(&mut b);
}

#[test]
fn l24_a_panic_in_on_success_of_a_joining_parent_fails_it() {
    let mut b = Bench::with_permits(2);
    let parent = Probe::new(|cx| {
        cx.spawn(Spec::new("child", napping(secs(1)))).unwrap();
        OK
    });
    let parent = b.add("parent", panics_in("on_success", parent));
    b.run();
    assert_panicked(&b, parent, "on purpose, in on_success");
    assert_usable(&mut b);
}

#[test]
fn l24_a_panic_in_on_abort_after_a_cancel_ends_cancelled() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling().on_abort(|_| panic!("{ON_PURPOSE}")));
    b.crank();
    b.s.cancel(a).unwrap();
    b.run();
    assert_eq!((b.state(a), b.s.metrics().panics), (Cancelled, 1));
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    assert_usable(&mut b);
}

#[test]
fn l24_a_panic_in_on_abort_after_a_timeout_fails_the_work_for_good() {
    let mut b = Bench::with_permits(1);
    let a = idling().on_abort(|_| panic!("{ON_PURPOSE}"));
    let a = b.add_spec(
        Spec::new("a", a)
            .attempt_timeout(secs(1))
            .retry(Retry::A_FEW),
    );
    b.run();
    assert_panicked(&b, a, ON_PURPOSE);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    assert_usable(&mut b);
}

#[test]
fn l24_a_panicked_parents_children_are_aborted_first() {
    let mut b = Bench::with_permits(4);
    let parent = b.add(
        "parent",
        Probe::new(|cx| {
            if cx.children().is_empty() {
                cx.spawn(Spec::new("child", idling().on_abort(slowly(secs(2)))))
                    .unwrap();
                return cx.yield_now();
            }
            panic!("{ON_PURPOSE}")
        }),
    );
    b.crank();
    assert_eq!(b.state(parent), Aborting);
    b.run();
    assert_eq!(b.s.now(), at_secs(2));
    assert_panicked(&b, parent, ON_PURPOSE);
    assert_usable(&mut b);
}

#[test]
fn l24_a_panicked_child_is_its_parents_failure() {
    let mut b = Bench::with_permits(4);
    let parent = b.add("parent", parenting("child", panicking));
    b.run();
    let failure = b.failed(parent);
    assert_eq!(*failure.root().kind(), FailureKind::Panicked);
}

#[test]
fn l24_a_panicked_work_cannot_be_restarted() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", panicking());
    b.run();
    assert_eq!(b.s.restart(a), Err(RestartError::Gone(a)));
    assert_panicked(&b, a, ON_PURPOSE);
}

#[test]
fn l24_others_ready_in_that_round_have_their_turns() {
    let mut b = Bench::with_permits(4);
    let before = b.add("before", done());
    b.add("a", panicking());
    let behind = b.add("behind", done());
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(b.states([before, behind]), [Success; 2]);
}

#[test]
fn a_panic_in_on_settled_is_counted_and_the_outcome_stands() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", done()).on_settled(|_, _, _| panic!("{ON_PURPOSE}")));
    let behind = b.add_spec(Spec::new("behind", done()).after(a));
    b.run();
    assert_eq!(b.states([a, behind]), [Success; 2]);
    let metrics = b.s.metrics();
    assert_eq!((metrics.callback_panics, metrics.panics), (1, 0));
}

#[test]
fn a_panic_of_a_work_with_a_failure_behind_it_keeps_the_panic() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|_| Poll::Ready(Err(Failure::msg("first"))));
    let a = b.add("a", panics_in("on_failure_raise", a));
    b.run();
    assert_panicked(&b, a, "on purpose, in on_failure_raise");
}

#[test]
fn l24_a_panic_in_the_reset_before_a_first_on_abort_ends_cancelled() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", panics_in("on_reset", done()));
    b.s.cancel(a).unwrap();
    b.run();
    assert_eq!(b.state(a), Cancelled);
    assert_eq!(b.lines_of("a"), ["on_reset"]);
    assert_usable(&mut b);
}
