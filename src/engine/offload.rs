//! Jobs on other threads, as the scheduler sees them: which attempt has which outstanding, and what their ends and the
//! attempt's end mean.
//!
//! A job is outstanding from `cx.offload` until the scheduler has taken the message of its end, so the count does not
//! depend on what another thread does meanwhile: as long as it is not zero, virtual time stands still. A simulated
//! offload says itself when its next job is due, and time may go as far as that.

use super::context::WorkContext;
use super::inbox::Witness;
use super::job::{self, Job, JobId, Label, OffloadError, Ticket};
use super::names::{self, Purpose};
use super::panics::{Contained, dispose};
use super::{Next, WorkScheduler};
use crate::time::Time;

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
    made: u64,
    /// Submitted, and the end has not been seen.
    outstanding: usize,
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
    /// Jobs that have not been seen to end.
    #[inline]
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Where `cx.offload` takes its closures. Replaces the one before: its jobs that have not begun fail with
    /// [`OffloadError::Dropped`], and a [`ThreadOffload`](crate::ThreadOffload) waits here for those that have.
    pub fn set_offload(&mut self, offload: impl Offload + 'static) {
        self.jobs.offload = Some(Contained::new(Box::new(offload)));
    }

    /// How many jobs are on other threads, or on their way to or from them, those of ended attempts included. A host
    /// that moves a clock of its own must not move it while there are any: their results belong to this time. Always 0
    /// with a simulated offload. [`VirtualDriver`](crate::VirtualDriver) sees to it by itself.
    pub fn jobs_outside(&self) -> u64 {
        match &self.jobs.offload {
            Some(offload) if offload.is_simulated() => 0,
            _ => self.jobs.outstanding as u64,
        }
    }

    /// What `next` says when no timer is armed and works are left: a job that is outside ends with a message.
    pub(super) fn next_from_outside(&self) -> Next {
        if self.external_sleepers > 0 || self.jobs_outside() > 0 {
            return Next::External;
        }
        Next::Stalled
    }

    /// When a simulated job ends next.
    #[inline]
    pub(super) fn next_job_due(&self) -> Option<Time> {
        if self.jobs.outstanding == 0 {
            return None;
        }
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
        self.jobs.outstanding -= 1;
        if let Some(offload) = &mut self.jobs.offload {
            let guard = &self.inbox.line.guard;
            guard.call("an offload", || offload.job_ended());
        }
        if !self.arena.is_present(witness) {
            return;
        }
        if let Some(rare) = self.arena.rare_mut(witness.slot) {
            rare.errands.outstanding.retain(|&other| other != id);
        }
        self.wake_slot(witness.slot);
    }

    /// Drops the jobs of this attempt that have not begun; their tickets fail at once.
    pub(super) fn cancel_jobs(&mut self, slot: u32) {
        let Some(rare) = self.arena.rare_mut(slot) else {
            return;
        };
        if rare.errands.outstanding.is_empty() {
            return;
        }
        let Some(offload) = &mut self.jobs.offload else {
            return;
        };
        let outstanding = &mut self.jobs.outstanding;
        let guard = &self.inbox.line.guard;
        rare.errands.outstanding.retain(|&id| {
            match guard.call("an offload", || offload.cancel(id)).flatten() {
                Some(job) => {
                    job.cancel();
                    *outstanding -= 1;
                    false
                }
                None => true,
            }
        });
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
    /// What is wrong with it shows when the ticket is polled: the closure's panic, or an [`OffloadError`]. When the
    /// attempt is aborted or ends, jobs that have not begun are dropped; one that runs is not interrupted, and its
    /// result is dropped (`on_abort` may wait for it). How many jobs are outstanding is bounded only by what works ask
    /// for. O(1), and O(depth) with a simulated offload.
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
        let witness = self.witness();
        if self.engine.notes.is_hook() {
            dispose(closure);
            return Ticket::refused(witness, OffloadError::InHook);
        }
        let Some(simulated) = self.engine.jobs.offload.as_ref().map(|o| o.is_simulated()) else {
            dispose(closure);
            return Ticket::refused(witness, OffloadError::NotSet);
        };
        let label = self.label(witness, simulated);
        let engine = &mut *self.engine;
        let (job, ticket) = job::job(label, engine.inbox.line.clone(), closure);
        engine.jobs.outstanding += 1;
        if let Some(offload) = &mut engine.jobs.offload {
            let (guard, now) = (&engine.inbox.line.guard, engine.now);
            guard.call("an offload", || offload.submit(job, now));
        }
        ticket
    }

    fn label(&mut self, witness: Witness, simulated: bool) -> Label {
        let engine = &mut *self.engine;
        let id = JobId(engine.jobs.made);
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
        }
    }

    pub(super) fn witness(&self) -> Witness {
        self.engine.arena.witness(self.slot)
    }
}
