//! The keys of works in decisions: name paths as numbers, kept with each work, and incarnations.
//!
//! A name that comes back after all works of that name had left would have the key of an earlier work. So each key
//! counts its incarnations, which go into the key after the first. That lasts as long as a decider is set. Random
//! streams do not depend on it.

use crate::engine::rng::fold;
use crate::engine::store::arena::Arena;
use crate::engine::store::names;
use crate::engine::store::ordinals::Groups;

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
    by_slot: Vec<Kept>,
    /// How many works have had each name path.
    incarnations: Groups,
}

impl Keys {
    /// Gives a new work its key, unless it has one. Expected O(1).
    pub fn enter(&mut self, arena: &Arena, slot: u32) {
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

    /// Returns the key of a work. O(1), or O(depth) for a work that was there before the decider.
    pub fn get(&self, arena: &Arena, slot: u32) -> u64 {
        match self.kept(arena, slot) {
            Some(kept) => kept.key,
            None => names::path_key(arena, slot),
        }
    }

    /// Returns how many works have had the name path of this one, itself included.
    pub fn incarnation(&self, arena: &Arena, slot: u32) -> u32 {
        self.kept(arena, slot).map_or(1, |kept| kept.incarnation)
    }

    /// Forgets all keys, but keeps the room.
    pub fn reset(&mut self) {
        self.by_slot.clear();
        self.incarnations.clear();
    }
}
