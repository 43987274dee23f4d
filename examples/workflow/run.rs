//! The engine: a workflow becomes a scheduler, which is cranked to its end in virtual time.

use super::failures::{self, BACKOFF_NS};
use super::options::Options;
use super::schedule::{RunResult, Span};
use super::workflow::Workflow;
use crankwork::{
    Budget, Failure, Next, Retry, Spec, Time, Work, WorkContext, WorkScheduler, WorkSchedulerConfig,
};
use std::error::Error;
use std::task::{Poll, ready};
use std::time::Duration;

/// The number of turns between two calls of `progress`.
const TURNS_PER_CRANK: u64 = 1024;

/// The application that the cranks lend to the works: when each task ran.
type Spans = Vec<Span>;

/// One task: sleeps for as long as the task took when it was recorded.
struct Task {
    index: usize,
    runtime: Duration,
    fails_at_first: bool,
    begun: bool,
}

impl Work<Spans> for Task {
    fn poll(&mut self, cx: &mut WorkContext<'_, Spans>) -> Poll<Result<(), Failure>> {
        if !self.begun {
            self.begun = true;
            cx.app[self.index].start_ns = cx.now().as_nanos();
        }
        ready!(cx.sleep(self.runtime));
        if self.fails_at_first && cx.attempt() == 1 {
            return Poll::Ready(Err(Failure::msg("injected failure")));
        }
        cx.app[self.index].finish_ns = cx.now().as_nanos();
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, Spans>) {
        self.begun = false;
    }
}

/// Runs the workflow. It calls `progress` with the number of tasks done and the virtual time in nanoseconds.
///
/// # Errors
///
/// The engine's refusal of the workflow, or a run that can go no further.
pub fn run(
    workflow: &Workflow,
    options: &Options,
    progress: &mut dyn FnMut(usize, u64),
) -> Result<RunResult, Box<dyn Error>> {
    run_with_budget(workflow, options, TURNS_PER_CRANK, progress)
}

/// Runs the workflow with this many turns per crank. The schedule does not depend on them.
///
/// # Errors
///
/// As for [`run`].
pub fn run_with_budget(
    workflow: &Workflow,
    options: &Options,
    turns: u64,
    progress: &mut dyn FnMut(usize, u64),
) -> Result<RunResult, Box<dyn Error>> {
    let mut scheduler = build(workflow, options)?;
    let mut spans = vec![Span::default(); workflow.tasks().len()];
    let (mut now, mut done) = (Time::ZERO, 0);
    loop {
        let crank = scheduler.crank_work(now, &mut spans, Budget::turns(turns));
        done += crank.settled as usize;
        progress(done, now.as_nanos());
        match crank.next {
            Next::Now => {}
            Next::At(at) => now = at,
            Next::Idle => break,
            Next::External | Next::Stalled => {
                return Err(scheduler.stall_report().to_string().into());
            }
        }
    }
    Ok(RunResult {
        spans,
        turns: scheduler.metrics().turns,
    })
}

/// Adds the works in file order, then the edges, since a parent may come later in the file than its child.
fn build(workflow: &Workflow, options: &Options) -> Result<WorkScheduler<Spans>, Box<dyn Error>> {
    let config = WorkSchedulerConfig::default()
        .max_concurrency(options.slots.limit())
        .retry_delay(Duration::from_nanos(BACKOFF_NS));
    let mut scheduler = WorkScheduler::new(config);
    let mut handles = Vec::with_capacity(workflow.tasks().len());
    for (index, task) in workflow.tasks().iter().enumerate() {
        let work = Task {
            index,
            runtime: Duration::from_nanos(task.runtime_ns),
            fails_at_first: options.failures && failures::first_attempt_fails(&task.key),
            begun: false,
        };
        handles.push(scheduler.add(Spec::new(task.key.clone(), work).retry(Retry::ONCE))?);
    }
    for (index, task) in workflow.tasks().iter().enumerate() {
        for &parent in &task.parents {
            scheduler.add_dependency(handles[parent], handles[index])?;
        }
    }
    Ok(scheduler)
}
