//! Counters, as a program reads them.
//!
//! To add a counter, add it to [`WorkSchedulerMetrics`] and to the `Recorder`. The compiler then asks for its value in
//! the one place where the metrics are made.

use crate::work::WorkState;

/// Counters of a scheduler, kept as things happen. Reading them is O(1).
///
/// They count each work, children included. A child that failed stays counted after a retry of its parent succeeds. So
/// they do not say whether a tree succeeded; the [`outcome`](crate::WorkScheduler::outcome) of its root does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct WorkSchedulerMetrics {
    /// Works ever added.
    pub total: u64,
    /// Works that are Pending, Queued or Retrying.
    pub pending: u64,
    /// Works that are Running, Waiting, Joining or Aborting.
    pub running: u64,
    /// Works that have settled as Success, reclaimed ones included.
    pub success: u64,
    /// Works that have settled as Failed, reclaimed ones included.
    pub failed: u64,
    /// Works that have settled as Blocked, reclaimed ones included.
    pub blocked: u64,
    /// Works that have settled as Cancelled, reclaimed ones included.
    pub cancelled: u64,
    /// Attempts ever begun.
    pub attempts: u64,
    /// Retries that the works in the scheduler have left.
    pub retries_left: u64,
    /// Works by state, in the order of [`WorkState::ALL`]; settled ones include reclaimed ones.
    pub by_state: [u64; WorkState::COUNT],
    /// Works in the scheduler, including settled works that have not been reclaimed.
    pub in_scheduler: u64,
    /// Turns ever given.
    pub turns: u64,
    /// Aborts that were ended by force, after their grace or because nothing could have woken the work.
    pub forced_aborts: u64,
    /// Jobs that still ran when the grace of their attempt was over. Nothing waits for them any more.
    pub abandoned_jobs: u64,
    /// Turns, hooks and drops that panicked. Drops are those of works, outputs, errors and panic payloads, and of
    /// callbacks and the like that were never called, on the scheduler's thread.
    ///
    /// A drop by the host counts for a later scheduler on that thread: the next one whose works settle or back off,
    /// or whose metrics are read.
    pub panics: u64,
    /// Calls of the program's other code that panicked. These are `on_settled` callbacks, posted closures, event
    /// sinks, deciders and notifiers; `name`, `status` and `progress` of works; the methods of an offload.
    ///
    /// Drops of jobs and of their results on other threads count, too. (The panic of a job itself is its ticket's
    /// failure.)
    pub callback_panics: u64,
    /// Events that had no room in the buffer of `poll_event`, or that the sink did not take.
    pub events_dropped: u64,
}

impl WorkSchedulerMetrics {
    /// Returns how many works are in `state`. O(1).
    pub fn in_state(&self, state: WorkState) -> u64 {
        self.by_state[state as usize]
    }

    /// Returns how many works have not settled. O(1).
    pub fn unsettled(&self) -> u64 {
        self.pending + self.running
    }
}
