//! An intrusive first-in-first-out list of works: a lane of the permit queue.
//!
//! Invariant: a work is in at most one list, because its record has one pair of links. The `prev` of the first work and
//! the links of a work in no list mean nothing.

use crate::engine::store::arena::Arena;
use crate::engine::store::record::{Links, NONE};

/// A list of works, linked through their records. A caller that removes a work has to know its list.
#[derive(Clone, Copy)]
pub(crate) struct List {
    /// The first work, or `NONE`.
    head: u32,
    /// The last work, or `NONE`.
    tail: u32,
}

impl List {
    /// A list without works.
    pub const EMPTY: List = List {
        head: NONE,
        tail: NONE,
    };

    /// Returns whether the list has no work.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head == NONE
    }

    /// Returns the first work.
    #[inline]
    pub fn head(&self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }

    /// Adds a work at the end. O(1). The work is in no list and not in the ready ring.
    #[inline]
    pub fn push_back(&mut self, arena: &mut Arena, slot: u32) {
        arena.at_mut(slot).links = Links {
            prev: self.tail,
            next: NONE,
        };
        self.append(arena, slot);
    }

    /// Makes a work the last of the list; its links say so already.
    #[inline]
    fn append(&mut self, arena: &mut Arena, slot: u32) {
        if self.tail == NONE {
            self.head = slot;
        } else {
            arena.at_mut(self.tail).links.next = slot;
        }
        self.tail = slot;
    }

    /// Takes out the first work. O(1).
    #[inline]
    pub fn pop_front(&mut self, arena: &mut Arena) -> Option<u32> {
        let slot = self.head()?;
        // The new head keeps its `prev`, since nothing asks for it.
        self.head = arena.at(slot).links.next;
        if self.head == NONE {
            self.tail = NONE;
        }
        Some(slot)
    }

    /// Takes out a work that is in this list. O(1).
    pub fn remove(&mut self, arena: &mut Arena, slot: u32) {
        let Links { prev, next } = arena.at(slot).links;
        // The `prev` of the head may be old: see `pop_front`.
        let is_head = self.head == slot;
        if is_head {
            self.head = next;
        } else {
            arena.at_mut(prev).links.next = next;
        }
        match next {
            NONE if is_head => self.tail = NONE,
            NONE => self.tail = prev,
            next => arena.at_mut(next).links.prev = prev,
        }
    }

    /// Returns the works in order. The list must not change meanwhile.
    pub fn iter<'a>(&self, arena: &'a Arena) -> impl Iterator<Item = u32> + use<'a> {
        let step = |slot: u32| (slot != NONE).then_some(slot);
        std::iter::successors(step(self.head), move |&slot| {
            step(arena.at(slot).links.next)
        })
    }
}
