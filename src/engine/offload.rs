//! Jobs on other threads, as the scheduler sees them: which attempt has which outstanding, and what their ends and the
//! attempt's end mean.
//!
//! A job is outstanding from `cx.offload` until the scheduler has taken the message of its end, so the count does not
//! depend on what another thread does meanwhile: as long as it is not zero, virtual time stands still. A simulated
//! offload says itself when its next job is due, and time may go as far as that. How long the end of an attempt waits
//! for its jobs is in `abandon`.

use super::context::WorkContext;
use super::inbox::{CancelToken, Witness};
use super::job::{self, Job, JobId, Label, Leftover, OffloadError, Ticket};
use super::names::{self, Purpose};
use super::panics::{Contained, Guard, dispose};
use super::{Next, WorkScheduler};
use crate::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;

/// Runs jobs somewhere else: on threads ([`ThreadOffload`](crate::ThreadOffload)), in virtual time
/// ([`InlineOffload`](crate::InlineOffload)), or on a pool that the program has already.
///
/// A panic in one of these methods is caught and counted as `callback_panics`; `None` stands for the answer. A job that is
/// dropped by that fails its ticket with [`OffloadError::Dropped`].
pub trait Offload {
    /// Takes a job, to call its `run` on whatever thread. Must not block; nor call `run` right here, or the job holds
    /// up the main loop.
    fn submit(&mut self, job: Job, now: Time);

    /// Gives back a job that has not begun: its attempt is over. `None` if it has begun or ended.
    fn cancel(&mut self, id: JobId) -> Option<Job>;

    /// The scheduler has seen one job end. A chance to start others.
    fn job_ended(&mut self) {}

    /// Drops the jobs that have not begun, takes no more, and waits at most `within`, in real time, for those that run.
    /// With a zero `within` it does not block: [`WorkScheduler::set_offload`] calls it so for the offload that it
    /// replaces. A second call waits for what the first has left.
    ///
    /// Default: does nothing and knows of nothing, for jobs on a pool that belongs to somebody else. The scheduler gives
    /// it no more jobs either way.
    fn shutdown(&mut self, within: Duration) -> Leftover {
        let _ = within;
        Leftover::default()
    }

    /// Whether its jobs run on the scheduler's thread, at times that [`Offload::next_due`] knows. Time then moves as far
    /// as that; without, it stands still in a simulation while jobs are outstanding.
    fn is_simulated(&self) -> bool {
        false
    }

    /// When the next job ends, of a simulated offload.
    fn next_due(&self) -> Option<Time> {
        None
    }

    /// The next job that ends by `now`, of a simulated offload; the scheduler runs it.
    fn pop_due(&mut self, now: Time) -> Option<Job> {
        let _ = now;
        None
    }
}

/// The scheduler's part.
#[derive(Default)]
pub(super) struct Jobs {
    offload: Option<Contained<Box<dyn Offload>>>,
    /// No more jobs are given to it.
    is_shut_down: bool,
    made: u64,
    /// Jobs on other threads that have not been seen to end and are not abandoned.
    outside: usize,
    /// Jobs in simulated offloads that have not been seen to end.
    simulated: usize,
    /// Abandoned jobs that have not been seen to end: no more than offloads run at once.
    abandoned: BTreeSet<JobId>,
}

/// An attempt's part.
#[derive(Default)]
pub(crate) struct Errands {
    /// In the order in which they were made.
    pub outstanding: Vec<JobId>,
    /// Made in all attempts; tells one random stream from the next.
    made: u64,
}

impl Jobs {
    #[inline]
    pub fn outside(&self) -> usize {
        self.outside
    }

    /// As long as there are any, the scheduler looks when they are due.
    #[inline]
    pub fn simulated(&self) -> usize {
        self.simulated
    }

    fn count_of(&mut self, id: JobId) -> &mut usize {
        match id.simulated {
            true => &mut self.simulated,
            false => &mut self.outside,
        }
    }

    /// The end of a job has been seen.
    fn ended(&mut self, id: JobId, guard: &Guard) {
        if !self.abandoned.remove(&id) {
            *self.count_of(id) -= 1;
        }
        if let Some(offload) = &mut self.offload {
            guard.call("an offload", || offload.job_ended());
        }
    }

    /// Whether it had not begun; nothing more is heard of it then.
    fn cancel(&mut self, id: JobId, guard: &Guard) -> bool {
        let Some(offload) = &mut self.offload else {
            return false;
        };
        let job = guard.call("an offload", || offload.cancel(id)).flatten();
        let Some(job) = job else {
            return false;
        };
        job.cancel();
        *self.count_of(id) -= 1;
        true
    }

    /// Nobody waits for this job any more, and its end will mean nothing.
    pub fn abandon(&mut self, id: JobId) {
        self.abandoned.insert(id);
        *self.count_of(id) -= 1;
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Where `cx.offload` takes its closures. Replaces the one before without waiting for it: its jobs that have not
    /// begun fail with [`OffloadError::Dropped`], and those that run come to their end on their own threads.
    pub fn set_offload(&mut self, offload: impl Offload + 'static) {
        let offload: Box<dyn Offload> = Box::new(offload);
        let before = self.jobs.offload.replace(Contained::new(offload));
        self.jobs.is_shut_down = false;
        if let Some(mut before) = before {
            let guard = &self.inbox.line.guard;
            guard.call("an offload", || before.shutdown(Duration::ZERO));
        }
    }

    /// Ends the threads of the offload, as the last thing before the program exits: jobs that have not begun fail with
    /// [`OffloadError::Dropped`], and those that run are waited for, at most `within` in real time. The answer says what
    /// is left then; without an offload that is nothing. A second call waits for what the first has left.
    ///
    /// Works that offload afterwards fail with [`OffloadError::ShutDown`], until another offload is set. A scheduler that
    /// is dropped waits for no job: its offload ends as with a `within` of zero. [`WorkScheduler::shutdown`] shows the
    /// whole way.
    pub fn shutdown_offload(&mut self, within: Duration) -> Leftover {
        self.jobs.is_shut_down = self.jobs.offload.is_some();
        match &mut self.jobs.offload {
            Some(offload) => {
                let guard = &self.inbox.line.guard;
                let left = guard.call("an offload", || offload.shutdown(within));
                left.unwrap_or_default()
            }
            None => Leftover::default(),
        }
    }

    /// How many jobs are on other threads, or on their way to or from them: those of ended attempts are included, and
    /// those that were abandoned when a grace was over are not. Simulated jobs never count. A host that moves a clock
    /// of its own asks [`WorkScheduler::is_time_pinned`].
    pub fn jobs_outside(&self) -> u64 {
        self.jobs.outside as u64
    }

    /// What `next` says when no timer is armed and works are left: a job that is outside ends with a message, and so
    /// does a pin.
    pub(super) fn next_from_outside(&self) -> Next {
        if self.external_sleepers > 0 || self.is_time_pinned() {
            return Next::External;
        }
        Next::Stalled
    }

    /// When a simulated job ends next.
    #[inline]
    pub(super) fn next_job_due(&self) -> Option<Time> {
        match self.jobs.simulated {
            0 => None,
            _ => self.ask_next_due(),
        }
    }

    #[cold]
    fn ask_next_due(&self) -> Option<Time> {
        let offload = self.jobs.offload.as_ref()?;
        let guard = &self.inbox.line.guard;
        guard.call("an offload", || offload.next_due()).flatten()
    }

    /// Runs the simulated jobs that end by now; their ends are in the inbox then.
    pub(super) fn run_due_jobs(&mut self) {
        let (now, guard) = (self.now, &self.inbox.line.guard);
        let Some(offload) = &mut self.jobs.offload else {
            return;
        };
        while let Some(job) = guard.call("an offload", || offload.pop_due(now)).flatten() {
            job.run();
        }
    }

    pub(super) fn job_ended(&mut self, witness: Witness, id: JobId) {
        self.jobs.ended(id, &self.inbox.line.guard);
        if !self.arena.is_present(witness) {
            return;
        }
        if let Some(rare) = self.arena.rare_mut(witness.slot) {
            rare.errands.outstanding.retain(|&other| other != id);
        }
        self.wake_slot(witness.slot);
        self.end_wait_for_jobs(witness.slot);
    }

    /// Drops the jobs of this attempt that have not begun; their tickets fail at once.
    pub(super) fn cancel_jobs(&mut self, slot: u32) {
        let Some(rare) = self.arena.rare_mut(slot) else {
            return;
        };
        let (jobs, guard) = (&mut self.jobs, &self.inbox.line.guard);
        rare.errands
            .outstanding
            .retain(|&id| !jobs.cancel(id, guard));
    }

    /// The attempt is over. Jobs that run still come to their end, and mean nothing to the next attempt.
    pub(super) fn forget_jobs(&mut self, slot: u32) {
        self.cancel_jobs(slot);
        if let Some(rare) = self.arena.rare_mut(slot) {
            rare.errands.outstanding.clear();
        }
    }
}

impl<C: ?Sized> WorkContext<'_, C> {
    /// Runs the closure somewhere else, wherever [`WorkScheduler::set_offload`] says, and wakes this work when it has
    /// ended. For what blocks or computes: files, name look-ups, hashing, unpacking.
    ///
    /// What is wrong with it shows when the ticket is polled: the closure's panic, or an [`OffloadError`]. How many jobs
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
        let witness = self.witness();
        if self.engine.notes.is_hook() {
            dispose(closure);
            return Ticket::refused(witness, OffloadError::InHook);
        }
        let Some(simulated) = self.engine.jobs.offload.as_ref().map(|o| o.is_simulated()) else {
            dispose(closure);
            return Ticket::refused(witness, OffloadError::NotSet);
        };
        if self.engine.jobs.is_shut_down {
            dispose(closure);
            return Ticket::refused(witness, OffloadError::ShutDown);
        }
        let label = self.label(witness, simulated);
        let engine = &mut *self.engine;
        *engine.jobs.count_of(label.id) += 1;
        let (job, ticket) = job::job(label, engine.inbox.line.clone(), closure);
        if let Some(offload) = &mut engine.jobs.offload {
            let (guard, now) = (&engine.inbox.line.guard, engine.now);
            guard.call("an offload", || offload.submit(job, now));
        }
        ticket
    }

    fn label(&mut self, witness: Witness, simulated: bool) -> Label {
        let cancel = self.cancel_token();
        let engine = &mut *self.engine;
        let id = JobId {
            number: engine.jobs.made,
            simulated,
        };
        engine.jobs.made += 1;
        let errands = &mut engine.arena.rare_or_new(self.slot).errands;
        let made = errands.made;
        errands.made += 1;
        errands.outstanding.push(id);
        let seed = engine.settings.seed;
        let stream = simulated.then(|| {
            let key = names::path_key(&engine.arena, self.slot);
            names::stream(seed, Purpose::Offload, key, made)
        });
        Label {
            id,
            witness,
            work: self.id(),
            name: self.name().clone(),
            stream,
            cancel,
        }
    }

    pub(super) fn witness(&self) -> Witness {
        self.engine.arena.witness(self.slot)
    }
}
