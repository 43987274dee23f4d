//! Permits: how many attempts may use what at once, and who is next.
//!
//! Pool 0 is `max_concurrency`; the others are named. An attempt takes all the permits it needs at once or none.
//! Those who wait are in lanes: one lane for each (priority, returner or not, set of pools). Within a lane order of
//! arrival is exact: if its head lacks a pool, all behind it need that pool too. Between lanes, in (priority, returner,
//! arrival) order, a work may be overtaken only by works that need none of the pools it lacks. So a grant looks at the
//! heads of the lanes only, however many wait.

use super::arena::Arena;
use super::list::List;
use super::record::{Pool, Record, flag, mark};
use crate::work::Name;
use smallvec::SmallVec;

/// The general pool, bounded by `max_concurrency`.
pub(crate) const GENERAL: Pool = 0;

struct Counter {
    name: Name,
    capacity: u32,
    used: u32,
}

/// A lane's place in the order: priority (higher first), then returners. Lower is earlier.
type Rank = u16;

struct Lane {
    rank: Rank,
    set: u32,
    list: List,
}

pub(crate) struct Permits {
    /// Pool 0: most works need one permit of it and nothing else, and each of their steps looks at it.
    general: Counter,
    /// The pools from 1 on.
    named: Vec<Counter>,
    /// The sets of named pools that works need, with and without the general one (set 0 and 1: no named pool).
    sets: Vec<(bool, SmallVec<[Pool; 2]>)>,
    lanes: Vec<Lane>,
    /// Every work until now needs the general permit, and none has a priority.
    pub by_arrival: bool,
    waiting: u32,
    arrivals: u64,
    /// By slot, when each waiting work has arrived: kept only once works need different sets of pools, since until then
    /// every rank has one lane.
    arrived: Vec<u64>,
    /// Something has changed since it was last seen that nobody can be granted.
    dirty: bool,
}

impl Permits {
    pub fn new(max_concurrency: u32) -> Self {
        let general = Counter {
            name: Name::Static("max_concurrency"),
            capacity: max_concurrency,
            used: 0,
        };
        let sets = vec![(true, SmallVec::new()), (false, SmallVec::new())];
        Permits {
            general,
            named: Vec::new(),
            sets,
            lanes: Vec::new(),
            by_arrival: true,
            waiting: 0,
            arrivals: 0,
            arrived: Vec::new(),
            dirty: false,
        }
    }

    pub fn find(&self, name: &str) -> Option<Pool> {
        self.pools().find(|&pool| **self.name(pool) == *name)
    }

    #[inline]
    fn pool(&self, pool: Pool) -> &Counter {
        match pool.checked_sub(1) {
            None => &self.general,
            Some(index) => &self.named[index as usize],
        }
    }

    fn pool_mut(&mut self, pool: Pool) -> &mut Counter {
        match pool.checked_sub(1) {
            None => &mut self.general,
            Some(index) => &mut self.named[index as usize],
        }
    }

    #[inline]
    pub fn capacity(&self, pool: Pool) -> u32 {
        self.pool(pool).capacity
    }

    pub fn used(&self, pool: Pool) -> u32 {
        self.pool(pool).used
    }

    pub fn name(&self, pool: Pool) -> &Name {
        &self.pool(pool).name
    }

    pub fn pools(&self) -> std::ops::Range<Pool> {
        0..self.named.len() as Pool + 1
    }

    /// Makes a pool, or changes its capacity. Permits that are out stay out.
    pub fn set_capacity(&mut self, name: Name, capacity: u32) {
        match self.find(&name) {
            Some(pool) => self.pool_mut(pool).capacity = capacity,
            None => self.named.push(Counter {
                name,
                capacity,
                used: 0,
            }),
        }
        self.dirty = true;
    }

    /// The index of a set of pools, for [`Needs::set`].
    pub fn intern<C: ?Sized>(
        &mut self,
        arena: &Arena<C>,
        general: bool,
        weights: &[(Pool, u32)],
    ) -> u32 {
        let set = (general, weights.iter().map(|&(pool, _)| pool).collect());
        if let Some(index) = self.sets.iter().position(|known| *known == set) {
            return index as u32;
        }
        if !self.has_sets() {
            for lane in 0..self.lanes.len() {
                for slot in self.lanes[lane].list.iter(arena) {
                    self.note_arrival(slot);
                }
            }
        }
        self.sets.push(set);
        (self.sets.len() - 1) as u32
    }

    /// Whether works need different sets of pools.
    #[inline]
    fn has_sets(&self) -> bool {
        self.sets.len() > 2
    }

    fn note_arrival(&mut self, slot: u32) {
        self.arrivals += 1;
        if self.arrived.len() <= slot as usize {
            self.arrived.resize(slot as usize + 1, 0);
        }
        self.arrived[slot as usize] = self.arrivals;
    }

    /// How many works wait for a permit.
    #[inline]
    pub fn waiting(&self) -> u32 {
        self.waiting
    }

    #[inline]
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    #[inline]
    fn free(&self, pool: Pool) -> u32 {
        let pool = self.pool(pool);
        pool.capacity.saturating_sub(pool.used)
    }

    #[inline]
    pub fn is_general_free(&self) -> bool {
        self.general.used < self.general.capacity
    }

    /// Whether the work needs no permit at all.
    #[inline]
    pub fn needs_none<C: ?Sized>(&self, arena: &Arena<C>, slot: u32) -> bool {
        arena.is(slot, flag::NO_PERMIT) && arena.at(slot).marks & mark::POOLS == 0
    }

    fn each_need<C: ?Sized>(arena: &Arena<C>, slot: u32, mut f: impl FnMut(Pool, u32)) {
        let record = arena.at(slot);
        if record.marks & mark::POOLS == 0 {
            if !record.flags.has(flag::NO_PERMIT) {
                f(GENERAL, 1);
            }
            return;
        }
        let weights = arena.rare(slot).map_or(&[][..], |rare| &rare.needs.weights);
        // Weights are sorted by pool, and one of the general pool includes the general permit.
        let weighs_general = weights.first().is_some_and(|&(pool, _)| pool == GENERAL);
        if !arena.is(slot, flag::NO_PERMIT) && !weighs_general {
            f(GENERAL, 1);
        }
        weights.iter().for_each(|&(pool, weight)| f(pool, weight));
    }

    /// Whether all that the work needs is free now.
    #[inline]
    pub fn fits<C: ?Sized>(&self, arena: &Arena<C>, slot: u32) -> bool {
        let record = arena.at(slot);
        if record.marks & mark::POOLS == 0 {
            return self.is_general_free() || record.flags.has(flag::NO_PERMIT);
        }
        let mut fits = true;
        Self::each_need(arena, slot, |pool, weight| {
            fits &= self.free(pool) >= weight
        });
        fits
    }

    /// Takes what the work needs; sets its flag.
    #[inline]
    pub fn take<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        let record = arena.at_mut(slot);
        if record.marks & mark::POOLS == 0 {
            return self.take_general(record);
        }
        debug_assert!(!record.flags.has(flag::PERMIT));
        record.flags.set(flag::PERMIT);
        Self::each_need(arena, slot, |pool, weight| {
            self.pool_mut(pool).used += weight
        });
    }

    /// The same for a work that needs the general permit at most.
    #[inline]
    pub fn take_general<C: ?Sized>(&mut self, record: &mut Record<C>) {
        debug_assert!(!record.flags.has(flag::PERMIT) && record.marks & mark::POOLS == 0);
        record.flags.set(flag::PERMIT);
        self.general.used += !record.flags.has(flag::NO_PERMIT) as u32;
    }

    /// Gives back what the work holds, if it holds anything.
    #[inline]
    pub fn give_back<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        if !arena.take(slot, flag::PERMIT) {
            return;
        }
        let record = arena.at(slot);
        if record.marks & mark::POOLS == 0 {
            self.general.used -= !record.flags.has(flag::NO_PERMIT) as u32;
        } else {
            Self::each_need(arena, slot, |pool, weight| {
                self.pool_mut(pool).used -= weight
            });
        }
        self.dirty |= self.waiting > 0;
    }

    /// The same for a work that holds the general permit and nothing else; its flag is the caller's to clear.
    #[inline]
    pub fn give_back_general(&mut self) {
        self.general.used -= 1;
        self.dirty |= self.waiting > 0;
    }

    #[inline]
    fn rank<C: ?Sized>(arena: &Arena<C>, slot: u32) -> Rank {
        let priority = arena.rare(slot).map_or(0, |rare| rare.extras.priority);
        let priority = (i8::MAX as i16 - priority as i16) as u16;
        priority * 2 + !arena.is(slot, flag::RETURNER) as u16
    }

    #[inline]
    fn set_of<C: ?Sized>(arena: &Arena<C>, slot: u32) -> u32 {
        match arena.rare(slot) {
            Some(rare) if arena.at(slot).marks & mark::POOLS != 0 => rare.needs.set,
            _ => arena.is(slot, flag::NO_PERMIT) as u32,
        }
    }

    /// The lane of this key, or where it belongs.
    #[inline]
    fn find_lane(&self, key: (Rank, u32)) -> Result<usize, usize> {
        match &self.lanes[..] {
            [lane] if (lane.rank, lane.set) == key => Ok(0),
            lanes => lanes.binary_search_by_key(&key, |lane| (lane.rank, lane.set)),
        }
    }

    /// Puts a work at the end of its lane.
    pub fn join<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        if self.has_sets() {
            self.note_arrival(slot);
        }
        let (rank, set) = (Self::rank(arena, slot), Self::set_of(arena, slot));
        let lane = self.find_lane((rank, set)).unwrap_or_else(|place| {
            let list = List::EMPTY;
            self.lanes.insert(place, Lane { rank, set, list });
            place
        });
        self.lanes[lane].list.push_back(arena, slot);
        self.waiting += 1;
        self.dirty = true;
    }

    /// Takes a work out of its lane; an empty lane goes.
    pub fn leave<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        let key = (Self::rank(arena, slot), Self::set_of(arena, slot));
        let lane = self.find_lane(key).expect("a queued work has a lane");
        self.lanes[lane].list.remove(arena, slot);
        // One lane stays: most programs only ever have that one.
        if self.lanes[lane].list.is_empty() && self.lanes.len() > 1 {
            self.lanes.remove(lane);
        }
        self.waiting -= 1;
        self.dirty = true;
    }

    /// Takes who gets the next permit out of its lane. As [`Permits::next_grant`].
    pub fn pop_grant<C: ?Sized>(&mut self, arena: &mut Arena<C>) -> Option<u32> {
        if let [lane] = &self.lanes[..] {
            let head = lane.list.head()?;
            if !self.fits(arena, head) {
                return None;
            }
            self.waiting -= 1;
            return self.lanes[0].list.pop_front(arena);
        }
        let slot = self.next_grant(arena)?;
        self.leave(arena, slot);
        Some(slot)
    }

    /// Who gets the next permit. O(lanes), whatever the number of works that wait.
    pub fn next_grant<C: ?Sized>(&self, arena: &Arena<C>) -> Option<u32> {
        if let [lane] = &self.lanes[..] {
            return lane.list.head().filter(|&slot| self.fits(arena, slot));
        }
        let mut lacking: SmallVec<[Pool; 4]> = SmallVec::new();
        for group in self.lanes.chunk_by(|a, b| a.rank == b.rank) {
            let mut heads: SmallVec<[(Option<u64>, u32); 4]> = group
                .iter()
                .filter_map(|lane| lane.list.head())
                .map(|slot| (self.arrived.get(slot as usize).copied(), slot))
                .collect();
            heads.sort_unstable();
            for (_, slot) in heads {
                let (mut fits, mut overtakes) = (true, false);
                Self::each_need(arena, slot, |pool, _| overtakes |= lacking.contains(&pool));
                Self::each_need(arena, slot, |pool, weight| {
                    if self.free(pool) < weight {
                        fits = false;
                        lacking.push(pool);
                    }
                });
                if fits && !overtakes {
                    return Some(slot);
                }
            }
        }
        None
    }

    /// Those who might get the permit in `first`'s place: the works of its lane that fit now.
    pub fn rivals<C: ?Sized>(&self, arena: &Arena<C>, first: u32) -> Vec<u32> {
        let key = (Self::rank(arena, first), Self::set_of(arena, first));
        let lane = self.find_lane(key).expect("a queued work has a lane");
        self.lanes[lane]
            .list
            .iter(arena)
            .filter(|&slot| self.fits(arena, slot))
            .collect()
    }

    /// Nobody can be granted anything until something changes.
    #[inline]
    pub fn seen(&mut self) {
        self.dirty = false;
    }

    /// The pools of which the work needs more than is free, with (free, capacity, needed).
    pub fn lacks<C: ?Sized>(&self, arena: &Arena<C>, slot: u32) -> Vec<Pool> {
        let mut lacks = Vec::new();
        Self::each_need(arena, slot, |pool, weight| {
            if self.free(pool) < weight {
                lacks.push(pool);
            }
        });
        lacks
    }

    /// What the works that hold permits take of each pool, counted anew. O(works).
    pub fn recount<C: ?Sized>(&self, arena: &Arena<C>) -> Vec<u32> {
        let mut used = vec![0; self.pools().len()];
        for slot in arena.slots().filter(|&slot| arena.is(slot, flag::PERMIT)) {
            Self::each_need(arena, slot, |pool, weight| used[pool as usize] += weight);
        }
        used
    }
}
