//! Children of children, a hundred thousand deep.

use super::{Count, Cx, DEEP, Leaf, add, assert_flat, finish, leaf, scheduler};
use crate::units::{at_secs, secs};
use crankwork::{
    Budget, Failure, Handle, Next, Retain, Spec, Time, Work, WorkId, WorkScheduler, WorkState,
};
use std::task::Poll;

/// Spawns one child a level, and ends when that child has ended. The innermost does what `last` says.
struct Nest {
    depth: u32,
    last: Last,
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    Succeeds,
    Fails,
    Sleeps,
}

impl Work<Count> for Nest {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        *cx.app += 1;
        if self.depth > 0 {
            let (depth, last) = (self.depth - 1, self.last);
            cx.spawn(Spec::new("nest", Nest { depth, last }))?;
            return Poll::Ready(Ok(()));
        }
        match self.last {
            Last::Succeeds => Poll::Ready(Ok(())),
            Last::Fails => Poll::Ready(Err(Failure::msg("innermost"))),
            Last::Sleeps => {
                cx.expect_wake();
                Poll::Pending
            }
        }
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        *cx.app += 1_000_000;
        Poll::Ready(())
    }
}

fn nest(s: &mut WorkScheduler<Count>, last: Last) -> Handle<()> {
    s.add(Spec::new("nest", Nest { depth: DEEP, last }))
        .unwrap()
}

#[test]
fn a_deep_nest_settles() {
    let mut s = scheduler(Retain::Nothing);
    nest(&mut s, Last::Succeeds);
    assert_eq!(finish(&mut s), DEEP as u64 + 1);
    assert_flat(&s);
}

#[test]
fn a_deep_nest_fails_from_the_inside() {
    let mut s = scheduler(Retain::All);
    let top = nest(&mut s, Last::Fails);
    assert_eq!(finish(&mut s), DEEP as u64 + 1);
    let failure = s.outcome(top).unwrap().failure().unwrap().clone();
    assert_eq!(failure.root().to_string(), "innermost");
    assert_eq!(s.metrics().in_scheduler, 1);
}

#[test]
fn a_deep_nest_is_aborted_from_the_outside() {
    let mut s = scheduler(Retain::All);
    let top = nest(&mut s, Last::Sleeps);
    let mut turns = 0;
    let crank = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!(crank.next, Next::External);
    s.cancel(top).unwrap();
    // `on_abort` counts a million a work.
    assert_eq!(finish(&mut s), (DEEP as u64 + 1) * 1_000_000);
    assert_eq!(s.metrics().cancelled, DEEP as u64 + 1);
    assert_eq!(s.state(top), Some(WorkState::Cancelled));
}

#[test]
fn a_deep_nest_is_dropped_when_its_grace_is_over() {
    let mut s = scheduler(Retain::All);
    let top = s
        .add(Spec::new("top", Stubborn(DEEP)).abort_grace(secs(1)))
        .unwrap();
    let mut turns = 0;
    let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    s.cancel(top).unwrap();
    let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    let crank = s.crank_work(at_secs(1), &mut turns, Budget::unlimited());
    assert_eq!(crank.next, Next::Idle);
    assert_eq!(s.metrics().forced_aborts, DEEP as u64 + 1);
}

/// A nest whose innermost work does not end its abort.
struct Stubborn(u32);

impl Work<Count> for Stubborn {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        cx.expect_wake();
        if self.0 > 0 {
            cx.spawn(Spec::new("stubborn", Stubborn(self.0 - 1)))?;
        }
        Poll::Pending
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        cx.expect_wake();
        Poll::Pending
    }
}

/// Adds a nest before any of its works has begun, so that each child is held until its parent begins.
fn held_nest(s: &mut WorkScheduler<Count>, permits: bool) -> (WorkId, WorkId) {
    let gate = add(s, leaf());
    let spec = |spec: Spec<Count, Leaf>| if permits { spec } else { spec.no_permit() };
    let top = add(s, spec(leaf().after(gate)));
    let mut parent = top;
    for _ in 0..DEEP {
        parent = add(s, spec(leaf().parent(parent)));
    }
    (gate, top)
}

#[test]
fn a_deep_nest_that_is_held_begins() {
    for permits in [true, false] {
        let mut s = scheduler(Retain::Nothing);
        held_nest(&mut s, permits);
        assert_eq!(finish(&mut s), DEEP as u64 + 2);
        assert_flat(&s);
    }
}

#[test]
fn a_deep_nest_that_is_held_is_cancelled_or_blocked() {
    for cancel in [true, false] {
        let mut s = scheduler(Retain::Nothing);
        let (gate, top) = held_nest(&mut s, true);
        s.cancel(if cancel { top } else { gate }).unwrap();
        assert_eq!(finish(&mut s), cancel as u64);
        assert_eq!(s.metrics().cancelled, DEEP as u64 + 1);
        assert_flat(&s);
    }
}
