//! Wakes, permits and children.

use super::bench;
use crate::units::{at_secs, secs};
use crate::workbench::{Bench, OK, Probe, Turn, done, fail, failing, idling, napping};
use crankwork::{
    Budget, Driver, FailureKind, Next, OnChildFailure, Spec, Time, WorkSchedulerConfig, WorkState,
};
use std::task::{Poll, ready};

/// `enter_blocked` leaves HELD set, so the parent's attempt releases the child a second time.
#[test]
fn a_held_child_that_was_added_as_blocked_stays_blocked() {
    let mut b = bench();
    let failed = b.add("failed", failing());
    b.crank();
    let gate = b.add("gate", napping(secs(1)));
    let parent = Spec::new("parent", done()).after(gate);
    let parent = b.add_spec(parent.on_child_failure(OnChildFailure::Collect));
    let child = Spec::new("child", done()).parent(parent).after(failed);
    let child = b.add_spec(child);
    assert_eq!(b.state(child), WorkState::Blocked);
    b.crank();
    b.crank_at(at_secs(1));
    let lines = b.lines();
    assert!(lines.contains(&"parent: poll 1".into()), "{lines:?}");
    assert!(!lines.contains(&"child: poll 1".into()), "{lines:?}");
}

/// Rejoining a held child begins its attempt, which releases its own held children: one stack frame per level.
#[test]
fn a_deep_tree_of_works_without_permit_starts_without_recursion() {
    const DEEP: u64 = 200_000;
    let mut b = bench();
    let gate = b.add("gate", napping(secs(1)));
    let top = b.add_spec(Spec::new("n", done()).no_permit().after(gate));
    (0..DEEP).fold(top, |last, _| {
        b.add_spec(Spec::new("n", done()).no_permit().parent(last))
    });
    b.run();
    assert_eq!(b.s.metrics().success, DEEP + 2);
}

/// The work watches two works each turn, and one has settled. Then every `Pending` was another turn, and time stood
/// still.
#[test]
fn waiting_for_two_works_by_watching_both_each_turn_does_not_spin() {
    let mut b = bench();
    let both = [b.add("first", done()), b.add("second", napping(secs(1)))];
    let join = Probe::new(move |cx| {
        for id in both {
            cx.watch(id)?;
        }
        let settled = |&id| cx.state(id).is_some_and(WorkState::is_settled);
        match both.iter().all(settled) {
            true => OK,
            false => Poll::Pending,
        }
    });
    b.add("join", join);
    let budget = Budget::turns(1_000);
    let crank = b.s.crank_work(Time::ZERO, &mut b.log, budget);
    assert_eq!(crank.next, Next::At(at_secs(1)), "{crank:?}");
}

/// L8: a waker that is dropped in its turn is not a live one.
#[test]
fn a_remote_waker_that_was_dropped_in_the_turn_is_no_source() {
    let mut b = bench();
    let drops = Probe::new(|cx| {
        drop(cx.remote_waker());
        Poll::Pending
    });
    let id = b.add("w", drops);
    b.crank();
    assert_eq!(b.state(id), WorkState::Failed);
}

/// A driver that gives up: the loop of `run` would not.
struct Patience(u32);

impl Driver for Patience {
    fn now(&mut self) -> Time {
        assert!(self.0 > 0, "run_until_done cranks in vain for ever");
        self.0 -= 1;
        Time::ZERO
    }

    fn wait(&mut self, _: Option<Time>) -> bool {
        false
    }
}

#[test]
fn run_until_done_in_a_posted_closure_returns() {
    let mut b = bench();
    b.add("w", done());
    let runs = |log: &mut crate::workbench::Log, s: &mut crankwork::WorkScheduler<_>| {
        let run = s.run_until_done(log, &mut Patience(100));
        log.push(format!("returned: {}", run.is_ok()));
    };
    b.s.remote().post(runs).unwrap();
    b.crank();
    assert_eq!(b.s.metrics().callback_panics, 0);
    assert!(b.lines().iter().any(|line| line.starts_with("returned: ")));
}

fn one_permit() -> Bench {
    Bench::new(WorkSchedulerConfig::default().max_concurrency(1))
}

/// L17: no permit while asleep with live children. Here it is the only one, and the child needs it.
#[test]
fn a_sleeper_that_is_given_a_child_lets_go_of_its_permit() {
    let mut b = one_permit();
    let parent = b.add("parent", idling());
    b.crank();
    assert_eq!(b.state(parent), WorkState::Waiting);
    let child = b.add_spec(Spec::new("child", idling()).parent(parent));
    b.crank();
    assert_eq!(b.state(child), WorkState::Waiting);
}

/// L17 again: a child is restarted under a sleeper.
#[test]
fn a_sleeper_whose_child_is_restarted_lets_go_of_its_permit() {
    let mut b = one_permit();
    let parent = b.add("parent", idling());
    let child = b.add_spec(Spec::new("child", done()).parent(parent));
    b.crank();
    assert_eq!(b.state(child), WorkState::Success);
    assert_eq!(b.state(parent), WorkState::Waiting);
    b.s.restart(child).unwrap();
    b.lines();
    b.crank();
    assert_eq!(b.state(child), WorkState::Success);
    let polled = |line: &String| line.starts_with("child: poll");
    assert!(b.lines().iter().any(polled), "the child has run again");
}

/// L13: a child that its parent cancelled does not count as failed.
#[test]
fn a_parent_that_cancels_one_child_does_not_fail() {
    let mut b = bench();
    let mut begun = false;
    let parent = Probe::new(move |cx| {
        if !begun {
            begun = true;
            let child = cx.spawn(Spec::new("child", idling()))?;
            cx.cancel(child)?;
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    });
    let parent = b.add("parent", parent);
    b.crank();
    assert_eq!(b.state(parent), WorkState::Success);
}

/// A parent that spawns a child which fails at 1 s. In its second turn it sets an alarm for 1 s, too, and it always
/// ends its turns by `ends`.
fn parent_of_a_failing_child(mut ends: impl FnMut(bool) -> Turn + 'static) -> Probe {
    let mut turns = 0;
    Probe::new(move |cx| {
        turns += 1;
        match turns {
            1 => {
                let child = Probe::new(|cx| {
                    ready!(cx.sleep(secs(1)));
                    fail("no")
                });
                cx.spawn(Spec::new("child", child))?;
                return cx.yield_now();
            }
            2 => cx.wake_after(secs(1)),
            _ => {}
        }
        ends(cx.children().all_successful())
    })
}

/// L8, L13: the failed child will end this attempt at the end of the round, so `Pending` is no lost wake.
#[test]
fn a_fail_fast_parent_that_says_pending_in_the_round_of_the_failure_fails_with_the_child() {
    let mut b = bench();
    let parent = parent_of_a_failing_child(|successful| match successful {
        true => OK,
        false => Poll::Pending,
    });
    let parent = b.add("parent", parent);
    b.crank();
    b.crank_at(at_secs(1));
    let failure = b.failed(parent);
    let by_child = matches!(failure.kind(), FailureKind::Child { .. });
    assert!(by_child, "{failure:?}");
}

/// The budget ends the crank between the parent's turn and the end of the round.
#[test]
fn a_doomed_parent_may_be_asleep_between_cranks() {
    let mut b = bench();
    let parent = parent_of_a_failing_child(|_| Poll::Pending);
    let parent = b.add_spec(Spec::new("parent", parent).no_permit());
    b.crank();
    b.add("later", napping(secs(1)));
    b.crank();
    for _ in 0..10 {
        b.turns_at(at_secs(1), 1);
    }
    assert_eq!(b.state(parent), WorkState::Failed);
}
