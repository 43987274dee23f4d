//! Wall time of turns: a clock that the host lends, and what it has measured.
//!
//! Invariant: without a clock nothing here is made, and a turn does not come here.
//!
//! The names of roots are bounded, since a program may name each root anew and run for ever.

use crate::engine::panics::{Contained, Guard};
use crate::time::Time;
use crate::work::{Name, WorkId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most names of roots whose turns are kept apart.
const MAX_ROOTS: usize = 1_024;

/// The wall time of all turns since the clock was set: see
/// [`WorkScheduler::wall_time`](crate::WorkScheduler::wall_time).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct WallTime {
    /// Turns that were measured.
    pub turns: u64,
    /// The wall time of all these turns together.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::nanos"))]
    pub total: Duration,
    /// The wall time of the longest turn.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::nanos"))]
    pub longest: Duration,
    /// Turns that took at least [`WorkSchedulerConfig::slow_turn`](crate::WorkSchedulerConfig::slow_turn).
    pub slow_turns: u64,
    /// The turns of each root work and the works below it, the longest total first. Roots of one name count as one.
    /// Roots beyond the first 1,024 names are in the other fields only.
    pub by_root: Vec<RootTime>,
}

/// The wall time of the turns of a root work and of all works below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct RootTime {
    /// The name of the root work.
    pub name: Name,
    /// Turns that were measured.
    pub turns: u64,
    /// The wall time of these turns together.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::nanos"))]
    pub total: Duration,
}

impl WallTime {
    /// Returns the part of the time of all turns that the roots of this name took, from 0 to 1; 0 for an unknown name.
    /// O(roots).
    pub fn share(&self, root: &str) -> f64 {
        let of_root = self.by_root.iter().find(|time| time.name == *root);
        match of_root {
            Some(time) if !self.total.is_zero() => time.total.div_duration_f64(self.total),
            _ => 0.0,
        }
    }
}

/// The turn that is being measured. It has the names, since the work may be gone when the turn is over.
pub(crate) struct MeasuredTurn {
    pub id: WorkId,
    pub name: Name,
    pub root: Name,
    pub attempt: u32,
    pub began: Time,
}

/// The host's clock, and what it has measured.
pub(crate) struct WallClock {
    clock: Contained<Box<dyn FnMut() -> Time>>,
    /// The last reading. A clock that goes back stands still here.
    pub last: Time,
    /// The turn that is being measured.
    pub turn: Option<MeasuredTurn>,
    /// The sums, without the roots.
    sums: WallTime,
    /// Turns and nanoseconds by the name of the root.
    roots: BTreeMap<Name, (u64, u64)>,
}

impl WallClock {
    pub fn new(clock: Box<dyn FnMut() -> Time>) -> Self {
        WallClock {
            clock: Contained::new(clock),
            last: Time::ZERO,
            turn: None,
            sums: WallTime::default(),
            roots: BTreeMap::new(),
        }
    }

    /// Reads the clock. A clock that panics stands still, and `guard` counts it.
    pub fn read(&mut self, guard: &Guard) -> Time {
        let clock = &mut self.clock;
        let reading = guard.call("the clock", &mut **clock);
        self.last = reading.map_or(self.last, |now| now.max(self.last));
        self.last
    }

    /// Counts a turn. O(log roots).
    pub fn count(&mut self, root: Name, took: Duration, slow: bool) {
        let sums = &mut self.sums;
        sums.turns += 1;
        sums.total = sums.total.saturating_add(took);
        sums.longest = sums.longest.max(took);
        sums.slow_turns += slow as u64;
        if self.roots.len() < MAX_ROOTS || self.roots.contains_key(&root) {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            let (turns, total) = self.roots.entry(root).or_default();
            *turns += 1;
            *total = total.saturating_add(nanos);
        }
    }

    /// Returns what has been measured. O(roots log roots).
    pub fn measured(&self) -> WallTime {
        let roots = self.roots.iter();
        let mut by_root: Vec<RootTime> = roots
            .map(|(name, &(turns, nanos))| RootTime {
                name: name.clone(),
                turns,
                total: Duration::from_nanos(nanos),
            })
            .collect();
        // A stable sort, so that names decide between equal totals.
        by_root.sort_by_key(|root| std::cmp::Reverse(root.total));
        WallTime {
            by_root,
            ..self.sums.clone()
        }
    }

    /// Forgets what has been measured, and keeps the clock.
    pub fn clear(&mut self) {
        self.turn = None;
        self.sums = WallTime::default();
        self.roots.clear();
    }
}
