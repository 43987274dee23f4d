//! Measures of works: what the engine keeps of each work, and the groups into which it counts.
//!
//! Invariant: an entry has the state of its work. A work has the stamp `queued` only while it waits for permits, and
//! the stamp `ready` only while it has a turn coming. A work that has been reclaimed has no entry.
//!
//! A work that becomes ready is not stamped. Time stands still within a crank, so the works without a stamp are stamped
//! when time goes on. Those that have their turns before that have waited for nothing.

use super::{GroupMetrics, Measure, NameMetrics};
use crate::time::Time;
use crate::work::{Name, WorkState};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// The groups of a work: a row for its name unless that is among the others, and its pools.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    row: Option<usize>,
    pools: SmallVec<[u32; 2]>,
}

/// What is kept of one work.
struct Entry {
    groups: Groups,
    state: WorkState,
    /// The time since which the work waits for permits.
    queued: Option<Time>,
    /// The time since which the work has a turn coming, if that is before the present crank.
    ready: Option<Time>,
}

/// The measures of all works of a scheduler.
pub(crate) struct WorkMeasures {
    measure: Measure,
    /// By slot. As long as the highest slot ever used.
    entries: Vec<Option<Entry>>,
    rows: Rows,
    /// The groups of the work whose turn it is. The work may be gone when its turn is over.
    turn: Option<Groups>,
}

/// The groups, with what was counted.
#[derive(Default)]
struct Rows {
    all: GroupMetrics,
    pools: Vec<GroupMetrics>,
    /// The places of names in `names`.
    places: BTreeMap<Name, usize>,
    names: Vec<GroupMetrics>,
    other: GroupMetrics,
}

impl Rows {
    /// Changes each group of a work.
    fn each(&mut self, groups: &Groups, change: impl Fn(&mut GroupMetrics)) {
        change(&mut self.all);
        change(match groups.row {
            Some(row) => &mut self.names[row],
            None => &mut self.other,
        });
        for &pool in &groups.pools {
            change(&mut self.pools[pool as usize]);
        }
    }

    /// Returns the place of the group with this name, and makes one if there is room. O(log groups).
    fn place(&mut self, name: &str, most: usize) -> Option<usize> {
        if let Some(&place) = self.places.get(name) {
            return Some(place);
        }
        if self.names.len() >= most {
            return None;
        }
        self.names.push(GroupMetrics::default());
        let place = self.names.len() - 1;
        self.places.insert(Name::from(name.to_owned()), place);
        Some(place)
    }
}

impl WorkMeasures {
    pub fn new(measure: Measure) -> Self {
        WorkMeasures {
            measure,
            entries: Vec::new(),
            rows: Rows::default(),
            turn: None,
        }
    }

    /// Forgets all works and groups.
    pub fn clear(&mut self) {
        *self = WorkMeasures::new(self.measure);
    }

    /// Enters a work that has just been added, with the pools that it needs. O(log groups).
    pub fn enter(&mut self, slot: u32, name: &str, pools: SmallVec<[u32; 2]>, state: WorkState) {
        let row = match self.measure {
            Measure::ByPool => None,
            Measure::ByName { most } => self.rows.place(name, most),
            Measure::ByPrefix { end, most } => {
                let prefix = name.split_once(end).map_or(name, |(prefix, _)| prefix);
                self.rows.place(prefix, most)
            }
        };
        let pools_known = pools.iter().map(|&pool| pool as usize + 1).max();
        if pools_known > Some(self.rows.pools.len()) {
            let new = GroupMetrics::default();
            self.rows.pools.resize(pools_known.unwrap_or(0), new);
        }
        let groups = Groups { row, pools };
        self.rows
            .each(&groups, |group| group.by_state[state as usize] += 1);
        if self.entries.len() <= slot as usize {
            self.entries.resize_with(slot as usize + 1, || None);
        }
        self.entries[slot as usize] = Some(Entry {
            groups,
            state,
            queued: None,
            ready: None,
        });
    }

    fn entry(&mut self, slot: u32) -> Option<(&mut Entry, &mut Rows)> {
        let entry = self.entries.get_mut(slot as usize)?.as_mut()?;
        Some((entry, &mut self.rows))
    }

    /// Returns whether the work has been entered.
    pub fn has(&self, slot: u32) -> bool {
        self.entries.get(slot as usize).is_some_and(Option::is_some)
    }

    /// Notes that a work which has been entered changes into the state `to`.
    pub fn change(&mut self, slot: u32, to: WorkState) {
        let Some((entry, rows)) = self.entry(slot) else {
            return;
        };
        let from = std::mem::replace(&mut entry.state, to);
        // A change of the state ends a wait for a turn, or comes together with a new one.
        entry.ready = None;
        rows.each(&entry.groups, |group| {
            group.by_state[from as usize] -= 1;
            group.by_state[to as usize] += 1;
        });
    }

    /// Notes that the work waits for permits since `now`, or no more.
    pub fn queue(&mut self, slot: u32, now: Option<Time>) {
        if let Some((entry, _)) = self.entry(slot) {
            entry.queued = now;
        }
    }

    /// Notes that the work has been given its permits.
    pub fn grant(&mut self, slot: u32, now: Time) {
        let Some((entry, rows)) = self.entry(slot) else {
            return;
        };
        let wanted = entry.queued.take().unwrap_or(now);
        if !entry.groups.pools.is_empty() {
            rows.each(&entry.groups, |group| {
                group.permit_wait.record(now - wanted);
            });
        }
    }

    /// Counts an attempt that begins.
    pub fn begin_attempt(&mut self, slot: u32) {
        if let Some((entry, rows)) = self.entry(slot) {
            rows.each(&entry.groups, |group| group.attempts += 1);
        }
    }

    /// Takes an attempt back that has had no turn.
    pub fn revoke_attempt(&mut self, slot: u32) {
        if let Some((entry, rows)) = self.entry(slot) {
            rows.each(&entry.groups, |group| group.attempts -= 1);
        }
    }

    /// Stamps the works that have become ready in the last crank with its time. They are the last in the order of
    /// turns, so the walk from the end stops at the first that has a stamp. Amortised O(1) for each turn.
    pub fn stamp_ready(&mut self, newest_first: impl Iterator<Item = u32>, now: Time) {
        for slot in newest_first {
            match self.entry(slot) {
                Some((entry, _)) if entry.ready.is_none() => entry.ready = Some(now),
                _ => return,
            }
        }
    }

    /// Counts a turn that begins.
    pub fn begin_turn(&mut self, slot: u32, now: Time) {
        let Some((entry, rows)) = self.entry(slot) else {
            return;
        };
        let ready = entry.ready.take().unwrap_or(now);
        rows.each(&entry.groups, |group| {
            group.turns += 1;
            group.queue_age.record(now - ready);
        });
        self.turn = Some(entry.groups.clone());
    }

    /// Records how long the turn took that has begun last.
    pub fn end_turn(&mut self, took: std::time::Duration) {
        if let Some(groups) = self.turn.take() {
            self.rows
                .each(&groups, |group| group.turn_duration.record(took));
        }
    }

    /// Forgets a work that is reclaimed. Its groups keep what they have counted.
    pub fn forget(&mut self, slot: u32) {
        if let Some(entry) = self.entries.get_mut(slot as usize) {
            *entry = None;
        }
    }

    /// Returns the group of all works.
    pub fn all(&self) -> &GroupMetrics {
        &self.rows.all
    }

    /// Returns the group of a pool.
    pub fn of_pool(&self, pool: u32) -> GroupMetrics {
        let group = self.rows.pools.get(pool as usize);
        group.cloned().unwrap_or_default()
    }

    /// Returns the groups by name, sorted by name, and that of all other works. O(groups).
    pub fn by_name(&self) -> (Vec<NameMetrics>, GroupMetrics) {
        let places = self.rows.places.iter();
        let groups = places.map(|(name, &place)| NameMetrics {
            name: name.clone(),
            works: self.rows.names[place].clone(),
        });
        (groups.collect(), self.rows.other.clone())
    }

    /// Returns how many works have entries.
    pub fn len(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    /// Returns what the entry of a work says: its state, and whether it waits for permits and for a turn.
    pub fn facts(&self, slot: u32) -> Option<(WorkState, bool, bool)> {
        let entry = self.entries.get(slot as usize)?.as_ref()?;
        Some((entry.state, entry.queued.is_some(), entry.ready.is_some()))
    }
}
