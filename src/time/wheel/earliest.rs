//! Finding the earliest timer, which is where a wheel gets its order.
//!
//! Slots come in order of time, so the earliest timer is in the first occupied slot; but the list of a slot is in arming
//! order. Of each list it is known whether that is also the order of deadlines: whether it is *sorted*. Following the first
//! slot down, a list that is not and is short gets sorted: then the head is the earliest, and is again when the head has
//! left. A long one is *split* into a table of the level below, and that table's first slot is next. A list whose timers
//! all have the same deadline is sorted, so this ends at level 0.
//!
//! The list of the first slot stays sorted: timers that come later are put in their place if that is near an end, and if
//! it is not, the list has become long and unsorted, and is split.
//!
//! Each timer is sorted or split once per level, so this costs O(1) over its life; but a call that meets a long list for
//! the first time deals with all of it.

use super::TimerWheel;
use super::nodes::{List, NIL};
use super::tables::{self, Place, Table, bit};

/// A list of at most this many timers is sorted rather than split, and this far a timer is carried to its place in one.
pub(super) const LONG: usize = 32;

impl TimerWheel {
    /// Brings `earliest` and `first` up to date, splitting long slots on the way, and sorting the short one at its end.
    pub(super) fn find_earliest(&mut self) {
        let Some(mut place) = self.first_slot() else {
            self.earliest = u64::MAX;
            return;
        };
        loop {
            let &Table {
                split,
                sorted,
                level,
                ..
            } = self.tables.of(place);
            if split & bit(place) != 0 {
                let child = self.tables.slot(place).head;
                let first = self.tables.get(child).occupied.trailing_zeros();
                place = tables::place(child, first);
            } else if sorted & bit(place) != 0 || self.sort(place) {
                self.earliest = self.nodes.deadline(self.tables.slot(place).head);
                self.first = place;
                return;
            } else {
                self.split(place, level - 1);
            }
        }
    }

    /// Sorts the list of a slot, unless that is much work. Returns whether it is sorted now.
    fn sort(&mut self, place: Place) -> bool {
        let list = self.tables.slot_mut(place);
        let Some(len) = self.nodes.copy(*list, &mut self.scratch) else {
            return false;
        };
        let timers = &mut self.scratch[..len];
        timers.sort_by_key(|&(deadline, _)| deadline);
        *list = List::EMPTY;
        for &mut (_, index) in timers {
            self.nodes.push_back(list, index, place);
        }
        self.tables.of_mut(place).sorted |= bit(place);
        true
    }

    /// The first occupied slot of the level tables. It may be split.
    fn first_slot(&self) -> Option<Place> {
        if self.occupied == 0 {
            return None;
        }
        let table = self.levels[self.occupied.trailing_zeros() as usize];
        let digit = self.tables.get(table).occupied.trailing_zeros();
        Some(tables::place(table, digit))
    }

    /// Sorts the list of a slot into a new table of the given level.
    fn split(&mut self, place: Place, level: u32) {
        let child = self.tables.add(level);
        let list = self.tables.slot(place);
        self.tables.graft(place, child);
        let mut index = list.head;
        while index != NIL {
            self.nodes.touch_ahead(index);
            let (next, deadline) = (self.nodes.next(index), self.nodes.deadline(index));
            self.append(child, level, index, deadline);
            index = next;
        }
    }
}
