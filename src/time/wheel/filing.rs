//! Files timers: into the list of their deadline, out of it, and again when the base has moved.

use super::TimerWheel;
use super::earliest::LONG;
use super::nodes::{List, NIL};
use super::tables::{Place, Taken, bit, digit, level, place};

/// The place of a timer that was armed too late for the tables.
const LATE: Place = u32::MAX - 1;

impl TimerWheel {
    /// Puts a timer into the list of its deadline.
    #[inline]
    pub(super) fn file(&mut self, index: u32, deadline: u64) {
        if deadline <= self.now {
            return self.file_late(index, deadline);
        }
        let place = self.place(index, deadline);
        // `<=`, since the wheel may have been empty. Equal deadlines are in one slot anyway.
        if deadline <= self.earliest || place == self.first {
            self.note_first(place, deadline);
        }
    }

    /// Brings `earliest` and `first` up to date after a timer that is the earliest, or is in the slot of the earliest.
    #[inline(never)]
    fn note_first(&mut self, place: Place, deadline: u64) {
        if deadline <= self.earliest {
            self.earliest = deadline;
            self.first = place;
        }
        if self.tables.of(place).sorted & bit(place) == 0 {
            self.find_earliest();
        }
    }

    /// Puts a timer whose moment has already come beside the tables.
    #[cold]
    fn file_late(&mut self, index: u32, deadline: u64) {
        let number = self.late.insert(deadline, index);
        self.nodes.set_number(index, number, LATE);
    }

    /// Puts a timer into the table of its level and returns its slot.
    #[inline]
    fn place(&mut self, index: u32, deadline: u64) -> Place {
        let level = level(deadline ^ self.base);
        self.occupied |= 1 << level;
        self.append(self.levels[level as usize], level, index, deadline)
    }

    /// Puts a timer into the table `table` of the level `level` and returns its slot.
    #[inline]
    pub(super) fn append(&mut self, table: u32, level: u32, index: u32, deadline: u64) -> Place {
        let place = place(table, digit(deadline, level));
        let table = self.tables.of_mut(place);
        let is_special = (table.split | table.sorted) & bit(place) != 0;
        let list = table.slot_mut(place & 63);
        if is_special || list.is_empty() {
            return self.append_with_care(place, level, index, deadline);
        }
        self.nodes.push_back(list, index, place);
        place
    }

    /// Puts a timer into a slot that is split or empty, or whose list is sorted.
    #[inline(never)]
    fn append_with_care(&mut self, place: Place, level: u32, index: u32, deadline: u64) -> Place {
        let table = self.tables.of_mut(place);
        let bit = bit(place);
        let (is_split, is_sorted) = (table.split & bit != 0, table.sorted & bit != 0);
        let list = table.slot_mut(place & 63);
        if is_split {
            let child = list.head;
            return self.append(child, level - 1, index, deadline);
        }
        if is_sorted && deadline < self.nodes.deadline(list.last()) {
            if place == self.first && self.nodes.insert_ordered(list, index, place, LONG) {
                return place;
            }
            self.nodes.push_back(list, index, place);
            table.sorted &= !bit;
            return place;
        }
        let was_empty = list.is_empty();
        self.nodes.push_back(list, index, place);
        if was_empty {
            table.occupied |= bit;
            table.sorted |= bit;
        }
        place
    }

    /// Takes a timer out of its list. The caller brings `earliest` up to date.
    #[inline(always)]
    pub(super) fn remove(&mut self, index: u32, place: Place) {
        if place == LATE {
            return self.remove_late(index);
        }
        let list = self.tables.slot_mut(place);
        self.nodes.unlink(list, index);
        if list.is_empty() {
            self.vacate(place);
        }
    }

    #[cold]
    fn remove_late(&mut self, index: u32) {
        let node = self.nodes.armed(index);
        self.late.remove(node.deadline, node.number());
    }

    /// Marks a slot as empty.
    #[inline(never)]
    pub(super) fn vacate(&mut self, place: Place) {
        if let Some(level) = self.tables.vacate(place) {
            self.occupied &= !(1 << level);
        }
    }

    /// Moves the base to `to`; no timer is left at or before that moment. It files again the timers in the slot of the
    /// new base. The levels below that slot are empty by now.
    pub(super) fn move_base(&mut self, to: u64) {
        let mut level = level(self.base ^ to);
        self.base = to;
        loop {
            let place = place(self.levels[level as usize], digit(self.base, level));
            if self.tables.of(place).occupied & bit(place) == 0 {
                return;
            }
            let taken = self.tables.take(place);
            if self.tables.of(place).occupied == 0 {
                self.occupied &= !(1 << level);
            }
            match taken {
                Taken::List(list) => return self.file_again(list),
                Taken::Table(child) => {
                    level -= 1;
                    self.tables.release(self.levels[level as usize]);
                    self.levels[level as usize] = child;
                    self.occupied |= 1 << level;
                }
            }
        }
    }

    /// Files the timers of a list by the new base.
    fn file_again(&mut self, list: List) {
        let mut index = list.head;
        while index != NIL {
            self.nodes.touch_ahead(index);
            let (next, deadline) = (self.nodes.next(index), self.nodes.deadline(index));
            self.place(index, deadline);
            index = next;
        }
    }
}
