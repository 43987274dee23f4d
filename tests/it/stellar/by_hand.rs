//! The entries without ops: bare timers. (Those about processes come with processes; the table of misuse asks nothing.)

use crankwork::Time;
use crankwork::time::TimerWheel;

fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

/// Everything that is due, in order.
fn fired(wheel: &mut TimerWheel, now: Time) -> Vec<u32> {
    wheel.advance(now);
    std::iter::from_fn(|| wheel.pop_due())
        .map(|(_, owner)| owner)
        .collect()
}

#[test]
fn timers_of_one_instant_fire_in_arming_order_whether_they_are_ten_or_one_with_three_waits() {
    let mut wheel = TimerWheel::new();
    for owner in 0..10 {
        wheel.arm(at(100), owner);
    }
    assert_eq!(fired(&mut wheel, at(100)), (0..10).collect::<Vec<_>>());
    // What is one timer with three waits there are three timers of one owner here.
    for wait in 0..3 {
        wheel.arm(at(200), wait);
    }
    assert_eq!(fired(&mut wheel, at(200)), [0, 1, 2]);
}

#[test]
fn a_timer_that_is_rearmed_100_000_times_is_one_timer() {
    let mut wheel = TimerWheel::new();
    let key = wheel.arm(at(3_600_000), 7);
    for i in 1..=100_000 {
        wheel.rearm(key, at(3_600_000 + i));
        assert_eq!(wheel.len(), 1);
    }
    assert!(fired(&mut wheel, at(3_600_000 + 99_999)).is_empty());
    assert_eq!(fired(&mut wheel, at(3_600_000 + 100_000)), [7]);
    assert_eq!(wheel.len(), 0);
}
