//! The entries without ops: bare timers, and the table of misuse, most of which aborts the process there. Those about
//! processes come with processes.
//!
//! Of the table, a wake or a left-over timer in a back-off is in `ancestors::stellar`, adding a child to an aborting
//! parent in `laws`; null works and null conditions cannot be written here.

use crate::units::{at_ms, secs};
use crate::workbench::{Bench, Log, Probe, done, failing, idling, napping, never};
use crankwork::compose::{BatchWork, ConditionalWork, WorkSequence};
use crankwork::time::TimerWheel;
use crankwork::{Next, OnChildFailure, RestartError, Retry, Spec, Time, WorkState};
use std::task::Poll;

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
        wheel.arm(at_ms(100), owner);
    }
    assert_eq!(fired(&mut wheel, at_ms(100)), (0..10).collect::<Vec<_>>());
    // There it is one timer with three waits; here it is three timers of one owner.
    for wait in 0..3 {
        wheel.arm(at_ms(200), wait);
    }
    assert_eq!(fired(&mut wheel, at_ms(200)), [0, 1, 2]);
}

#[test]
fn a_timer_that_is_rearmed_100_000_times_is_one_timer() {
    let mut wheel = TimerWheel::new();
    let key = wheel.arm(at_ms(3_600_000), 7);
    for i in 1..=100_000 {
        wheel.rearm(key, at_ms(3_600_000 + i));
        assert_eq!(wheel.len(), 1);
    }
    assert!(fired(&mut wheel, at_ms(3_600_000 + 99_999)).is_empty());
    assert_eq!(fired(&mut wheel, at_ms(3_600_000 + 100_000)), [7]);
    assert_eq!(wheel.len(), 0);
}

/// A bench with one work in that state.
fn with_work_in(state: WorkState) -> (Bench, crankwork::WorkId) {
    let mut b = Bench::with_permits(1);
    let gate = b.add_spec(Spec::new("gate", idling()).no_permit());
    let a = match state {
        WorkState::Pending => b.add_spec(Spec::new("a", done()).after(gate)),
        WorkState::Success => b.add("a", done()),
        _ => b.add("a", napping(secs(5)).on_abort(never)),
    };
    if state != WorkState::Running {
        b.crank();
    }
    if state == WorkState::Aborting {
        b.s.cancel(a).unwrap();
    }
    assert_eq!(b.state(a), state);
    (b, a)
}

const UNSETTLED: [WorkState; 4] = [
    WorkState::Pending,
    WorkState::Running,
    WorkState::Waiting,
    WorkState::Aborting,
];

#[test]
fn a_scheduler_may_be_dropped_with_works_in_any_state() {
    for state in UNSETTLED.into_iter().chain([WorkState::Success]) {
        drop(with_work_in(state));
    }
}

#[test]
fn what_has_not_settled_is_not_started_anew() {
    for state in UNSETTLED {
        let (mut b, a) = with_work_in(state);
        let refused = b.s.restart(a);
        assert_eq!(refused, Err(RestartError::NotSettled(a, state)));
        assert_eq!(b.state(a), state);
    }
}

#[test]
fn a_crank_gives_no_turn_to_what_is_settled_or_asleep() {
    for state in [WorkState::Success, WorkState::Waiting] {
        let (mut b, _) = with_work_in(state);
        let turns = b.s.metrics().turns;
        for _ in 0..3 {
            b.crank();
        }
        assert_eq!(b.s.metrics().turns, turns);
    }
}

#[test]
fn a_parent_that_collects_may_succeed_with_a_failed_child() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("bad", failing())).unwrap();
            return Poll::Pending;
        }
        assert!(!cx.children().all_successful());
        Poll::Ready(Ok(()))
    });
    let spec = Spec::new("parent", parent).on_child_failure(OnChildFailure::Collect);
    let parent = b.add_spec(spec);
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
}

#[test]
fn a_sequence_with_an_open_condition_in_it_can_be_tried_again() {
    let mut b = Bench::with_permits(4);
    let gated = || ConditionalWork::new(|_: &mut Log| true, || Spec::new("bad", failing()));
    let all = WorkSequence::new()
        .then(|| Spec::new("good", done()))
        .then(move || Spec::new("cond", gated()));
    let all = b.s.add(Spec::new("all", all).retry(Retry::A_FEW)).unwrap();
    b.run();
    assert_eq!(b.state(all.id()), WorkState::Failed);
    let count = |line: &str| b.log.lines.iter().filter(|l| *l == line).count();
    assert_eq!((count("good: poll 1"), count("bad: poll 1")), (6, 6));
}

#[test]
fn members_of_a_batch_may_share_a_name() {
    let mut b = Bench::with_permits(4);
    let batch = BatchWork::each(2, || ["twin", "twin"].map(|name| Spec::new(name, done())));
    b.add_spec(Spec::new("batch", batch));
    assert_eq!(b.run().settled, 3);
    assert_eq!(b.s.next(), Next::Idle);
}
