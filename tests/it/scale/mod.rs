//! Large graphs: a million of everything, without recursion or quadratic time.
//!
//! No test here looks at a clock: recursion would overflow the stack, and quadratic time would not end.

mod chains;
mod fans;
mod flat;
mod nests;

use crankwork::{
    Budget, Failure, Next, Retain, Spec, Time, Work, WorkContext, WorkId, WorkScheduler,
    WorkSchedulerConfig,
};
use std::task::Poll;

const MILLION: u32 = 1_000_000;
const DEEP: u32 = 100_000;

/// The application counts turns; nothing else is kept.
type Count = u64;
type Cx<'a> = WorkContext<'a, Count>;

/// Counts its turn, then succeeds (`true`) or fails.
struct Leaf(bool);

impl Work<Count> for Leaf {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        *cx.app += 1;
        Poll::Ready(match self.0 {
            true => Ok(()),
            false => Err(Failure::msg("leaf")),
        })
    }
}

fn leaf() -> Spec<Count, Leaf> {
    Spec::new("leaf", Leaf(true))
}

fn failing_leaf() -> Spec<Count, Leaf> {
    Spec::new("first", Leaf(false))
}

fn scheduler(retain: Retain) -> WorkScheduler<Count> {
    WorkScheduler::new(WorkSchedulerConfig::default().retain(retain))
}

fn add(s: &mut WorkScheduler<Count>, spec: Spec<Count, Leaf>) -> WorkId {
    s.add(spec).unwrap().id()
}

/// Cranks at time zero. All works must settle; returns how many turns that took.
fn finish(s: &mut WorkScheduler<Count>) -> u64 {
    let mut turns = 0;
    let crank = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!(crank.next, Next::Idle);
    turns
}

fn assert_flat(s: &WorkScheduler<Count>) {
    assert_eq!(s.metrics().in_scheduler, 0);
    assert!(s.snapshot().is_empty());
}
