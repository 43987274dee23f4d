//! A level for each work, higher than those of all works it is after: where two works' levels are in order already, an
//! edge between them can close no cycle, and nothing needs to be searched.
//!
//! A work's first level is its serial number, so that works which are added after their dependencies need no levels kept.
//! An edge against the order of levels is settled by a search (see [`super::cycle`]), and the search's smaller side, which
//! is then known whole, is moved: so levels cost no more than the searches do. (Levels kept with two-way search: Bender,
//! Fineman, Gilbert and Tarjan, "A New Approach to Incremental Cycle Detection and Related Problems", 2015; which side is
//! moved, and by how much, is ours.)
//!
//! Levels know of dependencies only. As soon as a work has a child, or is restarted, they are not trusted any more until
//! the scheduler is empty, and every edge that might close a cycle is searched for.

use super::arena::Arena;

/// Stands for the serial number.
const UNSET: i64 = i64::MIN;

pub(crate) struct Levels {
    /// By slot; empty until an edge goes against the order in which works were added.
    levels: Vec<i64>,
    trusted: bool,
}

impl Levels {
    pub fn new() -> Self {
        Levels {
            levels: Vec::new(),
            trusted: true,
        }
    }

    #[inline]
    pub fn are_trusted(&self) -> bool {
        self.trusted
    }

    /// Something has happened that levels do not know of.
    pub fn distrust(&mut self) {
        self.trusted = false;
        self.levels = Vec::new();
    }

    /// A work takes this slot. The first one of an empty scheduler finds all levels as if new.
    #[inline]
    pub fn enter(&mut self, slot: u32, is_first: bool) {
        if is_first {
            self.trusted = true;
            self.levels.clear();
        } else if let Some(level) = self.levels.get_mut(slot as usize) {
            *level = UNSET;
        }
    }

    #[inline]
    pub fn of<C: ?Sized>(&self, arena: &Arena<C>, slot: u32) -> i64 {
        match self.levels.get(slot as usize) {
            None | Some(&UNSET) => arena.at(slot).serial as i64,
            Some(&level) => level,
        }
    }

    /// A new work, which nothing is after yet, is after `before`.
    #[inline]
    pub fn follow<C: ?Sized>(&mut self, arena: &Arena<C>, before: u32, after: u32) {
        if !self.levels.is_empty() {
            let least = self.of(arena, before).saturating_add(1);
            if self.of(arena, after) < least {
                self.set(after, least);
            }
        }
    }

    /// Moves all of `slots` by as much. Levels that would leave the range of numbers are trusted no more.
    pub fn shift<C: ?Sized>(
        &mut self,
        arena: &Arena<C>,
        slots: impl Iterator<Item = u32>,
        by: i64,
    ) {
        for slot in slots {
            match self.of(arena, slot).checked_add(by) {
                Some(level) if level > UNSET && level < i64::MAX => self.set(slot, level),
                _ => return self.distrust(),
            }
        }
    }

    fn set(&mut self, slot: u32, level: i64) {
        if self.levels.len() <= slot as usize {
            self.levels.resize(slot as usize + 1, UNSET);
        }
        self.levels[slot as usize] = level;
    }
}
