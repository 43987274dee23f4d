//! Finds the earliest timer. The wheel gets its order here.
//!
//! Slots come in order of time, so the earliest timer is in the first occupied slot. But the list of a slot is in
//! arming order. The wheel knows of each list whether that is also the order of deadlines: whether it is *sorted*.
//!
//! The search follows the first slot down. It sorts a short list, whose head is then the earliest timer, as is the next
//! head when this one has left. It *splits* a long list into a table of the level below, and goes on with that table's
//! first slot. A list whose timers all have one deadline is sorted, so the search ends at level 0.
//!
//! The list of the first slot stays sorted. A later timer is put in its place if that is near an end. If it is not, the
//! list has become long and unsorted, and is split.
//!
//! Each timer is sorted or split once per level, which costs O(1) over its life. But a call that meets a long list for
//! the first time deals with all of it.

use super::TimerWheel;
use super::nodes::{List, NIL};
use super::tables::{self, Place, Table, bit};

/// The most timers of a list that is sorted and not split. It is also the most places that a new timer is carried in a
/// sorted list.
pub(super) const LONG: usize = 32;

impl TimerWheel {
    /// Brings `earliest` and `first` up to date. It splits long slots on the way, and sorts the short list at its end.
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

    /// Sorts the list of a slot unless it is long. Returns whether it is sorted now.
    fn sort(&mut self, place: Place) -> bool {
        let list = self.tables.slot_mut(place);
        let Some(len) = self.nodes.copy(*list, &mut self.scratch) else {
            return false;
        };
        let timers = &mut self.scratch[..len];
        // Timers of one deadline keep their order. Sorting by insertion takes 5 KB less of program than std's sort.
        for next in 1..len {
            let (timer, mut place) = (timers[next], next);
            while place > 0 && timers[place - 1].0 > timer.0 {
                timers[place] = timers[place - 1];
                place -= 1;
            }
            timers[place] = timer;
        }
        *list = List::EMPTY;
        for &mut (_, index) in timers {
            self.nodes.push_back(list, index, place);
        }
        self.tables.of_mut(place).sorted |= bit(place);
        true
    }

    /// Returns the first occupied slot of the level tables. It may be split.
    fn first_slot(&self) -> Option<Place> {
        if self.occupied == 0 {
            return None;
        }
        let table = self.levels[self.occupied.trailing_zeros() as usize];
        let digit = self.tables.get(table).occupied.trailing_zeros();
        Some(tables::place(table, digit))
    }

    /// Sorts the list of a slot into a new table of the level `level`.
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
