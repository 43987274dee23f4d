//! Grants: which of the waiting works gets the next permit, what works lack, and a recount of what is out.
//!
//! Only the heads of lanes are asked, so a grant is O(lanes) however many works wait. A program whose works all need
//! one general permit has one lane, and then nothing is compared.
//!
//! A work that waits is overtaken only by works that need nothing it lacks (L2). So the heads are asked in order, and
//! each that does not fit closes the pools that it lacks to all behind it.

use crate::engine::queue::permits::Permits;
use crate::engine::store::arena::Arena;
use crate::engine::store::flags::flag;
use crate::engine::store::record::Pool;
use smallvec::SmallVec;

impl Permits {
    /// Takes the work of [`Permits::next_grant`] out of its lane.
    ///
    /// The caller begins the work's attempt, or lets it go on.
    pub fn pop_grant(&mut self, arena: &mut Arena) -> Option<u32> {
        if let [lane] = &self.lanes[..] {
            let head = lane.list.head()?;
            if !self.fits(arena, head) {
                return None;
            }
            // The change is not counted, because the caller asks on until nothing can be granted.
            self.waiting -= 1;
            return self.lanes[0].list.pop_front(arena);
        }
        let slot = self.next_grant(arena)?;
        self.leave(arena, slot);
        Some(slot)
    }

    /// Returns the work that gets the next permit. O(lanes), whatever the number of works that wait. It changes
    /// nothing.
    pub fn next_grant(&self, arena: &Arena) -> Option<u32> {
        if let [lane] = &self.lanes[..] {
            return lane.list.head().filter(|&slot| self.fits(arena, slot));
        }
        let mut lacking: SmallVec<[Pool; 4]> = SmallVec::new();
        // Lanes are sorted by their keys, which begin with the rank, so those of one rank stand side by side.
        for group in self.lanes.chunk_by(|a, b| a.rank == b.rank) {
            let heads = group.iter().filter_map(|lane| lane.list.head());
            let mut heads: SmallVec<[(u64, u32); 4]> =
                heads.map(|slot| self.arrival(slot)).collect();
            // Between lanes of one rank, arrival decides (L2).
            heads.sort_unstable();
            for (_, slot) in heads {
                // A head that fits must not take permits of a pool that an earlier head lacks.
                let overtakes = Self::needs(arena, slot).any(|(pool, _)| lacking.contains(&pool));
                let lacked = lacking.len();
                // The pools that this head lacks are closed to all that come after it, whether or not it overtakes.
                lacking.extend(self.lacks(arena, slot));
                if lacking.len() == lacked && !overtakes {
                    return Some(slot);
                }
            }
        }
        None
    }

    /// Returns whether a work waits for permits that others hold. O(lanes).
    ///
    /// Permits that nobody holds do not count: a pool may be smaller by now than a work needs.
    pub fn is_any_lacked(&self, arena: &Arena) -> bool {
        let mut heads = self.lanes.iter().filter_map(|lane| lane.list.head());
        heads.any(|slot| self.lacks(arena, slot).any(|pool| self.used(pool) > 0))
    }

    /// Returns the works that might get the permit in place of `first`, in order of arrival. They have its rank, need
    /// permits of its pools, and can have them now.
    ///
    /// Only a decider asks. O(works in lanes of that rank).
    pub fn rivals(&self, arena: &Arena, first: u32) -> Vec<u32> {
        let key = Self::key(arena, first);
        let lanes = self.lanes.iter().filter(|lane| lane.has_pools_of(key));
        let waiting = lanes.flat_map(|lane| lane.list.iter(arena));
        let fitting = waiting.filter(|&slot| self.fits(arena, slot));
        let mut rivals: Vec<(u64, u32)> = fitting.map(|slot| self.arrival(slot)).collect();
        // Without noted arrivals there is one lane, and it stands in order.
        if !self.arrived.is_empty() {
            rivals.sort_unstable();
        }
        rivals.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Returns when a work began to wait, if that is noted, and its slot. Without notes every arrival is 0, but then a
    /// rank has one lane, and nothing is compared.
    fn arrival(&self, slot: u32) -> (u64, u32) {
        let arrived = self.arrived.get(slot as usize);
        (arrived.copied().unwrap_or_default(), slot)
    }

    /// Returns whether the work needs permits of `pool`.
    pub fn needs_of(arena: &Arena, slot: u32, pool: Pool) -> bool {
        Self::needs(arena, slot).any(|(needed, _)| needed == pool)
    }

    /// Returns the pools of which the work needs more than is free.
    pub fn lacks(&self, arena: &Arena, slot: u32) -> impl Iterator<Item = Pool> {
        let needs = Self::needs(arena, slot);
        let lacks = needs.filter(|&(pool, weight)| self.free(pool) < weight);
        lacks.map(|(pool, _)| pool)
    }

    /// Returns what the works that hold permits take of each pool, counted anew. O(works). Only the audit asks (L20).
    pub fn recount(&self, arena: &Arena) -> Vec<u32> {
        let mut used = vec![0; self.pools().len()];
        for slot in arena.slots().filter(|&slot| arena.is(slot, flag::PERMIT)) {
            for (pool, weight) in Self::needs(arena, slot) {
                used[pool as usize] += weight;
            }
        }
        used
    }
}
