//! `ConditionalWork`.

use super::says;
use crate::units::{at_ms, at_secs, ms, secs};
use crate::workbench::*;
use crankwork::compose::ConditionalWork;
use crankwork::{FailureKind, Next, Retry, Spec, WorkId, WorkState};
use std::cell::Cell;
use std::rc::Rc;

/// A condition that is true once the log contains "open", and the number of times that it was asked.
fn gate(looks: &Rc<Cell<u32>>) -> impl FnMut(&mut Log) -> bool + 'static {
    let looks = looks.clone();
    move |log: &mut Log| {
        looks.set(looks.get() + 1);
        log.lines.iter().any(|line| line == "open")
    }
}

fn gated() -> Spec<Log, Probe> {
    Spec::new("gated", napping(secs(1)))
}

#[test]
fn it_looks_every_100_ms_and_not_again_once_true() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    let cond = b.add_spec(Spec::new("cond", ConditionalWork::new(gate(&looks), gated)));
    assert_eq!(b.crank().next, Next::At(at_ms(100)));
    assert_eq!(b.crank_at(at_ms(100)).next, Next::At(at_ms(200)));
    assert_eq!((looks.get(), b.log.lines.len()), (2, 0));
    b.log.push("open");
    assert_eq!(b.crank_at(at_ms(200)).next, Next::At(at_ms(1200)));
    b.run();
    assert_eq!((looks.get(), b.state(cond)), (3, WorkState::Success));
}

#[test]
fn the_period_can_be_another() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    let cond = ConditionalWork::new(gate(&looks), gated).poll_every(ms(7));
    b.add_spec(Spec::new("cond", cond));
    assert_eq!(b.crank().next, Next::At(at_ms(7)));
}

#[test]
fn without_polling_it_looks_when_it_is_woken() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    let cond = ConditionalWork::new(gate(&looks), gated).without_polling();
    let cond = b.add_spec(Spec::new("cond", cond));
    assert_eq!(b.crank().next, Next::External);
    b.s.wake(cond).unwrap();
    assert_eq!(b.crank().next, Next::External);
    b.log.push("open");
    assert_eq!(b.crank().next, Next::External);
    b.s.wake(cond).unwrap();
    b.run();
    assert_eq!((looks.get(), b.state(cond)), (3, WorkState::Success));
}

#[test]
fn it_can_wait_for_the_end_of_another_work_without_polling() {
    let mut b = Bench::with_permits(4);
    let other = b.add("other", napping(secs(50)));
    let succeeded = move |cx: &mut Cx<'_>| {
        cx.watch(other).is_ok() && cx.state(other) == Some(WorkState::Success)
    };
    let cond = ConditionalWork::with_context(succeeded, gated).without_polling();
    let cond = b.add_spec(Spec::new("cond", cond));
    let summary = b.run();
    assert_eq!(
        (b.state(cond), summary.finished),
        (WorkState::Success, at_secs(51))
    );
    // Two turns each of the naps, three of the conditional.
    assert_eq!(summary.turns, 2 + 2 + 3);
}

#[test]
fn the_condition_is_dropped_once_true() {
    let mut b = Bench::with_permits(4);
    let dropped = Rc::new(Cell::new(0));
    let guard = Dropped(dropped.clone());
    let condition = move |log: &mut Log| {
        let _ = &guard;
        !log.lines.is_empty()
    };
    b.add_spec(Spec::new("cond", ConditionalWork::new(condition, gated)));
    b.crank();
    assert_eq!(dropped.get(), 0);
    b.log.push("open");
    b.crank_at(at_ms(100));
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_finished_one_restarts_without_its_condition() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    b.log.push("open");
    let cond = b.add_spec(Spec::new("cond", ConditionalWork::new(gate(&looks), gated)));
    for run in 1..=3 {
        b.run();
        assert_eq!(
            (b.state(cond), b.s.now()),
            (WorkState::Success, at_secs(run))
        );
        // The gate's own line is gone with the first run's.
        assert_eq!(
            b.lines_of("gated"),
            ["on_reset", "poll 1", "poll 1", "on_success"]
        );
        b.s.restart(cond).unwrap();
    }
    assert_eq!(looks.get(), 1);
}

#[test]
fn one_that_was_cancelled_while_it_waited_waits_again_after_a_restart() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    let cond = b.add_spec(Spec::new("cond", ConditionalWork::new(gate(&looks), gated)));
    b.crank();
    b.s.cancel(cond).unwrap();
    b.run();
    b.s.restart(cond).unwrap();
    b.crank();
    assert_eq!((b.state(cond), looks.get()), (WorkState::Waiting, 2));
    b.log.push("open");
    b.run();
    assert_eq!(b.state(cond), WorkState::Success);
}

#[test]
fn it_ends_as_the_gated_work_does() {
    let gated: [(fn() -> Probe, WorkState); 3] = [
        (done, WorkState::Success),
        (failing, WorkState::Failed),
        (
            || Probe::new(|_| std::task::Poll::Ready(Err(crankwork::Failure::cancelled()))),
            WorkState::Cancelled,
        ),
    ];
    for (make, state) in gated {
        let mut b = Bench::with_permits(4);
        let cond = ConditionalWork::new(|_: &mut Log| true, move || Spec::new("gated", make()));
        let cond = b.add_spec(Spec::new("cond", cond));
        b.run();
        assert_eq!(b.state(cond), state);
    }
}

#[test]
fn its_failure_is_that_of_the_gated_work_and_is_retried_without_waiting_again() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    b.log.push("open");
    let cond = ConditionalWork::new(gate(&looks), || Spec::new("gated", failing()));
    let cond = b.add_spec(Spec::new("cond", cond).retry(Retry::ONCE));
    b.run();
    assert_eq!((b.failure(cond).as_str(), looks.get()), ("no luck", 1));
    assert_eq!(
        b.lines()
            .iter()
            .filter(|line| *line == "gated: poll 1")
            .count(),
        2
    );
}

#[test]
fn a_gated_work_that_can_never_run_fails_it() {
    let mut b = Bench::with_permits(4);
    let bad: WorkId = b.add("bad", failing());
    b.run();
    let cond = ConditionalWork::new(
        |_: &mut Log| true,
        move || Spec::new("gated", done()).after(bad),
    );
    let cond = b.add_spec(Spec::new("cond", cond));
    b.run();
    assert_eq!(b.failure(cond), "no luck");
}

#[test]
fn its_status_says_what_it_waits_to_start() {
    let (mut b, looks) = (Bench::with_permits(4), Rc::default());
    b.add_spec(Spec::new("cond", ConditionalWork::new(gate(&looks), gated)));
    b.crank();
    assert_eq!(
        says(&b, "cond"),
        ": Waiting : Waiting before starting gated"
    );
    b.log.push("open");
    b.crank_at(at_ms(100));
    assert_eq!(says(&b, "cond"), ": Waiting : 0/1 children completed");
}

#[test]
fn a_condition_that_panics_fails_it_for_good() {
    let mut b = Bench::with_permits(4);
    let cond = ConditionalWork::new(|_: &mut Log| panic!("{ON_PURPOSE}"), gated);
    let cond = b.add_spec(Spec::new("cond", cond).retry(Retry::A_LOT));
    b.run();
    let outcome = b.outcome(cond);
    assert_eq!(outcome.failure().unwrap().kind(), &FailureKind::Panicked);
}

#[test]
fn a_chain_of_them_that_watches_takes_the_sum_of_its_steps() {
    // stellar-core polls, and turns 96 ms of steps into 3 s.
    let mut b = Bench::with_permits(64);
    let step = || Spec::new("step", napping(ms(3)));
    let mut before = b.add_spec(step());
    for _ in 1..32 {
        let gate = move |cx: &mut Cx<'_>| cx.watch(before).is_ok_and(|coming| !coming);
        let cond = ConditionalWork::with_context(gate, step).without_polling();
        before = b.add_spec(Spec::new("cond", cond));
    }
    assert_eq!(b.run().finished, at_ms(96));
}
