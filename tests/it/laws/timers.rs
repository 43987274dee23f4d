//! L5 and L6: timers and the clock.

use crate::on_purpose::noted;
use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Cancelled, Failed, Retrying, Waiting};
use crankwork::{FailureKind, Lifo, Next, Retry, Spec, Time};
use std::panic::{AssertUnwindSafe, catch_unwind};

// ---- L5 ----

#[test]
fn l05_a_timer_for_now_or_earlier_fires_in_a_later_round() {
    for delay_from in [at_ms(0), at_ms(3), at_ms(5)] {
        let mut bench = Bench::with_permits(9);
        bench.crank_at(at_ms(5));
        bench.script(
            "a",
            [then(move |cx| {
                cx.wake_at(delay_from);
                Pending
            })],
        );
        bench.script("b", [Yield, Yield]);
        let crank = bench.crank_at(at_ms(5));
        assert_eq!(crank.next, Next::Idle);
        // Due at once, so in the very next round, after those that were ready before its timers.
        assert_eq!(bench.ran(), "a b b a b");
    }
}

#[test]
fn l05_one_alarm_the_earliest_of_a_turns_wishes() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script(
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
    assert_eq!(bench.crank().next, Next::At(at_ms(3)));
    assert_eq!(
        bench.crank_at(at_ms(3)).next,
        Next::External,
        "7 and 9 are forgotten"
    );
    assert_eq!(bench.state(a), Waiting);
    assert_eq!(bench.ran(), "a a");
}

#[test]
fn l05_the_next_turn_drops_the_alarm() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Nap(5), Expect]);
    bench.crank();
    bench.s.wake(a).unwrap();
    assert_eq!(bench.crank_at(at_ms(1)).next, Next::External);
    assert_eq!(bench.crank_at(at_ms(5)).turns, 0);
}

#[test]
fn l05_an_alarm_asked_for_in_a_turn_that_yields_is_dropped_too() {
    let mut bench = Bench::with_permits(9);
    bench.script(
        "a",
        [
            then(|cx| {
                cx.wake_after(ms(5));
                Yield
            }),
            Expect,
        ],
    );
    assert_eq!(bench.crank().next, Next::External);
    assert_eq!(bench.ran(), "a a");
}

#[test]
fn l05_the_end_of_the_attempt_drops_the_alarm() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Nap(5)]);
    bench.crank();
    bench.s.cancel(a).unwrap();
    assert_eq!(bench.crank_at(at_ms(1)).next, Next::Idle);
    bench.script(
        "b",
        [then(|cx| {
            cx.wake_after(ms(5));
            Fail("with an alarm set")
        })],
    );
    assert_eq!(bench.crank_at(at_ms(1)).next, Next::Idle);
}

#[test]
fn l05_deadline_beats_attempt_timeout_beats_alarm_at_one_instant() {
    // Armed in the order alarm last; a retry is left, so a timeout would back off and an alarm would give a turn.
    let spec = || {
        script("a", [Nap(5)])
            .attempt_timeout(ms(5))
            .retry(Retry::ONCE)
    };
    let mut bench = Bench::with_back_off(9, ms(10));
    let both = bench.add_spec(spec().deadline(at_ms(5)));
    bench.crank();
    bench.crank_at(at_ms(5));
    assert_eq!(*bench.failed(both).kind(), FailureKind::Deadline(at_ms(5)));
    assert_eq!(bench.ran(), "a a!");

    let timeout = bench.add_spec(spec());
    bench.crank_at(at_ms(5));
    bench.crank_at(at_ms(10));
    assert_eq!(bench.ran(), "a a!", "no turn for the alarm");
    assert_eq!(bench.state(timeout), Retrying);
}

/// A decider may choose among the timers of one instant, but not between those of one work.
#[test]
fn l05_the_stronger_timer_wins_even_if_a_decider_takes_the_weaker_first() {
    let both = |limits: fn(Spec<Log, Probe>) -> Spec<Log, Probe>| {
        let mut bench = Bench::with_permits(9);
        bench.s.set_decider(Some(Box::new(Lifo)));
        let a = bench.add_spec(limits(script("a", [Nap(5)])));
        bench.crank();
        bench.crank_at(at_ms(5));
        assert_eq!(bench.ran(), "a a!", "no turn for the alarm");
        bench.failed(a).kind().clone()
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
    let mut bench = Bench::with_back_off(9, ms(10));
    let a = bench.add_spec(
        script("a", [Fail("x")])
            .retry(Retry::ONCE)
            .deadline(at_ms(10)),
    );
    bench.crank();
    assert_eq!(bench.state(a), Retrying);
    bench.crank_at(at_ms(10));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Failed, "a"));
}

#[test]
fn l05_grace_beats_an_alarm_at_one_instant() {
    for decider in [false, true] {
        let mut bench = Bench::with_permits(9);
        if decider {
            bench.s.set_decider(Some(Box::new(Lifo)));
        }
        let work = acting([Expect]).aborting([Nap(5), Done]);
        let a = bench.add_spec(Spec::new("a", work).abort_grace(ms(5)));
        bench.crank();
        bench.s.cancel(a).unwrap();
        bench.crank();
        assert_eq!((bench.state(a), bench.ran().as_str()), (Aborting, "a a!"));
        bench.crank_at(at_ms(5));
        assert_eq!((bench.state(a), bench.ran().as_str()), (Cancelled, ""));
        assert_eq!(bench.s.metrics().forced_aborts, 1);
    }
}

// ---- L6 ----

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "time went back")]
fn l06_time_that_goes_back_is_a_debug_assertion() {
    let mut bench = Bench::with_permits(9);
    bench.crank_at(at_ms(5));
    bench.crank_at(at_ms(4));
}

/// In a debug build the crank asserts too, and the next one goes on from the last time.
#[test]
fn l06_a_smaller_time_is_treated_as_the_last_one() {
    let mut bench = Bench::with_permits(9);
    bench.crank_at(at_ms(5));
    bench.script("a", [Nap(1)]);
    let next = catch_unwind(AssertUnwindSafe(|| bench.crank_at(at_ms(4)).next));
    match noted() {
        Some(text) => assert!(cfg!(debug_assertions) && text.contains("time went back")),
        None => assert_eq!(next.unwrap(), Next::At(at_ms(6))),
    }
    assert_eq!(bench.s.now(), at_ms(5));
    assert_eq!(bench.crank_at(at_ms(5)).next, Next::At(at_ms(6)));
    assert_eq!(bench.ran(), "a");
}

#[test]
fn l06_the_same_time_again_is_fine_and_now_is_the_last_cranks() {
    let mut bench = Bench::with_permits(9);
    bench.crank_at(at_ms(5));
    bench.crank_at(at_ms(5));
    assert_eq!(bench.s.now(), at_ms(5));
    bench.crank_at(Time::MAX);
    bench.crank_at(Time::MAX);
    assert_eq!(bench.s.now(), Time::MAX);
}
