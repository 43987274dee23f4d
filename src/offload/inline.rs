//! Jobs in virtual time. Each takes a given latency, and runs on the scheduler's thread at its end.

use crate::time::Time;
use crate::{Job, JobId, Leftover, Offload};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

type Latency = Box<dyn FnMut(&mut Job) -> Duration>;

/// Runs each job on the scheduler's thread when its virtual latency is over, for simulations and tests.
///
/// All outstanding jobs run at once; jobs that end at one instant run in the order in which they were offloaded. The
/// works do not see the real time that a closure takes.
///
/// Even a latency of zero takes a round. [`Next::At`](crate::Next) also names the end of a job whose work has no turn
/// by it.
pub struct InlineOffload {
    latency: Latency,
    /// The jobs by their end, then by age.
    jobs: BTreeMap<(Time, JobId), Job>,
    ends: BTreeMap<JobId, Time>,
}

impl InlineOffload {
    /// Makes an offload whose jobs take no time.
    pub fn new() -> Self {
        InlineOffload::after(Duration::ZERO)
    }

    /// Makes an offload whose jobs all take `latency`.
    pub fn after(latency: Duration) -> Self {
        InlineOffload::with_latency(move |_| latency)
    }

    /// Makes an offload whose jobs take as long as `latency` says, by the name of their work or at random.
    ///
    /// ```
    /// use crankwork::InlineOffload;
    /// use std::time::Duration;
    /// // 5 to 20 ms, drawn anew for each job, the same in every run with the same seed.
    /// let offload = InlineOffload::with_latency(|job| Duration::from_millis(5 + job.stream().below(16)));
    /// # let _ = offload;
    /// ```
    pub fn with_latency(latency: impl FnMut(&mut Job) -> Duration + 'static) -> Self {
        InlineOffload {
            latency: Box::new(latency),
            jobs: BTreeMap::new(),
            ends: BTreeMap::new(),
        }
    }
}

impl Default for InlineOffload {
    fn default() -> Self {
        InlineOffload::new()
    }
}

impl Offload for InlineOffload {
    fn submit(&mut self, mut job: Job, now: Time) {
        let end = now.saturating_add((self.latency)(&mut job));
        self.ends.insert(job.id(), end);
        self.jobs.insert((end, job.id()), job);
    }

    fn cancel(&mut self, id: JobId) -> Option<Job> {
        let end = self.ends.remove(&id)?;
        self.jobs.remove(&(end, id))
    }

    /// Drops all its jobs, in no time.
    fn shutdown(&mut self, _: Duration) -> Leftover {
        let jobs = std::mem::take(&mut self.jobs);
        self.ends.clear();
        Leftover::new(jobs.len() as u64, 0)
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn next_due(&self) -> Option<Time> {
        self.jobs.first_key_value().map(|(&(end, _), _)| end)
    }

    fn pop_due(&mut self, now: Time) -> Option<Job> {
        let first = self.jobs.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        self.ends.remove(&first.key().1);
        Some(first.remove())
    }
}

impl fmt::Debug for InlineOffload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InlineOffload({} jobs)", self.jobs.len())
    }
}
