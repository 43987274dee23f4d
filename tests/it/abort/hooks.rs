//! L21, last sentence: when `on_reset` is called; and when the other hooks are.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{AddError, Retry, Spec, WorkState};
use std::task::Poll;

#[test]
fn l21_on_reset_comes_once_before_the_first_turn_and_not_before_the_grant() {
    let mut b = Bench::with_permits(1);
    b.add("first", napping(secs(5)));
    let a = b.add("a", napping(secs(1)));
    b.crank();
    assert_eq!(b.state(a), WorkState::Queued);
    assert!(b.lines_of("a").is_empty());
    b.run();
    // Asleep and woken again, it is not reset again; nor at success.
    assert_eq!(
        b.lines_of("a"),
        ["on_reset", "poll 1", "poll 1", "on_success"]
    );
}

#[test]
fn l21_on_reset_comes_before_a_first_on_abort() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", done());
    assert_eq!(b.state(a), WorkState::Running);
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!(b.lines_of("a"), ["on_reset", "on_abort", "on_reset"]);
}

#[test]
fn l21_on_reset_comes_once_after_each_failed_attempt() {
    let mut b = Bench::with_permits(1);
    b.add_spec(Spec::new("a", failing()).retry(Retry::times(3)));
    b.run();
    let calls = b.lines_of("a");
    assert_eq!(calls.iter().filter(|call| *call == "on_reset").count(), 5);
    for window in calls.windows(2) {
        assert_ne!(window[0], window[1], "{calls:?}");
    }
}

#[test]
fn l21_on_reset_comes_once_after_an_aborted_attempt() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling());
    b.crank();
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!(
        b.lines_of("a"),
        ["on_reset", "poll 1", "on_abort", "on_reset"]
    );
}

#[test]
fn l21_a_work_that_backs_off_is_reset_once_more_when_it_is_cancelled() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    b.crank();
    b.lines();
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.lines_of("a"), ["on_abort", "on_reset"]);
}

#[test]
fn l21_restart_resets_again_before_the_first_turn() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", done());
    b.run();
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_success"]);
    b.s.restart(a).unwrap();
    assert!(b.log.lines.is_empty());
    b.run();
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_success"]);
}

#[test]
fn l21_works_that_never_started_are_never_reset() {
    let mut b = Bench::with_permits(1);
    let bad = b.add("bad", failing());
    b.add_spec(Spec::new("blocked", done()).after(bad));
    let queued = b.add("queued", done());
    b.s.cancel(queued).unwrap();
    b.run();
    let bad = ["on_reset", "poll 1", "on_failure_raise", "on_reset"];
    assert_eq!(b.lines(), bad.map(|line| format!("bad: {line}")));
}

#[test]
fn hooks_may_not_spawn_children_but_may_add_roots() {
    let mut b = Bench::with_permits(1);
    let a = done().on_hook(|cx, hook| {
        let refused = cx.spawn(Spec::new("child", done()));
        assert!(matches!(refused, Err(AddError::NotInATurn)), "in {hook}");
        cx.spawn_root(Spec::new("root", done())).unwrap();
    });
    b.add("a", a);
    b.run();
    assert_eq!(b.s.metrics().success, 3);
    assert_eq!(b.s.metrics().panics, 0);
}

#[test]
fn what_a_hook_asks_for_does_not_outlive_it() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|cx| {
        cx.expect_wake();
        Poll::Pending
    })
    .on_hook(|cx, _| {
        cx.wake_after(secs(1));
        let id = cx.id();
        cx.wake(id).unwrap();
        cx.release_permit();
    });
    let a = b.add("a", a);
    assert_eq!(b.crank().next, crankwork::Next::External);
    assert_eq!(b.state(a), WorkState::Waiting);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1"]);
    let other = b.add("other", done());
    assert_eq!(b.state(other), WorkState::Queued);
}

#[test]
fn l21_a_deadline_before_the_first_grant_fails_without_any_hook() {
    let mut b = Bench::with_permits(1);
    let owner = b.add("owner", idling());
    let queued = b.add_spec(Spec::new("queued", done()).deadline(at_secs(2)));
    let pending = b.add_spec(
        Spec::new("pending", done())
            .after(owner)
            .deadline(at_secs(3)),
    );
    b.crank();
    b.crank_at(at_secs(2));
    assert_eq!(b.state(queued), WorkState::Failed);
    b.crank_at(at_secs(3));
    assert!(b.failure(pending).contains("deadline"));
    assert_eq!(b.lines(), ["owner: on_reset", "owner: poll 1"]);
}

#[test]
fn l21_limits_hold_while_an_attempt_queues_for_its_permit_again() {
    let mut b = Bench::with_permits(1);
    let back = Probe::new(|cx| {
        cx.release_permit();
        cx.wake_after(secs(1));
        Poll::Pending
    });
    let spec = Spec::new("back", back).attempt_timeout(secs(5));
    let back = b.add_spec(spec.retry(Retry::ONCE));
    b.add("owner", idling());
    b.crank();
    b.crank_at(at_secs(1));
    assert_eq!(b.state(back), WorkState::Queued);
    b.lines();
    b.crank_at(at_secs(5));
    assert_eq!(b.s.retry_eta(back), Some(at_secs(15)));
    let expected = ["on_abort", "on_failure_retry", "on_reset"];
    assert_eq!(b.lines_of("back"), expected);
}
