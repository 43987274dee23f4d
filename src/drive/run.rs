//! Cranking to the end.

use super::Driver;
use crate::engine::panics::{Contained, contain};
use crate::observe::StallReport;
use crate::time::Time;
use crate::work::{WorkId, WorkOutcome};
use crate::{Budget, CancelToken, Next, UnknownWork, WorkScheduler};
use std::panic::resume_unwind;
use std::time::Duration;
use thiserror::Error;

/// What a run to the end came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Turns given.
    pub turns: u64,
    /// Works settled by its cranks.
    pub settled: u64,
    /// Cranks it took.
    pub cranks: u64,
    /// The time at the end.
    pub finished: Time,
    /// From the first crank to the last.
    pub elapsed: Duration,
}

/// Works are left, and nothing will make them go on.
#[derive(Clone, Debug, Error)]
#[error("stalled: {report}")]
#[non_exhaustive]
pub struct Stall {
    /// Who waits for what.
    pub report: StallReport,
    /// What had been done until then.
    pub summary: Summary,
}

/// Why [`WorkScheduler::run_until`] ended without an outcome.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum RunUntilError {
    /// The work is not there (any more): with `Retain::Nothing` a settled work is gone at once.
    #[error(transparent)]
    Unknown(#[from] UnknownWork),
    /// Nothing will make it settle.
    #[error(transparent)]
    Stall(#[from] Box<Stall>),
}

/// So many turns are given between two looks at the clock.
const TURNS_PER_CRANK: u64 = 1 << 10;

impl<C: ?Sized> WorkScheduler<C> {
    /// Cranks and waits until all works have settled, however. Ends when they do; bounded only by what they do.
    ///
    /// The driver's notifier takes the place of the host's for as long as it runs. Use one driver for all runs of a
    /// scheduler: another one's time may lie before [`WorkScheduler::now`].
    ///
    /// # Errors
    /// [`Stall`], if nothing will make the rest go on, if works poll in vain for what Queued works would bring
    /// ([`VirtualDriver::stop_after`](crate::VirtualDriver::stop_after)), or within a closure posted to this scheduler; the works stay as
    /// they are.
    ///
    /// # Panics
    /// As [`WorkScheduler::crank_work`].
    pub fn run_until_done(
        &mut self,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
    ) -> Result<Summary, Box<Stall>> {
        self.run(app, driver, |_| false)
    }

    /// The same; when the token is cancelled, all works are. Any token will do, one of several schedulers' too.
    ///
    /// # Errors
    /// As [`WorkScheduler::run_until_done`].
    pub fn run_until_done_with_cancel(
        &mut self,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
        token: &CancelToken,
    ) -> Result<Summary, Box<Stall>> {
        token.listen(&self.inbox, None);
        let result = contain(|| self.run(app, driver, |_| false));
        token.ignore(&self.inbox);
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// Cranks and waits until this work has settled; others may be left as they are then.
    ///
    /// # Errors
    /// [`RunUntilError`]: the work is not there, or nothing will make it settle.
    pub fn run_until(
        &mut self,
        id: impl Into<WorkId>,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
    ) -> Result<WorkOutcome, RunUntilError> {
        let id = id.into();
        self.lookup(id)?;
        self.run(app, driver, |scheduler| {
            scheduler.state(id).is_none_or(|state| state.is_settled())
        })?;
        let slot = self.lookup(id)?;
        Ok(self.outcome_of(slot))
    }

    fn run(
        &mut self,
        app: &mut C,
        driver: &mut (impl Driver + ?Sized),
        done: impl Fn(&Self) -> bool,
    ) -> Result<Summary, Box<Stall>> {
        let start = driver.now();
        let mut summary = Summary {
            turns: 0,
            settled: 0,
            cranks: 0,
            finished: start,
            elapsed: Duration::ZERO,
        };
        if self.in_crank {
            // Within a posted closure a crank does nothing: nothing here could make the works go on.
            return Err(self.stall(summary));
        }
        // The host's own notifier comes back after the run.
        let notifier = driver
            .notifier()
            .map(|own| self.inbox.set_notifier(Some(Contained::new(own))));
        // A panic that comes through must not leave the driver's notifier in its place.
        let result = contain(|| self.crank_on(driver, app, done, &mut summary, start));
        if let Some(before) = notifier {
            self.inbox.set_notifier(before);
        }
        let done = result.unwrap_or_else(|payload| resume_unwind(payload));
        done.then_some(summary).ok_or_else(|| self.stall(summary))
    }

    /// Whether it came to its end, as opposed to a stall.
    fn crank_on(
        &mut self,
        driver: &mut (impl Driver + ?Sized),
        app: &mut C,
        done: impl Fn(&Self) -> bool,
        summary: &mut Summary,
        start: Time,
    ) -> bool {
        while !done(self) {
            let crank = self.crank_work(driver.now(), app, Budget::turns(TURNS_PER_CRANK));
            summary.turns += crank.turns;
            summary.settled += crank.settled;
            summary.cranks += 1;
            summary.finished = self.now();
            summary.elapsed = self.now().saturating_since(start);
            let goes_on = match crank.next {
                _ if done(self) => true,
                _ if driver
                    .stop_after()
                    .is_some_and(|turns| self.is_starved(turns)) =>
                {
                    false
                }
                Next::Now => {
                    driver.look();
                    true
                }
                Next::At(at) if self.is_time_pinned() => driver.wait_pinned(Some(at)),
                Next::External if self.is_time_pinned() => driver.wait_pinned(None),
                Next::At(at) => driver.wait(Some(at)),
                Next::External => driver.wait(None),
                Next::Stalled => false,
                Next::Idle => return true,
            };
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn stall(&self, summary: Summary) -> Box<Stall> {
        let report = self.stall_report();
        Box::new(Stall { report, summary })
    }
}
