//! Jobs on other threads, as the scheduler sees them: which attempt has which outstanding, and what their ends and
//! the attempt's end mean.
//!
//! A job is outstanding from `cx.offload` until the scheduler has taken the message of its end. So the count does not
//! depend on what another thread does meanwhile. As long as it is not zero, virtual time stands still. A simulated
//! offload says when its next job is due, and time may go as far as that. `lifecycle/abandon.rs` decides how long the
//! end of an attempt waits for its jobs.

use crate::engine::panics::{Contained, Guard};
use crate::engine::remote::job::{Job, JobId, Leftover};
use crate::time::Time;
use std::collections::BTreeSet;
use std::time::Duration;

/// Runs jobs somewhere else: on threads ([`ThreadOffload`](crate::ThreadOffload)), in virtual time
/// ([`InlineOffload`](crate::InlineOffload)), or on a pool that the program has already.
///
/// The scheduler catches a panic in one of these methods, counts it as `callback_panics`, and goes on as with a
/// `None`. A job that the panic drops fails its ticket with [`OffloadError::Dropped`](crate::OffloadError::Dropped).
pub trait Offload {
    /// Takes a job, to call its `run` on some other thread. Must not block. Must not call `run` itself, or the job
    /// holds up the main loop.
    fn submit(&mut self, job: Job, now: Time);

    /// Gives back a job that has not begun, because its attempt is over. Returns `None` if the job has begun or
    /// ended.
    fn cancel(&mut self, id: JobId) -> Option<Job>;

    /// Called after the scheduler has seen one job end: a chance to start others.
    fn job_ended(&mut self) {}

    /// Drops the jobs that have not begun, takes no more, and waits for running jobs, at most `within` of real time.
    ///
    /// With a zero `within` it does not block. [`WorkScheduler::set_offload`](crate::WorkScheduler::set_offload)
    /// calls it so for the offload that it replaces. A second call waits for what the first has left.
    ///
    /// Default: does nothing and reports no job, for jobs on a pool that belongs to somebody else. The scheduler
    /// gives it no more jobs either way.
    fn shutdown(&mut self, within: Duration) -> Leftover {
        let _ = within;
        Leftover::default()
    }

    /// Returns whether its jobs run on the scheduler's thread, at times that [`Offload::next_due`] returns. Time then
    /// moves as far as the next of them. For any other offload, virtual time stands still while jobs are outstanding.
    fn is_simulated(&self) -> bool {
        false
    }

    /// Returns when the next job of a simulated offload ends.
    fn next_due(&self) -> Option<Time> {
        None
    }

    /// Returns the next job of a simulated offload that ends by `now`. The scheduler runs it.
    fn pop_due(&mut self, now: Time) -> Option<Job> {
        let _ = now;
        None
    }
}

/// The scheduler's part: its offload, and the counts of its jobs.
#[derive(Default)]
pub(crate) struct Jobs {
    /// The offload, if the host has set one. Jobs of a former offload may still be out.
    pub offload: Option<Contained<Box<dyn Offload>>>,
    /// Whether the offload has been shut down and gets no more jobs.
    pub is_shut_down: bool,
    /// Jobs ever made, which number them.
    pub made: u64,
    /// Jobs on other threads that have not been seen to end and are not abandoned. While it is above 0, virtual time
    /// stands still (L29).
    pub outside: usize,
    /// Jobs in simulated offloads that have not been seen to end. While it is 0, no crank asks the offload when the
    /// next is due.
    pub simulated: usize,
    /// Abandoned jobs that have not been seen to end. A pool of the program may run very many. A set in order finds
    /// each in O(log n).
    pub abandoned: BTreeSet<JobId>,
}

/// An attempt's part: its jobs.
#[derive(Default)]
pub(crate) struct PendingJobs {
    /// The jobs of the attempt that have not been seen to end, in the order in which they were made.
    pub outstanding: Vec<JobId>,
    /// Jobs made in all attempts of the work; tells one random stream from the next.
    pub made: u64,
}

impl Jobs {
    /// Forgets the offload and its jobs.
    #[inline]
    pub fn reset(&mut self) {
        if self.made > 0 || self.offload.is_some() || self.is_shut_down {
            *self = Jobs::default();
        }
    }

    /// Returns how many jobs on other threads hold virtual time still.
    #[inline]
    pub fn outside(&self) -> usize {
        self.outside
    }

    /// Returns how many simulated jobs have not ended. While there are any, the scheduler asks when they are due.
    #[inline]
    pub fn simulated(&self) -> usize {
        self.simulated
    }

    /// Returns the count that the job belongs to. The id tells which, so a new offload of the other kind does not
    /// confuse them.
    pub fn count_of(&mut self, id: JobId) -> &mut usize {
        match id.simulated {
            true => &mut self.simulated,
            false => &mut self.outside,
        }
    }

    /// Notes that the scheduler has seen the end of a job.
    pub fn ended(&mut self, id: JobId, guard: &Guard) {
        // An abandoned job was counted off when it was abandoned.
        if !self.abandoned.remove(&id) {
            *self.count_of(id) -= 1;
        }
        // The offload hears of an abandoned job, too: one of its threads is free again.
        if let Some(offload) = &mut self.offload {
            guard.call("an offload", || offload.job_ended());
        }
    }

    /// Cancels a job that has not begun, and returns whether it did. The scheduler hears no more of the job then. Its
    /// ticket fails with [`Cancelled`](crate::OffloadError::Cancelled).
    pub fn cancel(&mut self, id: JobId, guard: &Guard) -> bool {
        let Some(offload) = &mut self.offload else {
            return false;
        };
        let job = guard.call("an offload", || offload.cancel(id)).flatten();
        let Some(job) = job else {
            return false;
        };
        // A job that was merely dropped would send a message, and its end would be counted off twice.
        job.cancel();
        *self.count_of(id) -= 1;
        true
    }

    /// Stops waiting for a job. Its end will mean nothing. The set remembers it, so that its end is not counted off
    /// again.
    pub fn abandon(&mut self, id: JobId) {
        self.abandoned.insert(id);
        *self.count_of(id) -= 1;
    }
}
