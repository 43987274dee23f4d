//! The keys of works in decisions: name paths as numbers, kept with each work, and incarnations.
//!
//! A name that comes back after all works of that name had left would have the key of an earlier work. So each key
//! counts its incarnations, which go into the key after the first. That lasts as long as a decider is set. Random
//! streams do not depend on it.
//!
//! Most searches ask for few keys, so a root work gets its key when the first key is asked for, or before a work
//! leaves. Meanwhile the root's number is in a list. The order of that list is the order of additions, so incarnations
//! do not depend on who asks.

use crate::engine::rng::fold;
use crate::engine::store::arena::Arena;
use crate::engine::store::names;
use crate::engine::store::ordinals::Groups;
use std::cell::RefCell;

/// Tells an incarnation in a key from a name, a run number and the number of an attempt.
const INCARNATION: u64 = 1 << 34;

/// The key of one work.
#[derive(Clone, Copy)]
struct Kept {
    /// The serial number of the work, since slots are used again.
    serial: u64,
    key: u64,
    /// How many works have had this name path, this one included.
    incarnation: u32,
}

/// The keys of all works that were added since the decider was set.
#[derive(Default)]
pub(crate) struct Keys {
    known: RefCell<Known>,
    /// Roots without a key, in the order in which they were added.
    waiting: RefCell<Vec<u32>>,
}

#[derive(Default)]
struct Known {
    by_slot: Vec<Kept>,
    /// How many works have had each name path.
    incarnations: Groups,
}

impl Keys {
    /// Sees to the key of a new work. Expected O(1).
    pub fn enter(&mut self, arena: &Arena, slot: u32) {
        self.waiting.get_mut().push(slot);
        // The key of a child depends on the present attempts of its ancestors.
        if arena.parent(slot).is_some() {
            self.settle(arena);
        }
    }

    /// Gives every work its key that has none yet. Must come before a work leaves. Expected O(works without a key).
    pub fn settle(&self, arena: &Arena) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.is_empty() {
            let known = &mut *self.known.borrow_mut();
            waiting.drain(..).for_each(|slot| known.enter(arena, slot));
        }
    }

    /// Returns the key of a work. O(1), or O(depth) for a work that was there before the decider.
    pub fn get(&self, arena: &Arena, slot: u32) -> u64 {
        self.settle(arena);
        self.known.borrow().get(arena, slot)
    }

    /// Returns how many works have had the name path of this one, itself included.
    pub fn incarnation(&self, arena: &Arena, slot: u32) -> u32 {
        self.settle(arena);
        let kept = self.known.borrow().kept(arena, slot);
        kept.map_or(1, |kept| kept.incarnation)
    }

    /// Forgets all keys, but keeps the room.
    pub fn reset(&mut self) {
        self.waiting.get_mut().clear();
        let known = self.known.get_mut();
        known.by_slot.clear();
        known.incarnations.clear();
    }
}

impl Known {
    /// Gives a work its key, unless it has one.
    fn enter(&mut self, arena: &Arena, slot: u32) {
        if self.kept(arena, slot).is_some() {
            return;
        }
        let above = arena.parent(slot).map_or(0, |parent| {
            names::key_of_children(arena, parent, self.get(arena, parent))
        });
        let path = names::key_below(arena, slot, above);
        let incarnation = self.incarnations.count(path);
        let key = match incarnation {
            1 => path,
            _ => fold(fold(path, INCARNATION), incarnation as u64),
        };
        let kept = Kept {
            serial: arena.at(slot).serial,
            key,
            incarnation,
        };
        let place = slot as usize;
        if self.by_slot.len() <= place {
            // No work has this serial number.
            let nobody = Kept {
                serial: u64::MAX,
                ..kept
            };
            self.by_slot.resize(place + 1, nobody);
        }
        self.by_slot[place] = kept;
    }

    fn kept(&self, arena: &Arena, slot: u32) -> Option<Kept> {
        let kept = self.by_slot.get(slot as usize).copied();
        kept.filter(|kept| kept.serial == arena.at(slot).serial)
    }

    fn get(&self, arena: &Arena, slot: u32) -> u64 {
        match self.kept(arena, slot) {
            Some(kept) => kept.key,
            None => names::path_key(arena, slot),
        }
    }
}
