//! What a critical reading of the engine found: each of these failed once.

use crankwork::{
    Budget, Crank, Decision, DecisionKind, Driver, Failure, FailureKind, Next, OnChildFailure,
    Retry, Spec, Time, VirtualDriver, Work, WorkContext, WorkEvent, WorkId, WorkOutcome,
    WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

type Cx<'a, 'b> = &'a mut WorkContext<'b, ()>;
type Turn = Poll<Result<(), Failure>>;

const SECOND: Duration = Duration::from_secs(1);

fn scheduler() -> WorkScheduler<()> {
    WorkScheduler::new(WorkSchedulerConfig::default())
}

/// A generous bound: what ends at all ends within it.
fn crank(work: &mut WorkScheduler<()>, secs: u64) -> Crank {
    work.crank_work(Time::from_secs(secs), &mut (), Budget::turns(1_000))
}

fn succeeds(_: Cx<'_, '_>) -> Turn {
    Poll::Ready(Ok(()))
}

fn fails(_: Cx<'_, '_>) -> Turn {
    Poll::Ready(Err(Failure::msg("no")))
}

fn waits_for_wake(cx: Cx<'_, '_>) -> Turn {
    cx.expect_wake();
    Poll::Pending
}

fn naps(cx: Cx<'_, '_>) -> Turn {
    ready!(cx.sleep(SECOND));
    Poll::Ready(Ok(()))
}

// ---- 1: panics, hangs, lost things ----

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
    assert_eq!(crank.next, Next::At(Time::from_secs(1)), "{crank:?}");
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
        let _ = work.crank_work(Time::from_secs(1), &mut (), Budget::turns(1));
    }
    assert_eq!(work.state(parent), Some(WorkState::Failed));
}

/// A work whose hooks do what a test says.
struct Hooked<P, S, R> {
    poll: P,
    on_success: S,
    on_retry: R,
}

impl<P, S, R> Work<()> for Hooked<P, S, R>
where
    P: FnMut(Cx<'_, '_>) -> Turn,
    S: FnMut(Cx<'_, '_>),
    R: FnMut(Cx<'_, '_>),
{
    fn poll(&mut self, cx: Cx<'_, '_>) -> Turn {
        (self.poll)(cx)
    }

    fn on_success(&mut self, cx: Cx<'_, '_>) {
        (self.on_success)(cx);
    }

    fn on_failure_retry(&mut self, cx: Cx<'_, '_>) {
        (self.on_retry)(cx);
    }
}

/// L12, L15: `spawn` is refused in hooks, but `spawn_root` with oneself as the parent is not.
#[test]
fn no_child_can_be_added_to_an_attempt_that_is_over() {
    let mut work = scheduler();
    let child = Rc::new(Cell::new(None::<WorkId>));
    let added = child.clone();
    let hooked = Hooked {
        poll: succeeds,
        on_success: move |cx: Cx<'_, '_>| {
            let me = cx.id();
            let spec = Spec::new("child", waits_for_wake).parent(me);
            added.set(cx.spawn_root(spec).ok().map(|child| child.id()));
        },
        on_retry: |_: Cx<'_, '_>| {},
    };
    let parent = work.add(Spec::new("parent", hooked)).unwrap();
    let _ = crank(&mut work, 0);
    let live = child
        .get()
        .and_then(|child| work.state(child))
        .is_some_and(|state| !state.is_settled());
    let settled = work.state(parent).is_some_and(WorkState::is_settled);
    assert!(!(settled && live), "settled before its child");
}

/// L26: the abort record has been taken by the time the hook runs, so the cancel finds nothing to override.
#[test]
fn a_cancel_in_on_failure_retry_of_an_aborted_attempt_counts() {
    let mut work = scheduler();
    let hooked = Hooked {
        poll: waits_for_wake,
        on_success: |_: Cx<'_, '_>| {},
        on_retry: |cx: Cx<'_, '_>| {
            let me = cx.id();
            assert_eq!(cx.cancel(me), Ok(true));
        },
    };
    let spec = Spec::new("w", hooked)
        .attempt_timeout(SECOND)
        .retry(Retry::ONCE);
    let id = work.add(spec).unwrap();
    let _ = crank(&mut work, 0);
    let _ = crank(&mut work, 1);
    assert_eq!(work.state(id), Some(WorkState::Cancelled));
}

/// The same from below: the parent is aborting, and its child goes on to another attempt.
#[test]
fn a_child_that_cancels_its_parent_in_on_failure_retry_is_not_tried_again() {
    let mut work = scheduler();
    let parent = work.add(Spec::new("parent", waits_for_wake)).unwrap();
    let hooked = Hooked {
        poll: waits_for_wake,
        on_success: |_: Cx<'_, '_>| {},
        on_retry: move |cx: Cx<'_, '_>| {
            let _ = cx.cancel(parent);
        },
    };
    let spec = Spec::new("child", hooked)
        .parent(parent)
        .attempt_timeout(SECOND)
        .retry(Retry::ONCE);
    work.add(spec).unwrap();
    let _ = crank(&mut work, 0);
    let _ = crank(&mut work, 1);
    assert_eq!(work.state(parent), Some(WorkState::Cancelled));
}

/// The stricter kind holds, in whatever order they are given and whenever the other settles.
#[test]
fn after_is_not_weakened_by_after_settled() {
    let mut work = scheduler();
    let failed = work.add(Spec::new("failed", fails)).unwrap();
    let _ = crank(&mut work, 0);
    let one = Spec::new("one", succeeds)
        .after(failed)
        .after_settled(failed);
    let one = work.add(one).unwrap();
    assert_eq!(work.state(one), Some(WorkState::Blocked));
    let two = Spec::new("two", succeeds)
        .after_settled(failed)
        .after(failed);
    let two = work.add(two).unwrap();
    assert_eq!(work.state(two), Some(WorkState::Blocked));
}

#[test]
fn add_dependency_is_not_weakened_by_after_settled() {
    let mut work = scheduler();
    let failed = work.add(Spec::new("failed", fails)).unwrap();
    let _ = crank(&mut work, 0);
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let spec = Spec::new("w", succeeds).after(gate).after_settled(failed);
    let id = work.add(spec).unwrap();
    work.add_dependency(failed, id).unwrap();
    assert_eq!(work.state(id), Some(WorkState::Blocked));
}

/// L14: while the child was settled, its edge did not count; restart opens it again, and closes a cycle.
#[test]
fn a_restart_that_closes_a_cycle_is_refused() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let x = work.add(Spec::new("x", succeeds).after(gate)).unwrap();
    let parent = work
        .add(Spec::new("parent", naps).on_child_failure(OnChildFailure::Collect))
        .unwrap();
    let child = work
        .add(Spec::new("child", succeeds).parent(parent).after(x))
        .unwrap();
    work.cancel(child).unwrap();
    // x waits for the parent, the parent for its child, the child for x: one of the two calls has to refuse.
    let edge = work.add_dependency(parent, x).is_ok();
    let again = work.restart(child).is_ok();
    let end = work.run_until_done(&mut (), &mut VirtualDriver::new());
    assert!(end.is_ok(), "edge {edge}, restart {again}: {end:?}");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// L24: a panic in a drop fails that work, and the engine stays usable.
#[test]
fn an_output_that_panics_when_dropped_does_not_take_the_engine_with_it() {
    let mut work = scheduler();
    let parent = work.add(Spec::new("parent", succeeds)).unwrap();
    let child = |_: Cx<'_, '_>| Poll::Ready(Ok::<_, Failure>(Bomb));
    work.add(Spec::new("child", child).parent(parent)).unwrap();
    let end = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let other = work.add(Spec::new("other", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(work.state(other), Some(WorkState::Success));
    assert!(end.is_ok(), "the panic came through crank_work");
}

/// The same when the output is dropped because the work fails after all.
#[test]
fn an_output_that_panics_when_its_work_fails_does_not_stop_all_settling() {
    let mut work = scheduler();
    let parent = |_: Cx<'_, '_>| Poll::Ready(Ok::<_, Failure>(Bomb));
    let parent = work.add(Spec::new("parent", parent)).unwrap();
    work.add(Spec::new("child", fails).parent(parent)).unwrap();
    let end = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let other = work.add(Spec::new("other", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(work.state(other), Some(WorkState::Success));
    assert!(end.is_ok(), "the panic came through crank_work");
}

/// One panic of the host's event sink leaves `is_settling` set: no work ever settles again.
#[test]
fn an_event_sink_that_panicked_once_does_not_stop_all_settling() {
    let mut armed = true;
    let sink = move |event: &WorkEvent| {
        if event.state == WorkState::Success && std::mem::take(&mut armed) {
            panic!("sink");
        }
        true
    };
    let mut work = WorkScheduler::new(WorkSchedulerConfig::default().event_sink(sink));
    work.add(Spec::new("one", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let two = work.add(Spec::new("two", succeeds)).unwrap();
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(work.state(two), Some(WorkState::Success));
}

/// A decider that panics in a work's `choose` is the work's panic; it is not there any more afterwards.
#[test]
fn a_decider_that_panicked_once_still_decides() {
    let mut work = scheduler();
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    work.set_decider(Some(Box::new(move |decision: &Decision<'_>| {
        if decision.kind() == DecisionKind::Choose {
            count.set(count.get() + 1);
            assert!(count.get() > 1, "decider");
        }
        0
    })));
    for name in ["one", "two"] {
        work.add(Spec::new(name, |cx: Cx<'_, '_>| -> Turn {
            cx.choose(2);
            Poll::Ready(Ok(()))
        }))
        .unwrap();
    }
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    let _ = catch_unwind(AssertUnwindSafe(|| crank(&mut work, 0)));
    assert_eq!(asked.get(), 2);
}

/// `ignore` takes every listener of the scheduler out of the token, the token's own one too.
#[test]
fn a_schedulers_token_still_cancels_after_a_run_with_it() {
    let mut work = scheduler();
    let token = work.cancel_token();
    work.run_until_done_with_cancel(&mut (), &mut VirtualDriver::new(), &token)
        .unwrap();
    let id = work.add(Spec::new("w", waits_for_wake)).unwrap();
    token.cancel();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(id), Some(WorkState::Cancelled));
}

/// An attempt that had no turn (a child failed before it) leaves `turns` at 0: `add_dependency` then forgets attempts.
#[test]
fn attempts_are_not_forgotten_by_add_dependency() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let parent = work
        .add(Spec::new("parent", succeeds).after(gate).retry(Retry::ONCE))
        .unwrap();
    let child = work.add(Spec::new("child", fails).parent(parent)).unwrap();
    work.cancel(child).unwrap();
    let _ = crank(&mut work, 0);
    // The gate opens; the parent's first attempt fails with the child, without a turn; its second begins at 2 s.
    let _ = crank(&mut work, 1);
    assert_eq!(work.state(parent), Some(WorkState::Retrying));
    let ended = Rc::new(RefCell::new(None));
    let seen = ended.clone();
    work.add(Spec::new("other", move |cx: Cx<'_, '_>| -> Turn {
        ready!(cx.sleep(SECOND));
        let gate = cx.spawn_root(Spec::new("second gate", succeeds))?;
        *seen.borrow_mut() = Some(cx.add_dependency(gate, parent));
        Poll::Ready(Ok(()))
    }))
    .unwrap();
    let _ = crank(&mut work, 1);
    let _ = crank(&mut work, 2);
    let attempts = |work: &WorkScheduler<()>| {
        let all = work.snapshot();
        all.iter().find(|w| w.id == parent.id()).unwrap().attempts
    };
    assert_eq!(attempts(&work), 2, "{:?}", ended.borrow());
}

// ---- 2: what a user would expect ----

/// A revoked grant leaves the moment of the grant where the length of the attempt is expected.
#[test]
fn a_work_that_never_ran_has_taken_no_time() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", waits_for_wake)).unwrap();
    let _ = crank(&mut work, 100);
    let id = work.add(Spec::new("w", succeeds)).unwrap();
    work.add_dependency(gate, id).unwrap();
    let all = work.snapshot();
    let one = all.iter().find(|w| w.id == id.id()).unwrap();
    assert_eq!(one.total_duration, Duration::ZERO);
}

/// "Its last failure, even if a later attempt succeeded", says the documentation of `WorkSnapshot::last_error`.
#[test]
fn the_last_error_is_kept_after_a_later_success() {
    let mut work = scheduler();
    let nth = |cx: Cx<'_, '_>| -> Turn {
        match cx.attempt() {
            1 => Poll::Ready(Err(Failure::msg("once"))),
            _ => Poll::Ready(Ok(())),
        }
    };
    work.add(Spec::new("w", nth).retry(Retry::ONCE)).unwrap();
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    assert!(work.snapshot()[0].last_error.is_some());
}

/// A driver with a notifier of its own, and nothing to wait for.
struct Notified;

impl Driver for Notified {
    fn now(&mut self) -> Time {
        Time::ZERO
    }

    fn wait(&mut self, _: Option<Time>) -> bool {
        false
    }

    fn notifier(&self) -> Option<crankwork::Notifier> {
        Some(Arc::new(|| {}))
    }
}

/// A host that once runs to the end (a driver's notifier) is deaf afterwards.
#[test]
fn the_hosts_notifier_is_back_after_a_run() {
    let mut work = scheduler();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    work.set_notifier(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    work.run_until_done(&mut (), &mut Notified).unwrap();
    work.remote().cancel_all();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn take_and_output_agree_for_works_without_output() {
    let mut work = scheduler();
    let id = work.add(Spec::new("w", succeeds)).unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.output(id).copied(), work.take(id));
}

/// What a work waits for can never come: it settles first. Refuse it, or call it the lost wake that it is.
#[test]
fn a_work_that_watches_itself_does_not_sleep_for_ever() {
    let mut work = scheduler();
    let id = work
        .add(Spec::new("w", |cx: Cx<'_, '_>| -> Turn {
            let me = cx.id();
            cx.watch(me)?;
            Poll::Pending
        }))
        .unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(id), Some(WorkState::Failed));
}

struct BadProgress;

impl Work<()> for BadProgress {
    fn poll(&mut self, cx: Cx<'_, '_>) -> Turn {
        waits_for_wake(cx)
    }

    fn progress(&self) -> Option<crankwork::Progress> {
        panic!("progress")
    }
}

/// `status` guards against a panic in a work's `status`, not against one in its `progress`.
#[test]
fn a_panic_in_progress_does_not_take_the_status_of_all_others() {
    let mut work = scheduler();
    work.add(Spec::new("w", BadProgress)).unwrap();
    let _ = crank(&mut work, 0);
    let text = catch_unwind(AssertUnwindSafe(|| work.status()));
    assert!(text.is_ok());
}

/// A parent's event comes before its children's: they wait for it.
#[test]
fn a_held_child_starts_after_its_parent_in_the_event_log() {
    let mut work = WorkScheduler::new(WorkSchedulerConfig::default().events(100));
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let parent = Spec::new("parent", succeeds).no_permit().after(gate);
    let parent = work.add(parent).unwrap();
    let child = Spec::new("child", succeeds).no_permit().parent(parent);
    work.add(child).unwrap();
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    let mut started = Vec::new();
    while let Some(event) = work.poll_event() {
        if event.state == WorkState::Running
            && &*event.name != "gate"
            && !started.contains(&event.name)
        {
            started.push(event.name);
        }
    }
    assert_eq!(started, ["parent", "child"]);
}
