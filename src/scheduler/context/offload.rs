//! `cx.offload`: closures that run elsewhere.

use super::WorkContext;
use crate::engine::id::AttemptId;
use crate::engine::panics::dispose;
use crate::engine::remote::inbox::CancelToken;
use crate::engine::remote::job::{self, Ticket};
use crate::work::Failure;
use std::task::Poll;

impl<C: ?Sized> WorkContext<'_, C> {
    /// Runs the closure somewhere else, wherever [`WorkScheduler::set_offload`](crate::WorkScheduler::set_offload) says, and wakes this work when it has
    /// ended. For what blocks or computes: files, name look-ups, hashing, unpacking.
    ///
    /// What is wrong with it shows when the ticket is polled: the closure's panic, or an [`OffloadError`](crate::OffloadError). How many jobs
    /// are outstanding is bounded only by what works ask for. O(1), and O(depth) with a simulated offload.
    ///
    /// # When the attempt ends first
    ///
    /// An attempt that succeeds waits for none of its jobs. When one fails, times out or is aborted, its jobs that have
    /// not begun are dropped, and simulated ones always. A closure that runs is not interrupted: the work stays in
    /// `Aborting` with its permit, after its `on_abort`, until its jobs have ended. After the grace
    /// ([`Spec::abort_grace`](crate::Spec::abort_grace)) they are *abandoned*: the work is retried or settles, their
    /// results are dropped, and [`abandoned_jobs`](crate::WorkSchedulerMetrics::abandoned_jobs) counts them. A closure
    /// that may take long should look at its token and end early: [`WorkContext::offload_with`].
    ///
    /// An abandoned closure may still write while the next attempt's closure does. So let each write to a name of its
    /// own (with [`WorkContext::attempt`] in it), and move the file to its place in the work's turn, once the ticket is
    /// ready: an abandoned job has no such turn.
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

    /// As [`WorkContext::offload`], for closures that can end early: they get the attempt's token, and look now and then
    /// whether it is cancelled, as it is from the moment in which the attempt is being aborted or has failed. Success
    /// does not cancel it. Jobs of `on_abort` see it cancelled from the start.
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
                let (job, ticket) = job::job(label, engine.inbox.sender.clone(), closure);
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
    /// The result, once: `ready!(ticket.poll(cx))`. While it is not there, the work may return `Pending`: it is woken
    /// when the job ends. O(1).
    ///
    /// The error is the job's panic, or an [`OffloadError`](crate::OffloadError).
    pub fn poll<C: ?Sized>(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<R, Failure>> {
        self.poll_for(cx.attempt_id())
    }
}
