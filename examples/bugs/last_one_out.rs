//! A short work that goes wrong only if it is last.
//!
//! Jobs of some turns count down, and the last one wakes the listener. The listener enters its name in its only turn,
//! which is early in production order. If all jobs have ended before that, nobody is left to wake it.

use crankwork::explore::{Node, Sim};
use crankwork::{Failure, Spec, Work, WorkContext, WorkId, WorkScheduler};
use std::task::Poll;

const JOBS: u32 = 6;
const TURNS: u32 = 4;

/// The jobs that are left, and the work that waits for their end.
pub struct Office {
    left: u32,
    listener: Option<WorkId>,
}

impl Default for Office {
    fn default() -> Self {
        let (left, listener) = (JOBS, None);
        Office { left, listener }
    }
}

type Cx<'a> = WorkContext<'a, Office>;

/// Works for some turns. The last job wakes the listener.
struct Job {
    turns: u32,
}

impl Work<Office> for Job {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        self.turns -= 1;
        if self.turns > 0 {
            return cx.yield_now();
        }
        cx.app.left -= 1;
        if let (0, Some(listener)) = (cx.app.left, cx.app.listener) {
            cx.wake(listener)?;
        }
        Poll::Ready(Ok(()))
    }
}

/// Waits until no job is left.
struct Listener {
    has_bug: bool,
}

impl Work<Office> for Listener {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let is_woken = cx.app.listener.is_some();
        // The program with the bug looks only after it has been woken.
        if cx.app.left == 0 && (is_woken || !self.has_bug) {
            return Poll::Ready(Ok(()));
        }
        cx.app.listener = Some(cx.id());
        cx.expect_wake();
        Poll::Pending
    }
}

/// Adds the jobs and the listener.
pub fn add_works(work: &mut WorkScheduler<Office>, has_bug: bool) {
    for number in 0..JOBS {
        let job = Spec::new(format!("job-{number}"), Job { turns: TURNS });
        work.add(job).expect("there is room for a job");
    }
    let listener = Spec::new("listener", Listener { has_bug });
    work.add(listener).expect("there is room for a listener");
}

/// Says what some order has to come to. A listener that waits for ever is a stall, and fails the run by itself.
pub fn conditions(sim: &mut Sim, node: Node<Office>) {
    sim.sometimes("all jobs are done", move |world| world.app(node).left == 0);
}

/// The whole program, with its bug or without.
pub fn program(sim: &mut Sim, has_bug: bool) {
    let node = sim.node("office", Office::default());
    add_works(sim.work(node), has_bug);
    conditions(sim, node);
}
