//! What a critical reading of the engine found: each of these failed once.

use crate::units::{at_secs, secs};
use crankwork::{Budget, Crank, Failure, WorkContext, WorkScheduler, WorkSchedulerConfig};
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

mod corners;
mod surface;
mod waits;

pub type Cx<'a, 'b> = &'a mut WorkContext<'b, ()>;
pub type Turn = Poll<Result<(), Failure>>;

pub const SECOND: Duration = secs(1);

pub fn scheduler() -> WorkScheduler<()> {
    WorkScheduler::new(WorkSchedulerConfig::default())
}

/// A generous bound: what ends at all ends within it.
pub fn crank(work: &mut WorkScheduler<()>, secs: u64) -> Crank {
    work.crank_work(at_secs(secs), &mut (), Budget::turns(1_000))
}

pub fn succeeds(_: Cx<'_, '_>) -> Turn {
    Poll::Ready(Ok(()))
}

pub fn fails(_: Cx<'_, '_>) -> Turn {
    Poll::Ready(Err(Failure::msg("no")))
}

pub fn waits_for_wake(cx: Cx<'_, '_>) -> Turn {
    cx.expect_wake();
    Poll::Pending
}

pub fn naps(cx: Cx<'_, '_>) -> Turn {
    ready!(cx.sleep(SECOND));
    Poll::Ready(Ok(()))
}
