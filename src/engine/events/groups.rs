//! Metrics of groups of works, as a program reads them: of all works, by pool and by name.

use super::{Histogram, WorkSchedulerMetrics};
use crate::work::{Name, WorkState};

/// How a scheduler that measures its works tells them apart by name: see
/// [`WorkSchedulerConfig::measure`](crate::WorkSchedulerConfig::measure).
///
/// A program may make up names without end. So a scheduler keeps at most `most` names apart, those that come first. The
/// works of all other names share one group, [`Metrics::other`]. A group takes about 1 kB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// Works are told apart by pool only.
    ByPool,
    /// Works of one name are a group.
    ByName {
        /// The most groups.
        most: usize,
    },
    /// Works whose names begin alike are a group. With `'/'` as its end, `get` is the group of `get/3f` and of `get`.
    ByPrefix {
        /// The character before which the group's name ends. A name without it is its own group.
        end: char,
        /// The most groups.
        most: usize,
    },
}

/// What a scheduler has counted and measured: see [`WorkScheduler::measured`](crate::WorkScheduler::measured).
///
/// Every work is in `all`. It is in the groups of the pools whose permits it needs, which may be none. And it is in one
/// group of `by_name`, or in `other`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Metrics {
    /// The counters of the scheduler.
    pub counters: WorkSchedulerMetrics,
    /// All works.
    pub all: GroupMetrics,
    /// The pools: `max_concurrency`, then the named ones in the order in which they were made.
    pub by_pool: Vec<PoolMetrics>,
    /// The groups of [`Measure::ByName`] or [`Measure::ByPrefix`], sorted by name.
    pub by_name: Vec<NameMetrics>,
    /// The works whose names have no group of their own; all works with [`Measure::ByPool`].
    pub other: GroupMetrics,
}

/// What a scheduler has counted and measured of a group of works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct GroupMetrics {
    /// Works by state, in the order of [`WorkState::ALL`]; settled ones include reclaimed ones.
    pub by_state: [u64; WorkState::COUNT],
    /// Attempts ever begun.
    pub attempts: u64,
    /// Turns ever given.
    pub turns: u64,
    /// How long works that were ready waited for their turns, in the scheduler's time. One for each turn.
    ///
    /// Time stands still in a crank, so a turn in the crank in which its work became ready counts as zero. In a real
    /// main loop this shows how far cranks that end at their budgets fall behind. A work that the host adds or wakes
    /// between cranks counts from the last crank on.
    pub queue_age: Histogram,
    /// How long works waited for their permits, in the scheduler's time: one for each time that permits were given.
    /// Works that need no permit are left out.
    pub permit_wait: Histogram,
    /// How long turns took by the clock of [`WorkScheduler::set_clock`](crate::WorkScheduler::set_clock), with the
    /// hooks and callbacks that followed them. Empty without a clock.
    pub turn_duration: Histogram,
}

impl GroupMetrics {
    /// Returns how many works are in `state`. O(1).
    pub fn in_state(&self, state: WorkState) -> u64 {
        self.by_state[state as usize]
    }

    /// Returns how many works the group has ever had. O(1).
    pub fn works(&self) -> u64 {
        self.by_state.iter().sum()
    }
}

/// The works that need permits of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct PoolMetrics {
    /// The name of the pool.
    pub name: Name,
    /// How many permits the pool has.
    pub capacity: u32,
    /// How many of its permits works hold now. It may exceed a capacity that was lowered.
    pub used: u32,
    /// The works.
    pub works: GroupMetrics,
}

/// The works of one name, or whose names begin alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct NameMetrics {
    /// The name of the group.
    pub name: Name,
    /// The works.
    pub works: GroupMetrics,
}
