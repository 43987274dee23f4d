//! `cx.offload`: closures that run elsewhere.

use super::WorkContext;
use crate::engine::id::AttemptId;
use crate::engine::panics::dispose;
use crate::engine::remote::job::{self, Ticket};
use crate::engine::remote::senders::CancelToken;
use crate::work::Failure;
use std::task::Poll;

impl<C: ?Sized> WorkContext<'_, C> {
    /// Runs the closure where [`WorkScheduler::set_offload`](crate::WorkScheduler::set_offload) says, and wakes this
    /// work when it has ended. It is meant for closures that block or compute: files, name look-ups, hashing,
    /// unpacking.
    ///
    /// An error shows when the work polls the ticket: the closure's panic, or an [`OffloadError`](crate::OffloadError).
    /// The number of outstanding jobs has no limit of its own. O(1), and O(depth) with a simulated offload.
    ///
    /// # When the attempt ends first
    ///
    /// An attempt that succeeds waits for none of its jobs. When an attempt fails, times out or is aborted, the engine
    /// drops its simulated jobs and its jobs that have not begun. A closure that runs is not interrupted. The work
    /// stays in `Aborting` with its permit, after its `on_abort`, until these jobs have ended.
    ///
    /// After the grace ([`Spec::abort_grace`](crate::Spec::abort_grace)) such jobs are *abandoned*. The work is retried
    /// or settles, their results are dropped, and [`abandoned_jobs`](crate::WorkSchedulerMetrics::abandoned_jobs)
    /// counts them. A closure that may take long should look at its token and end early: [`WorkContext::offload_with`].
    ///
    /// An abandoned closure may still write while the closure of the next attempt does. So let each closure write to a
    /// name of its own, with [`WorkContext::attempt`] in it. Move the file to its place in the work's turn, once the
    /// ticket is ready; an abandoned job has no such turn.
    ///
    /// ```
    /// use crankwork::{Failure, InlineOffload, Ticket, VirtualDriver, Work, WorkContext, WorkScheduler};
    /// use std::task::{Poll, ready};
    /// use std::time::Duration;
    ///
    /// struct Sum {
    ///     numbers: Vec<u64>,
    ///     ticket: Option<Ticket<u64>>,
    /// }
    ///
    /// impl<C: ?Sized> Work<C, u64> for Sum {
    ///     fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<u64, Failure>> {
    ///         let ticket = self.ticket.get_or_insert_with(|| {
    ///             let numbers = self.numbers.clone();
    ///             cx.offload(move || numbers.iter().sum())
    ///         });
    ///         let sum = ready!(ticket.poll(cx))?;
    ///         Poll::Ready(Ok(sum))
    ///     }
    ///
    ///     fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
    ///         self.ticket = None;
    ///     }
    /// }
    ///
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// // In production: `work.set_offload(ThreadOffload::new(4)?)`.
    /// work.set_offload(InlineOffload::after(Duration::from_millis(5)));
    /// let sum = work.add(crankwork::Spec::new("sum", Sum { numbers: vec![1, 2, 3], ticket: None }))?;
    /// let mut driver = VirtualDriver::new();
    /// work.run_until_done(&mut (), &mut driver)?;
    /// assert_eq!(work.take(sum), Some(6));
    /// assert_eq!(driver.now().as_nanos(), 5_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offload<F, R>(&mut self, closure: F) -> Ticket<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.offload_with(move |_| closure())
    }

    /// Runs a closure as [`WorkContext::offload`] does, and gives it the attempt's token, so that it can end early.
    ///
    /// The token is cancelled as soon as the attempt is being aborted or has failed; success does not cancel it. Jobs
    /// of `on_abort` see it cancelled from the start.
    ///
    /// ```
    /// use crankwork::{CancelToken, Failure, Ticket, Work, WorkContext};
    /// use std::task::Poll;
    ///
    /// /// Counts to a thousand million, unless it is told to stop.
    /// fn count(cancel: &CancelToken) -> u64 {
    ///     (0..1_000_000_000).take_while(|_| !cancel.is_cancelled()).last().unwrap_or(0)
    /// }
    ///
    /// #[derive(Default)]
    /// struct Count(Option<Ticket<u64>>);
    ///
    /// impl<C: ?Sized> Work<C, u64> for Count {
    ///     fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<u64, Failure>> {
    ///         self.0.get_or_insert_with(|| cx.offload_with(count)).poll(cx)
    ///     }
    ///
    ///     fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
    ///         self.0 = None;
    ///     }
    /// }
    /// # use crankwork::{Spec, ThreadOffload, ParkDriver, WorkScheduler, WorkState, Budget, Time};
    /// # let mut work = WorkScheduler::<()>::new(Default::default());
    /// # work.set_offload(ThreadOffload::new(1)?);
    /// # let id = work.add(Spec::new("count", Count::default()))?.id();
    /// # let _ = work.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    /// # work.cancel(id)?;
    /// # work.run_until_done(&mut (), &mut ParkDriver::new())?;
    /// # assert_eq!(work.state(id), Some(WorkState::Cancelled));
    /// # assert_eq!(work.metrics().abandoned_jobs, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offload_with<F, R>(&mut self, closure: F) -> Ticket<R>
    where
        F: FnOnce(&CancelToken) -> R + Send + 'static,
        R: Send + 'static,
    {
        let attempt_id = self.attempt_id();
        let engine = &mut self.lent.engine;
        match engine.label_job(self.slot) {
            Ok(label) => {
                let (job, ticket) = job::job(label, engine.inbox.share(), closure);
                engine.submit(job);
                ticket
            }
            Err(error) => {
                dispose(closure);
                Ticket::refused(attempt_id, error)
            }
        }
    }

    pub(crate) fn attempt_id(&self) -> AttemptId {
        self.lent.engine.arena.attempt_id(self.slot)
    }
}

impl<R> Ticket<R> {
    /// Returns the result, once: `ready!(ticket.poll(cx))`. Until the result is there the work may return `Pending`;
    /// the engine wakes it when the job ends. O(1).
    ///
    /// The error is the job's panic, or an [`OffloadError`](crate::OffloadError).
    pub fn poll<C: ?Sized>(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<R, Failure>> {
        self.poll_for(cx.attempt_id())
    }
}
