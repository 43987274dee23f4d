//! Wakes, permits and children.

use super::{Cx, SECOND, Turn, crank, fails, naps, scheduler, succeeds, waits_for_wake};
use crate::units::at_secs;
use crankwork::{
    Budget, Driver, Failure, FailureKind, Next, OnChildFailure, Spec, Time, VirtualDriver,
    WorkOutcome, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::task::ready;

/// `enter_blocked` leaves HELD set, so the parent's attempt releases the child a second time.
#[test]
fn a_held_child_that_was_added_as_blocked_stays_blocked() {
    let mut work = scheduler();
    let failed = work.add(Spec::new("failed", fails)).unwrap();
    let _ = crank(&mut work, 0);
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let parent = work
        .add(
            Spec::new("parent", succeeds)
                .after(gate)
                .on_child_failure(OnChildFailure::Collect),
        )
        .unwrap();
    let ran = Rc::new(Cell::new(false));
    let mark = ran.clone();
    let child = move |_: Cx<'_, '_>| -> Turn {
        mark.set(true);
        Poll::Ready(Ok(()))
    };
    let child = work
        .add(Spec::new("child", child).parent(parent).after(failed))
        .unwrap();
    assert_eq!(work.state(child), Some(WorkState::Blocked));
    let _ = crank(&mut work, 0);
    let _ = crank(&mut work, 1);
    assert!(!ran.get(), "a settled (Blocked) work was run");
}

/// Rejoining a held child begins its attempt, which releases its own held children: one stack frame per level.
#[test]
fn a_deep_tree_of_works_without_permit_starts_without_recursion() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let mut last = work
        .add(Spec::new("n", succeeds).no_permit().after(gate))
        .unwrap();
    for _ in 0..200_000 {
        last = work
            .add(Spec::new("n", succeeds).no_permit().parent(last))
            .unwrap();
    }
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
}

/// Watching two works each turn, of which one has settled: every `Pending` is another turn, and time stands still.
#[test]
fn waiting_for_two_works_by_watching_both_each_turn_does_not_spin() {
    let mut work = scheduler();
    let first = work.add(Spec::new("first", succeeds)).unwrap();
    let second = work.add(Spec::new("second", naps)).unwrap();
    let join = move |cx: Cx<'_, '_>| -> Turn {
        let both = [first.id(), second.id()];
        for id in both {
            cx.watch(id)?;
        }
        if both
            .iter()
            .all(|&id| cx.state(id).is_some_and(WorkState::is_settled))
        {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    };
    work.add(Spec::new("join", join)).unwrap();
    let crank = crank(&mut work, 0);
    assert_eq!(crank.next, Next::At(at_secs(1)), "{crank:?}");
}

/// L8: a waker that is dropped in the same turn is not a live one.
#[test]
fn a_remote_waker_that_was_dropped_in_the_turn_is_no_source() {
    let mut work = scheduler();
    let id = work
        .add(Spec::new("w", |cx: Cx<'_, '_>| -> Turn {
            drop(cx.remote_waker());
            Poll::Pending
        }))
        .unwrap();
    let crank = crank(&mut work, 0);
    assert_eq!(work.state(id), Some(WorkState::Failed), "{crank:?}");
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
    let mut work = scheduler();
    work.add(Spec::new("w", succeeds)).unwrap();
    work.remote()
        .post(|app, work| {
            let _ = work.run_until_done(app, &mut Patience(100));
        })
        .unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.metrics().callback_panics, 0);
}

/// L17: no permit while asleep with live children. Here it is the only one, and the child needs it.
#[test]
fn a_sleeper_that_is_given_a_child_lets_go_of_its_permit() {
    let mut work = WorkScheduler::new(WorkSchedulerConfig::default().max_concurrency(1));
    let parent = work.add(Spec::new("parent", waits_for_wake)).unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(parent), Some(WorkState::Waiting));
    let child = work
        .add(Spec::new("child", waits_for_wake).parent(parent))
        .unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(child), Some(WorkState::Waiting));
}

/// L17 again: a child is restarted under a sleeper.
#[test]
fn a_sleeper_whose_child_is_restarted_lets_go_of_its_permit() {
    let mut work = WorkScheduler::new(WorkSchedulerConfig::default().max_concurrency(1));
    let parent = work.add(Spec::new("parent", waits_for_wake)).unwrap();
    let child = work
        .add(Spec::new("child", succeeds).parent(parent))
        .unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(child), Some(WorkState::Success));
    assert_eq!(work.state(parent), Some(WorkState::Waiting));
    work.restart(child).unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(child), Some(WorkState::Success));
}

/// L13: a child that its parent cancelled does not count as failed.
#[test]
fn a_parent_that_cancels_one_child_does_not_fail() {
    let mut work = scheduler();
    let mut begun = false;
    let parent = work
        .add(Spec::new("parent", move |cx: Cx<'_, '_>| -> Turn {
            if !begun {
                begun = true;
                let child = cx.spawn(Spec::new("child", waits_for_wake))?;
                cx.cancel(child)?;
            }
            match cx.children().all_done() {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            }
        }))
        .unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(parent), Some(WorkState::Success));
}

/// L8, L13: the failed child will end this attempt at the end of the round, so `Pending` is no lost wake.
#[test]
fn a_fail_fast_parent_that_says_pending_in_the_round_of_the_failure_fails_with_the_child() {
    let mut work = scheduler();
    let mut turns = 0;
    let parent = move |cx: Cx<'_, '_>| -> Turn {
        turns += 1;
        match turns {
            1 => {
                cx.spawn(Spec::new("child", |cx: Cx<'_, '_>| -> Turn {
                    ready!(cx.sleep(SECOND));
                    Poll::Ready(Err(Failure::msg("no")))
                }))?;
                return cx.yield_now();
            }
            2 => cx.wake_after(SECOND),
            _ => {}
        }
        match cx.children().all_successful() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    };
    let parent = work.add(Spec::new("parent", parent)).unwrap();
    let _ = crank(&mut work, 0);
    let _ = crank(&mut work, 1);
    let outcome = work.outcome(parent);
    let Some(WorkOutcome::Failed(failure)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        matches!(failure.kind(), FailureKind::Child { .. }),
        "{failure:?}"
    );
}

/// The same parent, and the budget ends the crank between its turn and the end of the round.
#[test]
fn a_doomed_parent_may_be_asleep_between_cranks() {
    let mut work = scheduler();
    let mut turns = 0;
    let parent = move |cx: Cx<'_, '_>| -> Turn {
        turns += 1;
        match turns {
            1 => {
                cx.spawn(Spec::new("child", |cx: Cx<'_, '_>| -> Turn {
                    ready!(cx.sleep(SECOND));
                    Poll::Ready(Err(Failure::msg("no")))
                }))?;
                return cx.yield_now();
            }
            2 => cx.wake_after(SECOND),
            _ => {}
        }
        Poll::Pending
    };
    let parent = work.add(Spec::new("parent", parent).no_permit()).unwrap();
    let _ = crank(&mut work, 0);
    work.add(Spec::new("later", naps)).unwrap();
    let _ = crank(&mut work, 0);
    for _ in 0..10 {
        let _ = work.crank_work(at_secs(1), &mut (), Budget::turns(1));
    }
    assert_eq!(work.state(parent), Some(WorkState::Failed));
}
