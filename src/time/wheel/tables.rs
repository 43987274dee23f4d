//! The slots of the wheel: tables of 64 lists, each of which may be split into a table of the level below.
//!
//! A table of level `l` sorts timers by bits `6l .. 6l + 6` of their deadlines, its *digit*. Three bitmaps describe its
//! slots. Bit `s` of `occupied` says that slot `s` holds something. Bit `s` of `split` says that this is a table, whose
//! number is the slot's `head`. Bit `s` of `sorted` says that it is a list in order of (deadline, arming order). Only
//! occupied slots are split or sorted, and a table in a slot is never empty.

use super::nodes::List;

/// Bits of a deadline per level.
const BITS: u32 = 6;

/// The levels that tell all 64-bit deadlines apart.
pub(super) const LEVELS: usize = 11;

/// A slot: the number of its table times 64, plus its digit.
pub(super) type Place = u32;

/// The parent of a table that is in no slot.
const NOWHERE: Place = u32::MAX;

pub(super) struct Table {
    pub(super) occupied: u64,
    pub(super) split: u64,
    pub(super) sorted: u64,
    pub(super) level: u32,
    /// The slot that this table is in.
    parent: Place,
    slots: [List; 64],
}

impl Table {
    #[inline]
    pub(super) fn slot(&self, digit: u32) -> &List {
        &self.slots[digit as usize & 63]
    }

    #[inline]
    pub(super) fn slot_mut(&mut self, digit: u32) -> &mut List {
        &mut self.slots[digit as usize & 63]
    }
}

/// All tables, used or free.
pub(super) struct Tables {
    tables: Vec<Table>,
    free: Vec<u32>,
}

/// Returns the lowest level whose table can hold two deadlines that differ in the bits `differ`.
pub(super) const fn level(differ: u64) -> u32 {
    (63 - (differ | 1).leading_zeros()) / BITS
}

/// Returns the digit of a deadline at a level.
pub(super) const fn digit(deadline: u64, level: u32) -> u32 {
    (deadline >> (level * BITS)) as u32 & 63
}

pub(super) const fn place(table: u32, digit: u32) -> Place {
    table << BITS | digit
}

/// Returns the bit of a place in the bitmaps of its table.
pub(super) const fn bit(place: Place) -> u64 {
    1 << (place & 63)
}

impl Tables {
    /// Makes one empty table for each level. The number of each is its level.
    pub(super) fn new() -> Self {
        let mut tables = Self {
            tables: Vec::with_capacity(LEVELS),
            free: Vec::new(),
        };
        for level in 0..LEVELS {
            tables.add(level as u32);
        }
        tables
    }

    #[inline]
    pub(super) fn get(&self, table: u32) -> &Table {
        &self.tables[table as usize]
    }

    /// Returns the table of a place.
    #[inline]
    pub(super) fn of(&self, place: Place) -> &Table {
        &self.tables[(place >> BITS) as usize]
    }

    #[inline]
    pub(super) fn of_mut(&mut self, place: Place) -> &mut Table {
        &mut self.tables[(place >> BITS) as usize]
    }

    #[inline]
    pub(super) fn slot(&self, place: Place) -> List {
        *self.of(place).slot(place & 63)
    }

    #[inline]
    pub(super) fn slot_mut(&mut self, place: Place) -> &mut List {
        self.of_mut(place).slot_mut(place & 63)
    }

    /// Makes an empty table and returns its number.
    pub(super) fn add(&mut self, level: u32) -> u32 {
        if let Some(table) = self.free.pop() {
            self.tables[table as usize].level = level;
            return table;
        }
        let number = self.tables.len() as u32;
        assert!(number < NOWHERE >> BITS, "too many split slots");
        self.tables.push(Table {
            occupied: 0,
            split: 0,
            sorted: 0,
            level,
            parent: NOWHERE,
            slots: [List::EMPTY; 64],
        });
        number
    }

    /// Frees an empty table.
    pub(super) fn release(&mut self, table: u32) {
        let gone = &mut self.tables[table as usize];
        debug_assert_eq!(gone.occupied, 0);
        gone.parent = NOWHERE;
        self.free.push(table);
    }

    /// Puts a table into an occupied slot whose list has been taken.
    pub(super) fn graft(&mut self, place: Place, child: u32) {
        self.tables[child as usize].parent = place;
        self.of_mut(place).split |= bit(place);
        *self.slot_mut(place) = List::number(child);
    }

    /// Empties a slot and returns its content.
    pub(super) fn take(&mut self, place: Place) -> Taken {
        let was_split = self.of(place).split & bit(place) != 0;
        let slot = self.slot(place);
        self.clear(place);
        if was_split {
            self.tables[slot.head as usize].parent = NOWHERE;
            return Taken::Table(slot.head);
        }
        Taken::List(slot)
    }

    /// Empties a slot, and frees the tables that become empty by that. Returns the level of the topmost one if that is
    /// in no slot. Bounded by the number of levels.
    // Inline, since a call into another codegen unit took 6 instructions more for each timer that fires.
    #[inline]
    pub(super) fn vacate(&mut self, mut place: Place) -> Option<u32> {
        loop {
            self.clear(place);
            let table = self.of(place);
            if table.occupied != 0 {
                return None;
            }
            if table.parent == NOWHERE {
                return Some(table.level);
            }
            let parent = table.parent;
            self.release(place >> BITS);
            place = parent;
        }
    }

    fn clear(&mut self, place: Place) {
        let table = self.of_mut(place);
        table.occupied &= !bit(place);
        table.split &= !bit(place);
        table.sorted &= !bit(place);
        *self.slot_mut(place) = List::EMPTY;
    }

    #[cfg(test)]
    pub(super) fn in_use(&self) -> usize {
        self.tables.len() - self.free.len()
    }
}

/// The content of a slot.
pub(super) enum Taken {
    List(List),
    Table(u32),
}
