//! Finding the earliest timer, which is where a wheel gets its order.
//!
//! Slots come in order of time, so the earliest timer is in the first occupied slot; but the list of a slot is in arming
//! order. Following the first slot down, this makes it one of two things. If its list is sorted already, or short, it
//! becomes *sorted*: then the head is the earliest, and is again when the head has left. Else it is *split* into a table
//! of the level below, and that table's first slot is next. A list whose timers all have the same deadline is sorted, so
//! this ends at level 0.
//!
//! A sorted list stays so: timers that come later are put in their place if that is near an end, and if it is not, the
//! list has become long and unsorted, to be split when it is next looked at.
//!
//! Each timer is sorted or split once per level, so this costs O(1) over its life; but a call that meets a long list for
//! the first time deals with all of it.

use super::TimerWheel;
use super::nodes::List;
use super::tables::{self, LEVELS, Place, below, bit, digit, place};

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
            let table = *self.tables.of(place);
            let list = self.tables.slot(place);
            if table.split & bit(place) != 0 {
                let child = self.tables.get(list.head);
                place = tables::place(list.head, child.occupied.trailing_zeros());
            } else if table.sorted & bit(place) != 0 || self.sort(place) {
                let list = self.tables.slot(place);
                self.earliest = self.nodes.deadline(list.head);
                self.first = place;
                return;
            } else {
                self.split(place, table.level - 1);
            }
        }
    }

    /// Sorts the list of a slot, unless that is much work. Returns whether it is sorted now.
    fn sort(&mut self, place: Place) -> bool {
        let list = self.tables.slot_mut(place);
        if !self.nodes.is_sorted(*list) {
            if !self.nodes.copy(*list, LONG, &mut self.scratch) {
                self.scratch.clear();
                return false;
            }
            self.scratch.sort_by_key(|&(deadline, _)| deadline);
            *list = List::EMPTY;
            for (_, index) in self.scratch.drain(..) {
                self.nodes.push_back(list, index, place);
            }
        }
        self.tables.of_mut(place).sorted |= bit(place);
        true
    }

    /// The first occupied slot of the level tables. It may be split.
    fn first_slot(&self) -> Option<Place> {
        if self.occupied == 0 {
            return None;
        }
        if self.late > 0 {
            return self.first_late_slot();
        }
        let table = self.levels[self.occupied.trailing_zeros() as usize];
        let digit = self.tables.get(table).occupied.trailing_zeros();
        Some(place(table, digit))
    }

    /// Before the base, the higher the level the earlier: there the digits are smaller than those of the base.
    fn first_late_slot(&self) -> Option<Place> {
        (0..LEVELS as u32).rev().find_map(|level| {
            let table = self.levels[level as usize];
            let digit = digit(self.base, level);
            // On level 0 also the base itself.
            let late = self.tables.get(table).occupied & below(digit + u32::from(level == 0));
            (late != 0).then(|| place(table, late.trailing_zeros()))
        })
    }

    /// Sorts the list of a slot into a new table of the given level.
    fn split(&mut self, place: Place, level: u32) {
        let child = self.tables.add(level);
        let list = self.tables.slot(place);
        self.tables.graft(place, child);
        // From both ends at once: in a long list each timer is a cache miss, and so two of them overlap.
        let (mut front, mut back) = (list.head, list.last());
        let mut behind = [List::EMPTY; 64];
        loop {
            let (next, deadline) = (self.nodes.next(front), self.nodes.deadline(front));
            self.append(child, level, front, deadline);
            if front == back {
                break;
            }
            front = next;
            let (previous, deadline) = (self.nodes.previous(back), self.nodes.deadline(back));
            let place = tables::place(child, digit(deadline, level));
            self.tables.of_mut(place).occupied |= bit(place);
            self.nodes
                .push_front(&mut behind[(place & 63) as usize], back, place);
            if front == back {
                break;
            }
            back = previous;
        }
        let mut digits = self.tables.get(child).occupied;
        while digits != 0 {
            let digit = digits.trailing_zeros();
            digits &= digits - 1;
            let list = self.tables.slot_mut(tables::place(child, digit));
            self.nodes.join(list, behind[digit as usize]);
        }
    }
}
