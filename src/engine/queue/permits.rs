//! Permits: how many attempts may use each pool at once, and which work is next.
//!
//! Pool 0 is `max_concurrency`; the others are named. An attempt takes all the permits it needs at once or none.
//! Waiting works are in lanes, one for each (priority, returner or not, needs). A work behind the head of its lane
//! lacks what the head lacks, and within a lane the order of arrival is exact. Between lanes, in (priority, returner,
//! arrival) order, a work may be overtaken only by works that need none of the pools it lacks. So a grant looks at
//! the heads only.
//!
//! Invariant: `used` of a pool is the sum of what the works with the flag `PERMIT` need of it (L20). `waiting` is the
//! number of works in all lanes. `changes` is 0 only if nothing can be granted.
//!
//! Trap: the flags and marks that decide a work's lane or needs must not change while it waits or holds permits.
//!
//! An example with the lanes of a program, in their order. The first head that fits gets its permits, unless a head
//! before it lacks one of its pools. Where two lanes share priority and class, the head that came first is asked first:
//!
//! | priority | class | needs |
//! | --- | --- | --- |
//! | 1 | arrival | general |
//! | 0 | returner | general |
//! | 0 | arrival | general |
//! | 0 | arrival | general, 2 of `disk` |
//! | -1 | head retry | general |

use crate::engine::queue::lanes::{CLASSES, Class, Key, Lane, PLAIN, Rank};
use crate::engine::queue::list::List;
use crate::engine::store::arena::Arena;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::record::{Pool, Record};
use crate::work::{Name, RetryPosition};
use smallvec::SmallVec;

/// The general pool, bounded by `max_concurrency`.
pub(crate) const GENERAL: Pool = 0;

/// How many permits of a pool there are, and how many are out.
struct Counter {
    /// The name of the pool.
    name: Name,
    /// How many permits there are. It may be lowered below `used`.
    capacity: u32,
    /// How many permits are out.
    used: u32,
}

/// The capacities of a configuration: that of the general pool, and those of the named ones.
#[derive(Default)]
pub(crate) struct Capacities {
    pub general: u32,
    pub named: Vec<(Name, u32)>,
}

/// The pools and the queue of one scheduler.
pub(crate) struct Permits {
    /// Pool 0. Most works need one permit of it and nothing else, and each of their steps looks at it.
    general: Counter,
    /// The pools from 1 on.
    named: Vec<Counter>,
    /// What a reset goes back to.
    configured: Capacities,
    /// The lanes, sorted by their keys. All have works, but for the last one that is left.
    pub(super) lanes: Vec<Lane>,
    /// Whether every work so far needs the general permit, and none has a priority or retries at the head. Then the
    /// order of arrival is the order of grants.
    pub by_arrival: bool,
    /// How many works wait, in all lanes.
    pub(super) waiting: u32,
    /// How many arrivals have been noted, which numbers them.
    arrivals: u64,
    /// Whether some work has needed more than the general permit. Once true, it stays true.
    needs_differ: bool,
    /// By slot, the arrival of each waiting work; kept once needs differ, since until then each rank has one lane.
    pub(super) arrived: Vec<u64>,
    /// Changes since the engine last found that it can grant nothing. A turn that frees no permit pays for one
    /// comparison only.
    changes: usize,
}

impl Permits {
    /// Returns the pools with these capacities, and no work that waits.
    pub fn new(configured: Capacities) -> Self {
        let general = Counter {
            name: Name::Static("max_concurrency"),
            capacity: configured.general,
            used: 0,
        };
        let mut permits = Permits {
            general,
            named: Vec::new(),
            configured: Capacities::default(),
            lanes: Vec::new(),
            by_arrival: true,
            waiting: 0,
            arrivals: 0,
            needs_differ: false,
            arrived: Vec::new(),
            changes: 0,
        };
        for (name, capacity) in configured.named.iter().cloned() {
            permits.set_capacity(name, capacity);
        }
        permits.configured = configured;
        permits
    }

    /// Goes back to the pools as they were configured, but keeps the room of the queue.
    #[inline]
    pub fn clear(&mut self) {
        if !self.named.is_empty() {
            *self = Permits::new(std::mem::take(&mut self.configured));
            return;
        }
        // Field by field, since a search resets too often to make them anew.
        (self.general.capacity, self.general.used) = (self.configured.general, 0);
        self.lanes.clear();
        self.arrived.clear();
        (self.by_arrival, self.needs_differ) = (true, false);
        (self.waiting, self.arrivals, self.changes) = (0, 0, 0);
    }

    /// Returns the pool of this name. O(pools).
    pub fn find(&self, name: &str) -> Option<Pool> {
        self.pools().find(|&pool| **self.name(pool) == *name)
    }

    /// Returns a pool, which there is.
    #[inline]
    fn pool(&self, pool: Pool) -> &Counter {
        match pool.checked_sub(1) {
            None => &self.general,
            Some(index) => &self.named[index as usize],
        }
    }

    /// Returns a pool for changes.
    fn pool_mut(&mut self, pool: Pool) -> &mut Counter {
        match pool.checked_sub(1) {
            None => &mut self.general,
            Some(index) => &mut self.named[index as usize],
        }
    }

    /// Returns how many permits the pool has.
    #[inline]
    pub fn capacity(&self, pool: Pool) -> u32 {
        self.pool(pool).capacity
    }

    /// Returns how many permits of the pool are out.
    pub fn used(&self, pool: Pool) -> u32 {
        self.pool(pool).used
    }

    /// Returns the name of the pool. The general one is called `max_concurrency`.
    pub fn name(&self, pool: Pool) -> &Name {
        &self.pool(pool).name
    }

    /// Returns all pools. Their numbers never change.
    pub fn pools(&self) -> std::ops::Range<Pool> {
        0..self.named.len() as Pool + 1
    }

    /// Makes a pool, or changes its capacity. Permits that are out stay out. A work that waits and needs more than a
    /// lowered capacity goes on waiting.
    pub fn set_capacity(&mut self, name: Name, capacity: u32) {
        match self.find(&name) {
            Some(pool) => self.pool_mut(pool).capacity = capacity,
            None => self.named.push(Counter {
                name,
                capacity,
                used: 0,
            }),
        }
        self.changes += 1;
    }

    /// Notes that works need different permits from now on. O(waiting works), once.
    pub fn let_needs_differ(&mut self, arena: &Arena) {
        if !std::mem::replace(&mut self.needs_differ, true) {
            for lane in 0..self.lanes.len() {
                // Until now each rank had one lane, so the lanes still tell the order in which these works arrived.
                for slot in self.lanes[lane].list.iter(arena) {
                    self.note_arrival(slot);
                }
            }
        }
    }

    /// Notes that the work arrives now, after all that wait. Amortised O(1).
    fn note_arrival(&mut self, slot: u32) {
        self.arrivals += 1;
        if self.arrived.len() <= slot as usize {
            self.arrived.resize(slot as usize + 1, 0);
        }
        self.arrived[slot as usize] = self.arrivals;
    }

    /// Returns how many works wait for a permit.
    #[inline]
    pub fn waiting(&self) -> u32 {
        self.waiting
    }

    /// Returns how many changes may let a waiting work go; 0 if none has come since [`Permits::seen`].
    #[inline]
    pub fn changes(&self) -> usize {
        self.changes
    }

    /// Returns how many permits of the pool are free.
    #[inline]
    pub(super) fn free(&self, pool: Pool) -> u32 {
        let pool = self.pool(pool);
        // More may be out than there are, after the capacity has been lowered.
        pool.capacity.saturating_sub(pool.used)
    }

    /// Returns whether a general permit is free.
    #[inline]
    pub fn is_general_free(&self) -> bool {
        self.general.used < self.general.capacity
    }

    /// Returns whether the work needs no permit at all. Its attempts never wait, and it is never in a lane.
    #[inline]
    pub fn needs_none(&self, arena: &Arena, slot: u32) -> bool {
        arena.is(slot, flag::NO_PERMIT) && arena.at(slot).marks & mark::POOLS == 0
    }

    /// Returns the permits that the work needs, by pool. They are sorted by pool, each pool once.
    pub(super) fn needs(arena: &Arena, slot: u32) -> impl Iterator<Item = (Pool, u32)> {
        let weights = match arena.at(slot).marks & mark::POOLS {
            0 => &[],
            _ => Self::named_needs(arena, slot),
        };
        // Weights are sorted by pool, and a weight of the general pool includes the general permit.
        let weighs_general = weights.first().is_some_and(|&(pool, _)| pool == GENERAL);
        let needs_general = !arena.is(slot, flag::NO_PERMIT) && !weighs_general;
        let general = needs_general.then_some((GENERAL, 1));
        general.into_iter().chain(weights.iter().copied())
    }

    /// Returns the pools whose permits the work needs, sorted.
    pub fn pools_of(arena: &Arena, slot: u32) -> SmallVec<[Pool; 2]> {
        Self::needs(arena, slot).map(|(pool, _)| pool).collect()
    }

    /// Returns whether all that the work needs is free now. It says nothing of works that wait and go first.
    #[inline]
    pub fn fits(&self, arena: &Arena, slot: u32) -> bool {
        let record = arena.at(slot);
        if record.marks & mark::POOLS == 0 {
            return self.is_general_free() || record.flags.has(flag::NO_PERMIT);
        }
        Self::needs(arena, slot).all(|(pool, weight)| self.free(pool) >= weight)
    }

    /// Takes what the work needs, and sets its flag.
    ///
    /// The caller has seen that it [fits](Permits::fits). The work is in no lane.
    #[inline]
    pub fn take(&mut self, arena: &mut Arena, slot: u32) {
        let record = arena.at_mut(slot);
        debug_assert!(!record.flags.has(flag::PERMIT));
        record.flags.set(flag::PERMIT);
        if record.marks & mark::POOLS == 0 {
            return self.count_general(record);
        }
        for (pool, weight) in Self::needs(arena, slot) {
            self.pool_mut(pool).used += weight;
        }
    }

    /// Takes the general permit, if the work needs it, for a work that has its flag and needs nothing else. The flag
    /// was set together with other flags.
    #[inline]
    pub fn count_general(&mut self, record: &Record) {
        debug_assert!(record.flags.has(flag::PERMIT) && record.marks & mark::POOLS == 0);
        self.general.used += !record.flags.has(flag::NO_PERMIT) as u32;
    }

    /// Gives back what the work holds, if it holds anything. O(pools that the work needs).
    #[inline]
    pub fn give_back(&mut self, arena: &mut Arena, slot: u32) {
        if !arena.take(slot, flag::PERMIT) {
            return;
        }
        let record = arena.at(slot);
        if record.marks & mark::POOLS == 0 {
            self.general.used -= !record.flags.has(flag::NO_PERMIT) as u32;
        } else {
            for (pool, weight) in Self::needs(arena, slot) {
                self.pool_mut(pool).used -= weight;
            }
        }
        self.changes += (self.waiting > 0) as usize;
    }

    /// Gives back the general permit of a work that holds nothing else. The caller clears the flag.
    #[inline]
    pub fn give_back_general(&mut self) {
        self.general.used -= 1;
        self.changes += (self.waiting > 0) as usize;
    }

    /// Returns the rank that the work has if it joins now.
    #[inline]
    fn rank(arena: &Arena, slot: u32) -> Rank {
        let extras = arena.extension(slot).map(|extension| &extension.extras);
        let priority = extras.map_or(0, |extras| extras.priority);
        // Turned round, the highest priority gives the lowest rank, which is the earliest. An i16 holds the difference.
        let priority = (i8::MAX as i16 - priority as i16) as u16;
        // Only a retry can go to the head: the first attempt arrives like any other (L18).
        let is_head = || extras.is_some_and(|e| e.retry_position == RetryPosition::Head);
        let class = if arena.is(slot, flag::RETURNER) {
            Class::Returner
        } else if arena.is(slot, flag::TRIED) && is_head() {
            Class::HeadRetry
        } else {
            Class::Arrival
        };
        priority * CLASSES + class as u16
    }

    /// Returns what the work needs besides the general permit.
    #[inline]
    fn named_needs(arena: &Arena, slot: u32) -> &[(Pool, u32)] {
        arena
            .extension(slot)
            .map_or(&[], |extension| &extension.needs)
    }

    /// Returns the key of the lane in which the work waits, or would wait.
    #[inline]
    pub(super) fn key(arena: &Arena, slot: u32) -> Key<'_> {
        let general = !arena.is(slot, flag::NO_PERMIT);
        let needs = Self::named_needs(arena, slot);
        (Self::rank(arena, slot), general, needs)
    }

    /// Returns the lane of this key, or where it belongs.
    #[inline]
    fn find_lane(&self, key: Key<'_>) -> Result<usize, usize> {
        match &self.lanes[..] {
            [lane] if lane.key() == key => Ok(0),
            lanes => lanes.binary_search_by(|lane| lane.key().cmp(&key)),
        }
    }

    /// Puts a work at the end of its lane. The state of the work is Queued. A new lane costs O(lanes); else O(log
    /// lanes).
    pub fn join(&mut self, arena: &mut Arena, slot: u32) {
        self.waiting += 1;
        self.changes += 1;
        // If no work so far has had another rank or need, the only lane needs no search.
        let plain = self.by_arrival && !self.needs_differ && !arena.is(slot, flag::RETURNER);
        if let [lane] = &mut self.lanes[..]
            && plain
            && lane.rank == PLAIN
        {
            return lane.list.push_back(arena, slot);
        }
        if self.needs_differ {
            self.note_arrival(slot);
        }
        let key = Self::key(arena, slot);
        let lane = self.find_lane(key).unwrap_or_else(|place| {
            let (rank, general, needs) = key;
            let lane = Lane {
                rank,
                general,
                needs: needs.into(),
                list: List::EMPTY,
            };
            self.lanes.insert(place, lane);
            place
        });
        self.lanes[lane].list.push_back(arena, slot);
    }

    /// Takes a work out of its lane. An empty lane goes. Its flags are those with which it joined. O(lanes).
    pub fn leave(&mut self, arena: &mut Arena, slot: u32) {
        let lane = self.find_lane(Self::key(arena, slot));
        let lane = lane.expect("a queued work has a lane");
        self.lanes[lane].list.remove(arena, slot);
        // One lane stays: most programs only ever have one.
        if self.lanes[lane].list.is_empty() && self.lanes.len() > 1 {
            self.lanes.remove(lane);
        }
        self.waiting -= 1;
        self.changes += 1;
    }

    /// Notes that the engine can grant nothing until something changes. The caller has just found that.
    #[inline]
    pub fn seen(&mut self) {
        self.changes = 0;
    }
}
