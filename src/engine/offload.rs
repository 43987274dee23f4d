//! Jobs on other threads, as the scheduler sees them: which attempt has which outstanding, and what their ends and the
//! attempt's end mean.
//!
//! A job is outstanding from `cx.offload` until the scheduler has taken the message of its end, so the count does not
//! depend on what another thread does meanwhile: as long as it is not zero, virtual time stands still. A simulated
//! offload says itself when its next job is due, and time may go as far as that. How long the end of an attempt waits
//! for its jobs is in `abandon`.

use super::inbox::{CancelToken, Witness};
use super::job::{Job, JobId, Label, Leftover, OffloadError};
use super::names::{self, Purpose};
use super::panics::{Contained, Guard};
use super::{Engine, Next};
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
    /// With a zero `within` it does not block: [`WorkScheduler::set_offload`](crate::WorkScheduler::set_offload) calls it so for the offload that it
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
pub(crate) struct Jobs {
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

impl Engine {
    pub(crate) fn set_offload(&mut self, offload: Box<dyn Offload>) {
        let before = self.jobs.offload.replace(Contained::new(offload));
        self.jobs.is_shut_down = false;
        if let Some(mut before) = before {
            let guard = &self.inbox.line.guard;
            guard.call("an offload", || before.shutdown(Duration::ZERO));
        }
    }

    /// As [`WorkScheduler::shutdown_offload`](crate::WorkScheduler::shutdown_offload).
    pub(crate) fn shutdown_offload(&mut self, within: Duration) -> Leftover {
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

    /// As [`WorkScheduler::jobs_outside`](crate::WorkScheduler::jobs_outside).
    pub(crate) fn jobs_outside(&self) -> u64 {
        self.jobs.outside as u64
    }

    /// What `next` says when no timer is armed and works are left: a job that is outside ends with a message, and so
    /// does a pin.
    pub(crate) fn next_from_outside(&self) -> Next {
        if self.external_sleepers > 0 || self.is_time_pinned() {
            return Next::External;
        }
        Next::Stalled
    }

    /// When a simulated job ends next.
    #[inline]
    pub(crate) fn next_job_due(&self) -> Option<Time> {
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
    pub(crate) fn run_due_jobs(&mut self) {
        let (now, guard) = (self.now, &self.inbox.line.guard);
        let Some(offload) = &mut self.jobs.offload else {
            return;
        };
        while let Some(job) = guard.call("an offload", || offload.pop_due(now)).flatten() {
            job.run();
        }
    }

    pub(crate) fn job_ended(&mut self, witness: Witness, id: JobId) {
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
    pub(crate) fn cancel_jobs(&mut self, slot: u32) {
        let Some(rare) = self.arena.rare_mut(slot) else {
            return;
        };
        let (jobs, guard) = (&mut self.jobs, &self.inbox.line.guard);
        rare.errands
            .outstanding
            .retain(|&id| !jobs.cancel(id, guard));
    }

    /// The attempt is over. Jobs that run still come to their end, and mean nothing to the next attempt.
    pub(crate) fn forget_jobs(&mut self, slot: u32) {
        self.cancel_jobs(slot);
        if let Some(rare) = self.arena.rare_mut(slot) {
            rare.errands.outstanding.clear();
        }
    }
}

impl Engine {
    /// Whether and how the work in this slot may offload a job now.
    fn check_job(&self) -> Result<bool, OffloadError> {
        if self.notes.is_hook() {
            return Err(OffloadError::InHook);
        }
        let offload = self.jobs.offload.as_ref().ok_or(OffloadError::NotSet)?;
        match self.jobs.is_shut_down {
            true => Err(OffloadError::ShutDown),
            false => Ok(offload.is_simulated()),
        }
    }

    /// What a new job of the work in this slot is besides its closure.
    pub(crate) fn label_job(&mut self, slot: u32) -> Result<Label, OffloadError> {
        let simulated = self.check_job()?;
        let cancel = self.cancel_token_of(slot);
        let id = JobId {
            number: self.jobs.made,
            simulated,
        };
        self.jobs.made += 1;
        let errands = &mut self.arena.rare_or_new(slot).errands;
        let made = errands.made;
        errands.made += 1;
        errands.outstanding.push(id);
        let stream = simulated.then(|| {
            let key = names::path_key(&self.arena, slot);
            names::stream(self.settings.seed, Purpose::Offload, key, made)
        });
        Ok(Label {
            id,
            witness: self.arena.witness(slot),
            work: self.id(slot),
            name: self.arena.meta(slot).name.clone(),
            stream,
            cancel,
        })
    }

    pub(crate) fn submit(&mut self, job: Job) {
        *self.jobs.count_of(job.id()) += 1;
        if let Some(offload) = &mut self.jobs.offload {
            let (guard, now) = (&self.inbox.line.guard, self.now);
            guard.call("an offload", || offload.submit(job, now));
        }
    }

    /// The token of a work's present attempt.
    pub(crate) fn cancel_token_of(&mut self, slot: u32) -> CancelToken {
        let id = self.id(slot);
        let token = &mut self.arena.rare_or_new(slot).token;
        let token = token.get_or_insert_with(|| {
            let token = CancelToken::new();
            token.listen(&self.inbox, Some(id));
            token
        });
        token.clone()
    }
}
