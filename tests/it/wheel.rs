//! The timer wheel: against a model, and the edges by name.

use crate::units::at_secs;
use std::time::Duration;

use super::wheel_ops::{WheelOp, When, check_wheel_bytes, check_wheel_ops};
use crankwork::time::{Time, TimerWheel};
use proptest::prelude::*;

fn nanos() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => 0..200_u64,
        2 => (0..20_u64).prop_map(|n| n * 1_000_000),
        1 => (0..40_u64).prop_map(|n| n * 1_000_000_000),
        2 => (any::<u16>(), 0..64_u32).prop_map(|(n, shift)| u64::from(n) << shift),
        1 => any::<u64>(),
    ]
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        6 => nanos().prop_map(When::In),
        1 => nanos().prop_map(When::Ago),
        1 => nanos().prop_map(When::At),
        1 => nanos().prop_map(|n| When::At(u64::MAX - n)),
        3 => any::<u16>().prop_map(When::Like),
    ]
}

/// Steps that leave some future: a leap to the end of time would make the rest of the list dull.
fn step() -> impl Strategy<Value = When> {
    prop_oneof![
        6 => nanos().prop_map(|n| When::In(n >> 8)),
        3 => any::<u16>().prop_map(When::Like),
        1 => Just(When::In(0)),
        1 => nanos().prop_map(When::Ago),
    ]
}

fn op() -> impl Strategy<Value = WheelOp> {
    prop_oneof![
        8 => when().prop_map(WheelOp::Arm),
        1 => (when(), nanos(), any::<u8>())
            .prop_map(|(when, step, count)| WheelOp::ArmMany { when, step, count }),
        3 => any::<u16>().prop_map(WheelOp::Cancel),
        1 => any::<u8>().prop_map(WheelOp::CancelOldest),
        3 => (any::<u16>(), when()).prop_map(|(pick, when)| WheelOp::Rearm(pick, when)),
        3 => step().prop_map(WheelOp::Advance),
        3 => Just(WheelOp::AdvanceToNext),
        4 => prop_oneof![0..4_u8, any::<u8>()].prop_map(WheelOp::Pop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn agrees_with_an_ordered_map(ops in prop::collection::vec(op(), 1..200)) {
        check_wheel_ops(ops);
    }

    #[test]
    fn any_bytes_decode_and_agree(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check_wheel_bytes(&bytes);
    }
}

#[test]
fn fuzz_corpus_agrees() {
    crate::corpus::replay("wheel", check_wheel_bytes);
}

fn fire(wheel: &mut TimerWheel, now: Time) -> Vec<u32> {
    wheel.advance(now);
    std::iter::from_fn(|| wheel.pop_due().map(|(_, owner)| owner)).collect()
}

#[test]
fn fires_to_the_nanosecond() {
    let mut wheel = TimerWheel::new();
    let deadline = Time::from_nanos(30_000_000_001);
    wheel.arm(deadline, 1);
    assert!(fire(&mut wheel, at_secs(30)).is_empty());
    assert_eq!(wheel.next_deadline(), Some(deadline));
    assert_eq!(fire(&mut wheel, deadline), [1]);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn the_ends_of_time_are_times() {
    let mut wheel = TimerWheel::new();
    wheel.arm(Time::MAX, 3);
    wheel.arm(Time::from_nanos(u64::MAX - 1), 2);
    wheel.arm(Time::ZERO, 1);
    assert_eq!(wheel.next_deadline(), Some(Time::ZERO));
    assert_eq!(fire(&mut wheel, Time::ZERO), [1]);
    assert_eq!(fire(&mut wheel, Time::from_nanos(u64::MAX - 1)), [2]);
    assert_eq!(wheel.next_deadline(), Some(Time::MAX));
    assert_eq!(fire(&mut wheel, Time::MAX), [3]);
    // At the end of time the clock stands still, but timers still fire.
    wheel.arm(Time::MAX, 4);
    assert_eq!(fire(&mut wheel, Time::MAX), [4]);
}

#[test]
fn equal_deadlines_fire_as_armed_whenever_they_were_armed() {
    let mut wheel = TimerWheel::new();
    let deadline = at_secs(3_600);
    for owner in 0..60 {
        wheel.arm(deadline, owner);
        // The steps shrink, so the timers start at ever lower levels.
        let left = deadline - Time::from_nanos(clock_at(owner));
        assert!(left > Duration::ZERO);
        assert!(fire(&mut wheel, Time::from_nanos(clock_at(owner))).is_empty());
        // Something earlier makes the base follow the clock.
        wheel.arm(Time::from_nanos(clock_at(owner)), 1_000);
        assert_eq!(fire(&mut wheel, Time::from_nanos(clock_at(owner))), [1_000]);
    }
    assert!(fire(&mut wheel, deadline).into_iter().eq(0..60));
}

/// Halves the way to 3,600 s with each step, down to the last nanosecond.
fn clock_at(step: u32) -> u64 {
    let all = 3_600_000_000_000_u64;
    all - (all >> (step + 1)).max(1)
}

#[test]
fn equal_deadlines_in_a_short_list_fire_as_armed() {
    let mut wheel = TimerWheel::new();
    let far = |n: u32| Time::from_nanos((1 << 40) + u64::from(n * 7 % 5));
    for owner in 0..32 {
        wheel.arm(far(owner), owner);
    }
    let mut expected: Vec<_> = (0..32).collect();
    expected.sort_by_key(|&owner| far(owner));
    assert_eq!(fire(&mut wheel, Time::MAX), expected);
}

#[test]
fn a_timer_armed_for_now_waits_for_the_next_advance() {
    let mut wheel = TimerWheel::new();
    let now = at_secs(5);
    wheel.arm(now, 0);
    wheel.advance(now);
    let mut fired = Vec::new();
    while let Some((_, owner)) = wheel.pop_due() {
        fired.push(owner);
        wheel.arm(now, owner + 1);
        wheel.arm(at_secs(4), owner + 2);
    }
    assert_eq!(fired, [0]);
    assert_eq!(wheel.next_deadline(), Some(at_secs(4)));
    assert_eq!(fire(&mut wheel, now), [2, 1]);
}

#[test]
fn a_late_timer_overtakes_what_was_left_in_the_due_list() {
    let mut wheel = TimerWheel::new();
    let second = Time::from_secs;
    wheel.arm(second(2), 20);
    wheel.arm(second(3), 30);
    wheel.advance(second(9));
    wheel.arm(second(3), 31);
    wheel.arm(second(1), 10);
    assert_eq!(wheel.next_deadline(), Some(second(1)));
    assert_eq!(fire(&mut wheel, second(9)), [10, 20, 30, 31]);
}

#[test]
fn a_due_timer_can_be_cancelled_or_rearmed() {
    let mut wheel = TimerWheel::new();
    let keys: Vec<_> = (0..4).map(|owner| wheel.arm(at_secs(1), owner)).collect();
    wheel.advance(at_secs(2));
    assert_eq!(wheel.cancel(keys[0]), 0);
    wheel.rearm(keys[2], at_secs(3));
    assert_eq!(wheel.deadline(keys[2]), at_secs(3));
    assert_eq!(wheel.next_deadline(), Some(at_secs(1)));
    assert_eq!(fire(&mut wheel, at_secs(2)), [1, 3]);
    assert_eq!(wheel.next_deadline(), Some(at_secs(3)));
    assert_eq!(fire(&mut wheel, at_secs(3)), [2]);
}

#[test]
fn rearming_to_the_same_deadline_goes_to_the_back() {
    let mut wheel = TimerWheel::new();
    let at = at_secs(1);
    let first = wheel.arm(at, 1);
    wheel.arm(at, 2);
    wheel.rearm(first, at);
    assert_eq!(fire(&mut wheel, at), [2, 1]);
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut wheel = TimerWheel::new();
    wheel.advance(at_secs(10));
    wheel.arm(at_secs(7), 1);
    wheel.advance(at_secs(3));
    assert_eq!(wheel.pop_due(), Some((at_secs(7), 1)));
}

#[test]
#[should_panic(expected = "has fired or was cancelled")]
fn a_fired_key_is_refused() {
    let mut wheel = TimerWheel::new();
    let key = wheel.arm(Time::from_secs(1), 1);
    wheel.advance(Time::from_secs(1));
    assert_eq!(wheel.deadline(key), Time::from_secs(1), "due, not fired");
    assert_eq!(wheel.pop_due(), Some((Time::from_secs(1), 1)));
    let _ = wheel.deadline(key);
}

#[test]
#[should_panic(expected = "has fired or was cancelled")]
fn a_dead_key_is_refused() {
    let mut wheel = TimerWheel::new();
    let key = wheel.arm(at_secs(1), 1);
    wheel.cancel(key);
    wheel.cancel(key);
}
