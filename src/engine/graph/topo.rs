//! The topological order: a level for each work, above those of all works that it is after. Where the levels of two
//! works are in order already, an edge between them can close no cycle, and no search is needed.
//!
//! A work's first level is its serial number. So works that are added after their dependencies need no stored levels.
//! An edge against the order of levels needs a search (see [`crate::engine::graph::cycle`]). The smaller side of the
//! search, which is then known whole, is moved. So levels cost no more than the searches do.
//!
//! An order kept with two-way search comes from Bender, Fineman, Gilbert and Tarjan, "A New Approach to Incremental
//! Cycle Detection and Related Problems", 2015. Which side is moved, and by how much, is our own choice.
//!
//! Limit: levels know of dependencies only. As soon as a work has a child, or is restarted, the order is not trusted
//! until the scheduler is empty. Every edge that might close a cycle is then searched for.
//!
//! Invariant: while the order is trusted, the level of a work is below that of each unsettled work that has an open
//! edge from it. The audit checks it.

use crate::engine::store::arena::Arena;

/// The level of a work that still has its serial number as level.
const UNSET: i64 = i64::MIN;

/// The levels of all works.
pub(crate) struct TopologicalOrder {
    /// Levels by slot; empty until an edge goes against the order in which works were added. A work past the end, or
    /// without a level, has its serial number.
    levels: Vec<i64>,
    /// An upper bound of all levels that were ever moved. A whole graph is lined up above it.
    highest: i64,
    /// Whether levels say anything about cycles.
    trusted: bool,
}

impl TopologicalOrder {
    /// Forgets all works, but keeps the room.
    pub fn clear(&mut self) {
        self.levels.clear();
        self.highest = 0;
        self.trusted = true;
    }

    /// Returns an order in which each work has its first level.
    pub fn new() -> Self {
        TopologicalOrder {
            levels: Vec::new(),
            highest: 0,
            trusted: true,
        }
    }

    /// Returns whether levels say anything about cycles.
    #[inline]
    pub fn are_trusted(&self) -> bool {
        self.trusted
    }

    /// Gives the levels up, after an event that they do not know of. The order comes back with the next empty
    /// scheduler.
    pub fn distrust(&mut self) {
        self.trusted = false;
        // The memory goes, too: nothing reads a level before the scheduler has been empty.
        self.levels = Vec::new();
    }

    /// Gives a work in `slot` its first level. The first work of an empty scheduler makes the order as good as new.
    /// O(1).
    #[inline]
    pub fn enter(&mut self, slot: u32, is_first: bool) {
        if is_first {
            self.trusted = true;
            self.highest = 0;
            self.levels.clear();
        } else if let Some(level) = self.levels.get_mut(slot as usize) {
            // An earlier work of the slot may have been moved.
            *level = UNSET;
        }
    }

    /// Returns the level of a work.
    #[inline]
    pub fn of(&self, arena: &Arena, slot: u32) -> i64 {
        match self.levels.get(slot as usize) {
            // Serial numbers rise, so a new work is above all that were never moved.
            None | Some(&UNSET) => arena.at(slot).serial as i64,
            Some(&level) => level,
        }
    }

    /// Returns by how much the level of `before` is too high for an edge to `after`. At most 0 if they are in order.
    /// `None` if levels cannot tell. O(1).
    #[inline]
    pub fn lack(&mut self, arena: &Arena, before: u32, after: u32) -> Option<i64> {
        if !self.trusted {
            return None;
        }
        let apart = self.of(arena, before).checked_sub(self.of(arena, after));
        let lack = apart.and_then(|apart| apart.checked_add(1));
        // Levels so far apart that their difference overflows are of no use any more.
        if lack.is_none() {
            self.distrust();
        }
        lack
    }

    /// Returns whether any work's level may differ from its serial number. If not, adding edges to a new work costs
    /// nothing here.
    #[inline]
    pub fn are_kept(&self) -> bool {
        !self.levels.is_empty()
    }

    /// Raises the level of a new work `after`, which no work is after yet, above the level of `before`. O(1).
    #[inline]
    pub fn follow(&mut self, arena: &Arena, before: u32, after: u32) {
        if self.are_kept() {
            let least = self.of(arena, before).saturating_add(1);
            if self.of(arena, after) < least {
                self.set(after, least);
            }
            if least == i64::MAX {
                // No level could be above this one.
                self.distrust();
            }
        }
    }

    /// Moves the levels of all `slots` by `by`. If one would leave the range of numbers, no level is trusted any more.
    /// The caller gives a side that a search has seen whole, so no order within it changes. O(slots).
    pub fn shift(&mut self, arena: &Arena, slots: impl Iterator<Item = u32>, by: i64) {
        for slot in slots {
            // UNSET means no level, and above the highest number there is no room for the next work.
            match self.of(arena, slot).checked_add(by) {
                Some(level) if level > UNSET && level < i64::MAX => self.set(slot, level),
                _ => return self.distrust(),
            }
        }
    }

    /// Gives new works levels in the order of `slots`. No older work is after any of them. `first` is the serial number
    /// of the oldest; all slots are below `slots_end`. O(slots).
    pub fn line_up(
        &mut self,
        slots: impl ExactSizeIterator<Item = u32>,
        first: u64,
        slots_end: u32,
    ) {
        // Above all moved levels, and above the first levels of all older works.
        let lowest = (first as i64).max(self.highest.saturating_add(1));
        if !self.trusted {
            return;
        }
        if lowest.checked_add(slots.len() as i64).is_none() {
            return self.distrust();
        }
        self.highest = lowest + slots.len() as i64;
        for (slot, level) in slots.zip(lowest..) {
            if self.levels.len() <= slot as usize {
                self.levels.resize(slots_end as usize, UNSET);
            }
            self.levels[slot as usize] = level;
        }
    }

    /// Stores a level. Amortised O(1).
    fn set(&mut self, slot: u32, level: i64) {
        self.highest = self.highest.max(level);
        if self.levels.len() <= slot as usize {
            self.levels.resize(slot as usize + 1, UNSET);
        }
        self.levels[slot as usize] = level;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;

    /// Returns two works, whose levels have been moved by `first` and `second`.
    fn moved(first: i64, second: i64) -> (Arena, TopologicalOrder) {
        let (mut arena, mut levels) = (Arena::new(), TopologicalOrder::new());
        for by in [first, second] {
            let slot = arena.insert(&mut Name::Static("w"), 0, 0);
            levels.enter(slot, arena.len() == 1);
            levels.shift(&arena, [slot].into_iter(), by);
        }
        assert!(levels.are_trusted());
        (arena, levels)
    }

    #[test]
    fn works_are_in_order_as_they_were_added_unless_they_are_moved() {
        let (arena, mut levels) = moved(0, 0);
        assert_eq!(levels.lack(&arena, 0, 1), Some(0));
        assert_eq!(levels.lack(&arena, 1, 0), Some(2));
        levels.shift(&arena, [0].into_iter(), 7);
        assert_eq!(levels.lack(&arena, 0, 1), Some(7));
        levels.follow(&arena, 0, 1);
        assert_eq!(levels.lack(&arena, 0, 1), Some(0));
    }

    #[test]
    fn levels_that_leave_the_range_of_numbers_are_not_trusted() {
        let (arena, mut levels) = moved(i64::MAX - 1, -i64::MAX + 5);
        assert_eq!(levels.lack(&arena, 0, 1), None, "too far apart");
        assert!(!levels.are_trusted());
        let (arena, mut levels) = moved(i64::MAX - 1, 0);
        levels.follow(&arena, 0, 1);
        assert!(!levels.are_trusted(), "none is higher");
        let (arena, mut levels) = moved(i64::MAX - 1, 0);
        levels.shift(&arena, [0].into_iter(), 1);
        assert!(!levels.are_trusted(), "no level can be above");
    }
}
