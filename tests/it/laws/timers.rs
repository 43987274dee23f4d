//! L5 and L6: timers and the clock.

use super::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use super::{Script, lab, script, then, time_of};
use crate::on_purpose::noted;
use crate::units::{at_ms, ms};
use crankwork::WorkState::{Aborting, Cancelled, Failed, Retrying, Waiting};
use crankwork::{FailureKind, Lifo, Next, Retry, Spec, Time};
use std::panic::{AssertUnwindSafe, catch_unwind};

// ---- L5 ----

#[test]
fn l05_a_timer_for_now_or_earlier_fires_in_a_later_round() {
    for delay_from in [at_ms(0), at_ms(3), at_ms(5)] {
        let mut lab = lab(9);
        lab.crank(5);
        lab.work(
            "a",
            [then(move |cx| {
                cx.wake_at(delay_from);
                Pending
            })],
        );
        lab.work("b", [Yield, Yield]);
        let crank = lab.crank(5);
        assert_eq!(crank.next, Next::Idle);
        // Due at once, so in the very next round, after those that were ready before its timers.
        assert_eq!(lab.ran(), "a b b a b");
    }
}

#[test]
fn l05_one_alarm_the_earliest_of_a_turns_wishes() {
    let mut lab = lab(9);
    let a = lab.work(
        "a",
        [
            then(|cx| {
                for delay in [7, 3, 9] {
                    cx.wake_after(ms(delay));
                }
                Pending
            }),
            Expect,
        ],
    );
    assert_eq!(time_of(lab.crank(0).next), at_ms(3));
    assert_eq!(lab.crank(3).next, Next::External, "7 and 9 are forgotten");
    assert_eq!(lab.state(a), Waiting);
    assert_eq!(lab.ran(), "a a");
}

#[test]
fn l05_the_next_turn_drops_the_alarm() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5), Expect]);
    lab.crank(0);
    lab.s.wake(a).unwrap();
    assert_eq!(lab.crank(1).next, Next::External);
    assert_eq!(lab.crank(5).turns, 0);
}

#[test]
fn l05_an_alarm_asked_for_in_a_turn_that_yields_is_dropped_too() {
    let mut lab = lab(9);
    lab.work(
        "a",
        [
            then(|cx| {
                cx.wake_after(ms(5));
                Yield
            }),
            Expect,
        ],
    );
    assert_eq!(lab.crank(0).next, Next::External);
    assert_eq!(lab.ran(), "a a");
}

#[test]
fn l05_the_end_of_the_attempt_drops_the_alarm() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5)]);
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    assert_eq!(lab.crank(1).next, Next::Idle);
    lab.work(
        "b",
        [then(|cx| {
            cx.wake_after(ms(5));
            Fail("with an alarm set")
        })],
    );
    assert_eq!(lab.crank(1).next, Next::Idle);
}

#[test]
fn l05_deadline_beats_attempt_timeout_beats_alarm_at_one_instant() {
    // Armed in the order alarm last; a retry is left, so a timeout would back off and an alarm would give a turn.
    let spec = || {
        script("a", [Nap(5)])
            .attempt_timeout(ms(5))
            .retry(Retry::ONCE)
    };
    let mut lab = lab(9);
    let both = lab.add(spec().deadline(at_ms(5)));
    lab.crank(0);
    lab.crank(5);
    assert_eq!(*lab.failure(both).kind(), FailureKind::Deadline(at_ms(5)));
    assert_eq!(lab.ran(), "a a!");

    let timeout = lab.add(spec());
    lab.crank(5);
    lab.crank(10);
    assert_eq!(lab.ran(), "a a!", "no turn for the alarm");
    assert_eq!(lab.state(timeout), Retrying);
}

/// A decider may choose among the timers of one instant, but not between those of one work.
#[test]
fn l05_the_stronger_timer_wins_even_if_a_decider_takes_the_weaker_first() {
    let both = |limits: fn(super::Spec<super::Log, Script>) -> super::Spec<super::Log, Script>| {
        let mut lab = lab(9);
        lab.s.set_decider(Some(Box::new(Lifo)));
        let a = lab.add(limits(script("a", [Nap(5)])));
        lab.crank(0);
        lab.crank(5);
        assert_eq!(lab.ran(), "a a!", "no turn for the alarm");
        lab.failure(a).kind().clone()
    };
    let deadline = FailureKind::Deadline(at_ms(5));
    let timeout = FailureKind::AttemptTimeout(ms(5));
    assert_eq!(both(|spec| spec.deadline(at_ms(5))), deadline);
    assert_eq!(both(|spec| spec.attempt_timeout(ms(5))), timeout);
    assert_eq!(
        both(|spec| spec.attempt_timeout(ms(5)).deadline(at_ms(5))),
        deadline
    );
}

#[test]
fn l05_deadline_beats_the_end_of_a_back_off() {
    let mut lab = lab(9);
    let a = lab.add(
        script("a", [Fail("x")])
            .retry(Retry::ONCE)
            .deadline(at_ms(10)),
    );
    lab.crank(0);
    assert_eq!(lab.state(a), Retrying);
    lab.crank(10);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Failed, "a"));
}

#[test]
fn l05_grace_beats_an_alarm_at_one_instant() {
    for decider in [false, true] {
        let mut lab = lab(9);
        if decider {
            lab.s.set_decider(Some(Box::new(Lifo)));
        }
        let work = Script::new([Expect]).on_abort([Nap(5), Done]);
        let a = lab.add(Spec::new("a", work).abort_grace(ms(5)));
        lab.crank(0);
        lab.s.cancel(a).unwrap();
        lab.crank(0);
        assert_eq!((lab.state(a), lab.ran().as_str()), (Aborting, "a a!"));
        lab.crank(5);
        assert_eq!((lab.state(a), lab.ran().as_str()), (Cancelled, ""));
        assert_eq!(lab.s.metrics().forced_aborts, 1);
    }
}

// ---- L6 ----

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "time went back")]
fn l06_time_that_goes_back_is_a_debug_assertion() {
    let mut lab = lab(9);
    lab.crank(5);
    lab.crank(4);
}

/// In a debug build the crank asserts too, and the next one goes on from the last time.
#[test]
fn l06_a_smaller_time_is_treated_as_the_last_one() {
    let mut lab = lab(9);
    lab.crank(5);
    lab.work("a", [Nap(1)]);
    let next = catch_unwind(AssertUnwindSafe(|| lab.crank(4).next));
    match noted() {
        Some(text) => assert!(cfg!(debug_assertions) && text.contains("time went back")),
        None => assert_eq!(next.unwrap(), Next::At(at_ms(6))),
    }
    assert_eq!(lab.s.now(), at_ms(5));
    assert_eq!(lab.crank(5).next, Next::At(at_ms(6)));
    assert_eq!(lab.ran(), "a");
}

#[test]
fn l06_the_same_time_again_is_fine_and_now_is_the_last_cranks() {
    let mut lab = lab(9);
    lab.crank(5);
    lab.crank(5);
    assert_eq!(lab.s.now(), at_ms(5));
    lab.crank_at(Time::MAX);
    lab.crank_at(Time::MAX);
    assert_eq!(lab.s.now(), Time::MAX);
}
