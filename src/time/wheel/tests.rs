//! Tests that need to look inside: memory.

use super::*;

fn fire_all(wheel: &mut TimerWheel, now: Time) -> Vec<u32> {
    wheel.advance(now);
    std::iter::from_fn(|| wheel.pop_due().map(|(_, owner)| owner)).collect()
}

#[test]
fn keys_fit_four_bytes_even_if_optional() {
    assert_eq!(size_of::<TimerKey>(), 4);
    assert_eq!(size_of::<Option<TimerKey>>(), 4);
}

#[test]
fn rearming_leaves_one_node() {
    let mut wheel = TimerWheel::new();
    let key = wheel.arm(Time::from_secs(1), 7);
    for n in 0..100_000 {
        wheel.rearm(key, Time::from_millis(1_000 + n));
    }
    assert_eq!(wheel.len(), 1);
    assert_eq!(wheel.nodes.capacity_used(), 1);
    assert_eq!(fire_all(&mut wheel, Time::from_secs(200)), [7]);
}

#[test]
fn cancelled_timers_are_used_again() {
    let mut wheel = TimerWheel::new();
    for n in 0..100_000 {
        let key = wheel.arm(Time::from_millis(n), 0);
        wheel.arm(Time::from_millis(n), 0);
        wheel.cancel(key);
        fire_all(&mut wheel, Time::from_millis(n));
    }
    assert!(wheel.is_empty());
    assert_eq!(wheel.nodes.capacity_used(), 2);
}

#[test]
fn split_slots_are_given_back() {
    let mut wheel = TimerWheel::new();
    let far = |n: u64| Time::from_nanos((1 << 60) + n * 1_000);
    let first = wheel.arm(Time::from_nanos(1 << 59), 0);
    let keys: Vec<_> = (0..1_000)
        .map(|n| wheel.arm(far(n * 7 % 1_000), n as u32))
        .collect();
    wheel.cancel(first);
    assert!(wheel.tables.in_use() > LEVELS);
    for key in keys {
        wheel.cancel(key);
    }
    assert_eq!(wheel.tables.in_use(), LEVELS);
    assert_eq!(wheel.occupied, 0);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn split_slots_are_adopted_when_their_time_comes() {
    let mut wheel = TimerWheel::new();
    for n in 0..10_000 {
        wheel.arm(Time::from_millis(n * 7 % 10_000), n as u32);
    }
    let mut fired = Vec::new();
    while let Some(next) = wheel.next_deadline() {
        fired.extend(fire_all(&mut wheel, next));
    }
    assert!(
        fired
            .iter()
            .copied()
            .eq((0..10_000).map(|ms| ms * 7_143 % 10_000))
    );
    assert_eq!(wheel.tables.in_use(), LEVELS);
}

/// There are enough timers that each knows one further on, and some of those are cancelled, moved or fired before their
/// turn.
#[test]
fn a_wheel_of_very_many_timers_fires_in_order() {
    const MANY: u32 = 200_000;
    let mut wheel = TimerWheel::new();
    let deadline = |n: u32| Time::from_millis(1 + u64::from(n) * 7_919 % 5_000);
    let keys: Vec<_> = (0..MANY).map(|n| wheel.arm(deadline(n), n)).collect();
    let mut expected: Vec<(Time, u32)> = Vec::new();
    for (n, &key) in (0..MANY).zip(&keys) {
        match n % 5 {
            0 => assert_eq!(wheel.cancel(key), n),
            1 => wheel.rearm(key, deadline(n + 1)),
            _ => expected.push((deadline(n), n)),
        }
    }
    expected.extend(
        (0..MANY)
            .filter(|n| n % 5 == 1)
            .map(|n| (deadline(n + 1), n)),
    );
    expected.sort_by_key(|&(deadline, _)| deadline);
    let mut fired = Vec::new();
    while let Some(next) = wheel.next_deadline() {
        wheel.advance(next);
        fired.extend(std::iter::from_fn(|| wheel.pop_due()));
    }
    assert!(fired == expected);
}
