//! Jobs and pins as the engine sees them: which attempt has which job outstanding, and what their ends and the
//! attempt's end mean.
//!
//! `abandon.rs` decides how long the end of an attempt waits for its jobs.
//!
//! Invariant: `Jobs::outside` and `Jobs::simulated` change where a job is submitted, cancelled or abandoned, and where
//! the message of its end arrives. What another thread does in between changes no count, so it reaches no decision
//! (L27).
//!
//! | event | `outstanding` | `outside`, `simulated` | `abandoned` |
//! | --- | --- | --- | --- |
//! | `label_job` | enters | | |
//! | `submit` | | up | |
//! | `cancel_jobs`, not begun | leaves | down | |
//! | `forget_jobs`, still running | leaves | | |
//! | `abandon_jobs`, still running | leaves | down | enters |
//! | `job_ended` | leaves | down, unless abandoned | leaves |

use crate::engine::Engine;
use crate::engine::id::AttemptId;
use crate::engine::panics::Contained;
use crate::engine::remote::job::{Job, JobId, Label, Leftover, OffloadError};
use crate::engine::remote::offload::Offload;
use crate::engine::remote::pin::TimePin;
use crate::engine::remote::senders::CancelToken;
use crate::engine::store::names::{self, Purpose};
use crate::time::Time;
use std::time::Duration;

impl Engine {
    /// Sets the offload, and shuts down the one before it without blocking. Jobs that run there go on, and the messages
    /// of their ends arrive.
    pub(crate) fn set_offload(&mut self, offload: Box<dyn Offload>) {
        let before = self.jobs.offload.replace(Contained::new(offload));
        self.jobs.is_shut_down = false;
        if let Some(mut before) = before {
            let guard = &self.inbox.sender.guard;
            guard.call("an offload", || before.shutdown(Duration::ZERO));
        }
    }

    /// As [`WorkScheduler::shutdown_offload`](crate::WorkScheduler::shutdown_offload).
    pub(crate) fn shutdown_offload(&mut self, within: Duration) -> Leftover {
        // Without an offload `NotSet` stays the error of a work that offloads: it says what to do.
        self.jobs.is_shut_down = self.jobs.offload.is_some();
        match &mut self.jobs.offload {
            Some(offload) => {
                let guard = &self.inbox.sender.guard;
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

    /// Returns when a simulated job ends next.
    #[inline]
    pub(crate) fn next_job_due(&self) -> Option<Time> {
        match self.jobs.simulated {
            0 => None,
            _ => self.ask_next_due(),
        }
    }

    /// Asks the offload. Marked cold so that the common path stays inline. A panic of the offload counts as no job.
    #[cold]
    fn ask_next_due(&self) -> Option<Time> {
        let offload = self.jobs.offload.as_ref()?;
        let guard = &self.inbox.sender.guard;
        guard.call("an offload", || offload.next_due()).flatten()
    }

    /// Runs the simulated jobs that end by now. The messages of their ends are in the inbox then. So the round sees
    /// them as it sees the ends of real jobs.
    pub(crate) fn run_due_jobs(&mut self) {
        let (now, guard) = (self.now, &self.inbox.sender.guard);
        let Some(offload) = &mut self.jobs.offload else {
            return;
        };
        // A panic of `pop_due` ends the loop, so an offload that panics for ever does not hold up the crank.
        while let Some(job) = guard.call("an offload", || offload.pop_due(now)).flatten() {
            job.run();
        }
    }

    /// Acts on the end of a job: wakes its work, and ends an abort that waited for it. O(jobs of the attempt).
    pub(crate) fn job_ended(&mut self, attempt_id: AttemptId, id: JobId) {
        self.jobs.ended(id, &self.inbox.sender.guard);
        // The job of an earlier attempt means nothing to this one.
        if !self.arena.is_present(attempt_id) {
            return;
        }
        if let Some(extension) = self.arena.extension_mut(attempt_id.slot) {
            extension
                .pending_jobs
                .outstanding
                .retain(|&other| other != id);
        }
        self.wake_slot(attempt_id.slot);
        self.end_wait_for_jobs(attempt_id.slot);
    }

    /// Drops the jobs of this attempt that have not begun. Their tickets fail at once. O(jobs of the attempt).
    pub(crate) fn cancel_jobs(&mut self, slot: u32) {
        let Some(extension) = self.arena.extension_mut(slot) else {
            return;
        };
        // A cancelled job sends no message of its end, so it leaves the list here.
        let (jobs, guard) = (&mut self.jobs, &self.inbox.sender.guard);
        extension
            .pending_jobs
            .outstanding
            .retain(|&id| !jobs.cancel(id, guard));
    }

    /// Lets go of the jobs of an attempt that is over. Running jobs come to their end, and mean nothing to the next
    /// attempt.
    pub(crate) fn forget_jobs(&mut self, slot: u32) {
        self.cancel_jobs(slot);
        if let Some(extension) = self.arena.extension_mut(slot) {
            // They stay counted until their messages arrive: until then virtual time stands still (L29).
            extension.pending_jobs.outstanding.clear();
        }
    }
}

impl Engine {
    /// Returns whether the offload is simulated, or why the present work may not offload now. A hook may not offload,
    /// because its attempt is over or has not begun.
    fn check_job(&self) -> Result<bool, OffloadError> {
        if self.notes.is_hook() {
            return Err(OffloadError::InHook);
        }
        let offload = self.jobs.offload.as_ref().ok_or(OffloadError::NotSet)?;
        match self.jobs.is_shut_down {
            true => Err(OffloadError::ShutDown),
            false => {
                let guard = &self.inbox.sender.guard;
                let simulated = guard.call("an offload", || offload.is_simulated());
                // A guess could leave the job where nobody looks for its end.
                simulated.ok_or(OffloadError::Dropped)
            }
        }
    }

    /// Returns all that a new job of the work has besides its closure, and counts the job. From now on the job counts
    /// as outstanding for its attempt, so the caller submits it.
    pub(crate) fn label_job(&mut self, slot: u32) -> Result<Label, OffloadError> {
        let simulated = self.check_job()?;
        // Every job gets the token, because nothing but the job itself can end it early.
        let cancel = self.cancel_token_of(slot);
        let id = JobId {
            number: self.jobs.made,
            simulated,
        };
        self.jobs.made += 1;
        let pending_jobs = &mut self.arena.extension_or_new(slot).pending_jobs;
        // Jobs are numbered within the work, so that other works do not change its random numbers.
        let made = pending_jobs.made;
        pending_jobs.made += 1;
        pending_jobs.outstanding.push(id);
        // Only a simulation draws latencies. Other jobs are spared the name path, which costs O(depth).
        let stream = simulated.then(|| {
            let key = names::path_key(&self.arena, slot);
            names::stream(self.settings.seed, Purpose::Offload, key, made)
        });
        Ok(Label {
            id,
            attempt_id: self.arena.attempt_id(slot),
            work: self.id(slot),
            name: self.arena.cold(slot).name.clone(),
            stream,
            cancel,
        })
    }

    /// Gives a job to the offload. If the offload panics, the drop of the job fails its ticket and sends the message.
    pub(crate) fn submit(&mut self, job: Job) {
        // Counted in any case: however the job ends, the message of its end counts it down.
        *self.jobs.count_of(job.id()) += 1;
        if let Some(offload) = &mut self.jobs.offload {
            let (guard, now) = (&self.inbox.sender.guard, self.now);
            guard.call("an offload", || offload.submit(job, now));
        }
    }

    /// Returns the token of a work's present attempt, and makes it if need be. A cancel by any clone of it comes back
    /// through the inbox.
    pub(crate) fn cancel_token_of(&mut self, slot: u32) -> CancelToken {
        let id = self.id(slot);
        let token = &mut self.arena.extension_or_new(slot).token;
        let token = token.get_or_insert_with(|| {
            let token = CancelToken::new();
            token.listen(&self.inbox, Some(id));
            token
        });
        token.clone()
    }
}

impl Engine {
    /// As [`WorkScheduler::pin_time`](crate::WorkScheduler::pin_time). The count is in a cell, so that a shared borrow
    /// of the scheduler can pin.
    pub(crate) fn pin_time(&self) -> TimePin {
        self.time_pins.set(self.time_pins.get() + 1);
        TimePin::new(self.inbox.share())
    }

    /// As [`WorkScheduler::is_time_pinned`](crate::WorkScheduler::is_time_pinned). While it is, the virtual driver
    /// parks instead of moving time (L29).
    pub(crate) fn is_time_pinned(&self) -> bool {
        self.jobs.outside() > 0 || self.time_pins.get() > 0
    }

    /// Takes back a time pin that is gone. The messages that the pin's thread sent before have been taken.
    pub(crate) fn unpinned(&mut self) {
        *self.time_pins.get_mut() -= 1;
    }
}
