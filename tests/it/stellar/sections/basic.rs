//! Basic work.

use super::{bad_steps, bench, steps};
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Backoff, Next, Retry, Spec, WorkState};

#[test]
fn one_work_runs_to_success() {
    let mut b = bench();
    let work = b.add("work", steps(3));
    b.run();
    assert_eq!(b.state(work), WorkState::Success);
    let expected = ["on_reset", "poll 1", "poll 1", "poll 1", "on_success"];
    assert_eq!(b.lines_of("work"), expected);
}

#[test]
fn two_works_take_turns() {
    let mut b = bench();
    for name in ["a", "b"] {
        b.add(name, steps(3));
    }
    b.run();
    assert_eq!(b.log.ran(), "a b a b a b");
}

#[test]
fn a_work_that_waits_is_woken_by_its_timer_each_time() {
    let mut b = bench();
    let mut naps = 2;
    let work = Probe::new(move |cx| {
        while naps > 0 {
            std::task::ready!(cx.sleep(secs(1)));
            naps -= 1;
        }
        OK
    });
    b.add("work", work);
    b.run();
    assert_eq!((b.log.turns_of("work"), b.s.now()), (3, at_secs(2)));
}

#[test]
fn a_work_that_waits_when_the_scheduler_is_shut_down_is_never_woken() {
    let mut b = bench();
    let work = b.add("work", napping(secs(5)));
    assert_eq!(b.crank().next, Next::At(at_secs(5)));
    b.s.shutdown();
    b.run();
    assert_eq!(
        (b.state(work), b.s.now()),
        (WorkState::Cancelled, at_secs(0))
    );
    let expected = ["on_reset", "poll 1", "on_abort", "on_reset"];
    assert_eq!(b.lines_of("work"), expected);
}

#[test]
fn a_work_may_come_while_others_run() {
    let mut b = bench();
    b.add("a", steps(3));
    b.add("b", steps(3));
    b.turns(1);
    let late = b.add("c", steps(3));
    b.run();
    assert_eq!(b.state(late), WorkState::Success);
    assert_eq!(b.log.ran(), "a b a c b a c b c");
}

#[test]
fn a_new_work_ends_the_idleness_of_the_scheduler() {
    let mut b = bench();
    assert_eq!(b.crank().next, Next::Idle);
    let work = b.add("work", steps(3));
    assert_eq!((b.s.next(), b.state(work)), (Next::Now, WorkState::Running));
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(b.state(work), WorkState::Success);
}

#[test]
fn a_work_is_tried_again_and_then_fails() {
    let mut b = bench();
    let retry = Retry::ONCE.with_backoff(Backoff::exponential());
    let work = b.add_spec(Spec::new("work", bad_steps(3)).retry(retry));
    b.run();
    assert_eq!((b.state(work), b.s.now()), (WorkState::Failed, at_secs(1)));
    assert_eq!(b.log.turns_of("work"), 6);
    let hooks = b.lines_of("work");
    let hooks: Vec<_> = hooks
        .iter()
        .filter(|line| line.starts_with("on_"))
        .collect();
    let expected = [
        "on_reset",
        "on_failure_retry",
        "on_reset",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(hooks, expected);
}

#[test]
fn one_work_can_be_shut_down_and_the_scheduler_lives_on() {
    let mut b = bench();
    let work = b.add("work", steps(100));
    b.turns(1);
    while b.state(work) != WorkState::Cancelled {
        // Again and again, which changes nothing.
        b.s.cancel(work).unwrap();
        b.turns(1);
    }
    assert!(!b.s.cancel(work).unwrap());
    assert_eq!(
        b.lines_of("work"),
        ["on_reset", "poll 1", "on_abort", "on_reset"]
    );
    assert!(b.s.add(Spec::new("next", done())).is_ok());
}
