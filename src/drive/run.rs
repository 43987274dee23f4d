//! Runs to the end: crank, wait, crank again.

use super::Driver;
use crate::engine::Engine;
use crate::engine::panics::{Contained, Payload, contain};
use crate::engine::remote::inbox::Notifier;
use crate::time::Time;
use crate::work::{WorkId, WorkOutcome, WorkState};
use crate::{Budget, CancelToken, Crank, Next, StallReport, UnknownWork, WorkScheduler};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::time::Duration;
use thiserror::Error;

/// The result of a run to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of turns that the run gave.
    pub turns: u64,
    /// The number of works that settled in its cranks.
    pub settled: u64,
    /// The number of cranks.
    pub cranks: u64,
    /// The time at the end.
    pub finished: Time,
    /// The time from the first crank to the last.
    pub elapsed: Duration,
}

/// A run has stalled: works are left, and nothing will make them go on.
#[derive(Clone, Debug, Error)]
#[error("stalled: {report}")]
#[non_exhaustive]
pub struct Stall {
    /// Each work that is left, with what it waits for.
    pub report: StallReport,
    /// The result of the run until then.
    pub summary: Summary,
}

/// Why [`WorkScheduler::run_until`] ended without an outcome.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum RunUntilError {
    /// The work is unknown, or has been reclaimed: with `Retain::Nothing` a settled work is gone at once. Its outcome
    /// is there if [`Limits::outcomes`](crate::Limits::outcomes) keeps it.
    #[error(transparent)]
    Unknown(#[from] UnknownWork),
    /// Nothing will make the work settle.
    #[error(transparent)]
    Stall(#[from] Box<Stall>),
}

/// The most turns between two looks at the clock.
const TURNS_PER_CRANK: u64 = 1 << 10;

impl<C: ?Sized> WorkScheduler<C> {
    /// Cranks and waits until all works have settled, in any way. Only the works limit how long that takes.
    ///
    /// During the run the driver's notifier takes the place of the host's. Use one driver for all runs of a scheduler,
    /// since the time of another may lie before [`WorkScheduler::now`].
    ///
    /// # Errors
    /// [`Stall`], and the works stay as they are:
    ///
    /// * if nothing will make the rest go on;
    /// * if works poll in vain while Queued works wait for permits
    ///   ([`VirtualDriver::stop_after`](crate::VirtualDriver::stop_after));
    /// * within a closure posted to this scheduler.
    ///
    /// # Panics
    /// If [`WorkScheduler::crank_work`] does.
    pub fn run_until_done(
        &mut self,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
    ) -> Result<Summary, Box<Stall>> {
        self.run(app, &mut &mut *driver, None)
    }

    /// Runs as [`WorkScheduler::run_until_done`] does, and cancels all works when `token` is cancelled. The token may
    /// belong to any scheduler, or to several.
    ///
    /// # Errors
    /// [`Stall`], as for [`WorkScheduler::run_until_done`].
    pub fn run_until_done_with_cancel(
        &mut self,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
        token: &CancelToken,
    ) -> Result<Summary, Box<Stall>> {
        token.listen(&self.lent.engine.inbox, None);
        let result = contain(|| self.run(app, &mut &mut *driver, None));
        token.ignore(&self.lent.engine.inbox);
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// Cranks and waits until the work `id` has settled. Other works may be left unsettled.
    ///
    /// # Errors
    /// [`RunUntilError`]: the work is unknown, or nothing will make it settle.
    pub fn run_until(
        &mut self,
        id: impl Into<WorkId>,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
    ) -> Result<WorkOutcome, RunUntilError> {
        let id = id.into();
        if self.lent.engine.outcome(id).is_none() {
            self.lent.engine.lookup(id)?;
            self.run(app, &mut &mut *driver, Some(id))?;
        }
        let outcome = self.lent.engine.outcome(id);
        Ok(outcome.ok_or(UnknownWork::Reclaimed(id))?)
    }

    /// Runs until the work `until` has settled, or without one until all works have.
    fn run(
        &mut self,
        app: &mut C,
        driver: &mut dyn Driver,
        until: Option<WorkId>,
    ) -> Result<Summary, Box<Stall>> {
        let mut run = self.lent.engine.begin_run(driver);
        // Within a posted closure a crank does nothing, so nothing here could make the works go on.
        let result = match self.is_inside() {
            true => Ok(false),
            // If a panic comes through, the host's notifier must still come back.
            false => contain(|| self.crank_on(driver, app, until, &mut run.summary)),
        };
        self.lent.engine.end_run(run, result)
    }

    /// Cranks to the end. Returns `false` if the run stalls.
    fn crank_on(
        &mut self,
        driver: &mut dyn Driver,
        app: &mut C,
        until: Option<WorkId>,
        summary: &mut Summary,
    ) -> bool {
        while !self.lent.engine.is_done(until) {
            let crank = self.crank_work(driver.now(), app, Budget::turns(TURNS_PER_CRANK));
            match self.lent.engine.after_crank(crank, driver, until, summary) {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(done) => return done,
            }
        }
        true
    }
}

/// A run under way.
struct Run {
    summary: Summary,
    /// The host's own notifier, if the driver has put its own in that place.
    notifier: Option<Option<Contained<Notifier>>>,
}

impl Engine {
    /// Begins a run: the driver's notifier takes the place of the host's.
    fn begin_run(&mut self, driver: &mut dyn Driver) -> Run {
        let summary = Summary {
            turns: 0,
            settled: 0,
            cranks: 0,
            finished: driver.now(),
            elapsed: Duration::ZERO,
        };
        let own = driver.notifier().map(Contained::new);
        let notifier = own.map(|own| self.inbox.set_notifier(Some(own)));
        Run { summary, notifier }
    }

    /// Ends a run. A panic that came through goes on.
    fn end_run(&mut self, run: Run, result: Result<bool, Payload>) -> Result<Summary, Box<Stall>> {
        if let Some(before) = run.notifier {
            self.inbox.set_notifier(before);
        }
        match result.unwrap_or_else(|payload| resume_unwind(payload)) {
            true => Ok(run.summary),
            false => Err(self.stall(run.summary)),
        }
    }

    fn is_done(&self, until: Option<WorkId>) -> bool {
        until.is_some_and(|id| self.state(id).is_none_or(WorkState::is_settled))
    }

    /// Adds to the summary, then waits until the next crank is due. Breaks where the run ends, with whether it is done.
    fn after_crank(
        &self,
        crank: Crank,
        driver: &mut dyn Driver,
        until: Option<WorkId>,
        summary: &mut Summary,
    ) -> ControlFlow<bool> {
        summary.turns += crank.turns;
        summary.settled += crank.settled;
        summary.cranks += 1;
        summary.elapsed += self.now().saturating_since(summary.finished);
        summary.finished = self.now();
        match crank.next {
            _ if self.is_done(until) => ControlFlow::Continue(()),
            Next::Idle => ControlFlow::Break(true),
            next if self.wait(driver, next) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(false),
        }
    }

    /// Waits until the next crank is due. Returns `false` if none will be.
    fn wait(&self, driver: &mut dyn Driver, next: Next) -> bool {
        let most = driver.stop_after();
        if most.is_some_and(|turns| self.is_starved(turns)) {
            return false;
        }
        match next {
            Next::Now => {
                driver.look();
                true
            }
            Next::At(at) if self.is_time_pinned() => driver.wait_pinned(Some(at)),
            Next::External if self.is_time_pinned() => driver.wait_pinned(None),
            Next::At(at) => driver.wait(Some(at)),
            Next::External => driver.wait(None),
            Next::Stalled | Next::Idle => false,
        }
    }

    fn stall(&self, summary: Summary) -> Box<Stall> {
        let report = self.stall_report();
        Box::new(Stall { report, summary })
    }
}
