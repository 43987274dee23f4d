//! Snapshots: every work at one moment.
//!
//! A snapshot costs O(works log works + edges), copies names and lists, and asks each work for its progress and its
//! status. A program that asks often should ask for one work at a time.

use super::AskWork;
use super::status::Report;
use crate::engine::Engine;
use crate::engine::graph::Entry;
use crate::engine::store::flags::{flag, mark};
use crate::time::Time;
use crate::work::{EdgeKind, Failure, Name, Progress, RootCause, WorkId, WorkState};
use std::time::Duration;

/// One work at one moment.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WorkSnapshot {
    /// The work.
    pub id: WorkId,
    /// The name of the work.
    pub name: Name,
    /// The state of the work.
    pub state: WorkState,
    /// The works that this one is after, satisfied ones included, in the order in which they were given.
    pub deps: Vec<WorkId>,
    /// The works in `deps` that this one only needs to see settled: see
    /// [`Spec::after_settled`](crate::Spec::after_settled).
    pub after_settled: Vec<WorkId>,
    /// The works that are after this one, in the order in which they were given.
    pub dependents: Vec<WorkId>,
    /// The work that owns this one.
    pub parent: Option<WorkId>,
    /// Attempts begun since the work was added or restarted.
    pub attempts: u32,
    /// Retries that the work has left.
    pub retries_left: u32,
    /// The last failure of the work, even if a later attempt succeeded. A restart clears it.
    pub last_error: Option<Failure>,
    /// The duration of the last ended attempt, in the scheduler's time. With
    /// [`set_clock`](crate::WorkScheduler::set_clock) it is a wall time, and so is `total_duration`.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::time::nanos::option::serialize")
    )]
    pub last_duration: Option<Duration>,
    /// The duration of all attempts together, the present one included.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::time::nanos::serialize")
    )]
    pub total_duration: Duration,
    /// For a Blocked work, the work whose failure keeps it from running.
    pub root_cause: Option<RootCause>,
    /// The instant of the work's earliest timer: alarm, back-off, grace, attempt timeout or deadline.
    pub next_deadline: Option<Time>,
    /// How far the work is, by itself or as the sum over its children: see
    /// [`WorkScheduler::progress_of`](crate::WorkScheduler::progress_of).
    pub progress: Option<Progress>,
    /// What the work says of itself: the line that its [`status`](crate::Work::status) writes. It is empty if the work
    /// says nothing or has settled.
    pub status: String,
}

impl Engine {
    /// As [`WorkScheduler::snapshot`](crate::WorkScheduler::snapshot). The works stand in the order in which they were
    /// added.
    pub(crate) fn snapshot(&self, works: &dyn AskWork) -> Vec<WorkSnapshot> {
        // All works share one report, so each is asked for its progress once.
        let report = Report::new(self, works);
        self.arena
            .slots_by_age()
            .into_iter()
            .map(|slot| self.snapshot_of(slot, &report))
            .collect()
    }

    /// Returns the snapshot of one work. O(its edges). After a whole graph was added, the first call makes the lists of
    /// edges into works.
    fn snapshot_of(&self, slot: u32, report: &Report<'_>) -> WorkSnapshot {
        let (record, cold) = (self.arena.at(slot), self.arena.cold(slot));
        let (last_duration, total_duration) = self.durations(slot);
        let ins = || self.graph.ins(&self.arena, slot);
        let peer = |edge: Entry| self.id(edge.peer());
        let only_settled = |&edge: &Entry| {
            let out = self.graph.out_of(&self.arena, edge);
            out.kind() == EdgeKind::AfterSettled
        };
        // No `..`, so that the compiler asks here for the value of a new field.
        WorkSnapshot {
            id: self.id(slot),
            name: cold.name.clone(),
            state: record.state,
            deps: ins().map(peer).collect(),
            after_settled: ins().filter(only_settled).map(peer).collect(),
            dependents: self.graph.outs(&self.arena, slot).map(peer).collect(),
            parent: self.arena.parent(slot).map(|parent| self.id(parent)),
            attempts: self.arena.attempt(slot),
            retries_left: cold.retries_left,
            last_error: cold.error.cloned(),
            last_duration,
            total_duration,
            root_cause: cold.error.and_then(RootCause::of),
            next_deadline: self.earliest_timer(slot),
            progress: report.progress(slot),
            status: report.words(slot, 0).to_string(),
        }
    }

    /// Returns the duration of the last ended attempt, and that of all attempts together.
    fn durations(&self, slot: u32) -> (Option<Duration>, Duration) {
        let (record, extension) = (self.arena.at(slot), self.arena.extension(slot));
        // During an attempt the record has its start, and the extension the durations before it.
        if record.marks & mark::ATTEMPT != 0 {
            let present = self.last_stamp().saturating_sub(record.began_or_took);
            // In the first attempt no attempt has ended, and the field `last` still has no duration.
            let last = extension
                .filter(|_| self.arena.attempt(slot) > 1)
                .map(|extension| Duration::from_nanos(extension.last));
            let ended = extension.map_or(0, |extension| extension.total);
            return (last, Duration::from_nanos(ended.saturating_add(present)));
        }
        let last = record
            .flags
            .has(flag::TRIED)
            .then(|| Duration::from_nanos(record.began_or_took));
        (
            last,
            Duration::from_nanos(
                extension.map_or(record.began_or_took, |extension| extension.total),
            ),
        )
    }
}
