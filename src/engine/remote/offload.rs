//! Jobs on other threads, as the scheduler sees them: which attempt has which outstanding, and what their ends and the
//! attempt's end mean.
//!
//! A job is outstanding from `cx.offload` until the scheduler has taken the message of its end, so the count does not
//! depend on what another thread does meanwhile: as long as it is not zero, virtual time stands still. A simulated
//! offload says itself when its next job is due, and time may go as far as that. How long the end of an attempt waits
//! for its jobs is in `lifecycle/abandon.rs`.

use crate::engine::panics::{Contained, Guard};
use crate::engine::remote::job::{Job, JobId, Leftover};
use crate::time::Time;
use std::time::Duration;

/// Runs jobs somewhere else: on threads ([`ThreadOffload`](crate::ThreadOffload)), in virtual time
/// ([`InlineOffload`](crate::InlineOffload)), or on a pool that the program has already.
///
/// A panic in one of these methods is caught and counted as `callback_panics`; `None` stands for the answer. A job that is
/// dropped by that fails its ticket with [`OffloadError::Dropped`](crate::OffloadError::Dropped).
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
    pub offload: Option<Contained<Box<dyn Offload>>>,
    /// No more jobs are given to it.
    pub is_shut_down: bool,
    pub made: u64,
    /// Jobs on other threads that have not been seen to end and are not abandoned.
    pub outside: usize,
    /// Jobs in simulated offloads that have not been seen to end.
    pub simulated: usize,
    /// Abandoned jobs that have not been seen to end: no more than offloads run at once.
    pub abandoned: Vec<JobId>,
}

/// An attempt's part.
#[derive(Default)]
pub(crate) struct PendingJobs {
    /// In the order in which they were made.
    pub outstanding: Vec<JobId>,
    /// Made in all attempts; tells one random stream from the next.
    pub made: u64,
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

    pub fn count_of(&mut self, id: JobId) -> &mut usize {
        match id.simulated {
            true => &mut self.simulated,
            false => &mut self.outside,
        }
    }

    /// The end of a job has been seen.
    pub fn ended(&mut self, id: JobId, guard: &Guard) {
        match self.abandoned.iter().position(|&other| other == id) {
            Some(index) => _ = self.abandoned.swap_remove(index),
            None => *self.count_of(id) -= 1,
        }
        if let Some(offload) = &mut self.offload {
            guard.call("an offload", || offload.job_ended());
        }
    }

    /// Whether it had not begun; nothing more is heard of it then.
    pub fn cancel(&mut self, id: JobId, guard: &Guard) -> bool {
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
        self.abandoned.push(id);
        *self.count_of(id) -= 1;
    }
}
