//! Intrusive first-in-first-out lists of works, and the two of them that make a round.
//!
//! The works of the present round are in one list; what becomes ready meanwhile is in the other. Starting a round swaps
//! the two, so that a round's end needs no marker and a work can be taken out of either in O(1).

use super::arena::Arena;
use super::record::{Links, NONE, flag};

/// A list of works, linked through their records.
#[derive(Clone, Copy)]
pub(crate) struct List {
    head: u32,
    tail: u32,
    len: u32,
}

impl List {
    pub const EMPTY: List = List {
        head: NONE,
        tail: NONE,
        len: 0,
    };

    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head == NONE
    }

    #[inline]
    pub fn head(&self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }

    #[inline]
    pub fn push_back<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        arena.at_mut(slot).links = Links {
            prev: self.tail,
            next: NONE,
        };
        self.append(arena, slot);
    }

    /// Makes a work the last of the list whose links say already that it is.
    #[inline]
    fn append<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        if self.tail == NONE {
            self.head = slot;
        } else {
            arena.at_mut(self.tail).links.next = slot;
        }
        self.tail = slot;
        self.len += 1;
    }

    /// Leaves the `prev` of the new head as it is: what is before the head is never asked.
    #[inline]
    pub fn pop_front<C: ?Sized>(&mut self, arena: &mut Arena<C>) -> Option<u32> {
        let slot = self.head()?;
        self.head = arena.at(slot).links.next;
        if self.head == NONE {
            self.tail = NONE;
        }
        self.len -= 1;
        Some(slot)
    }

    /// Takes out a work that is in this list. O(1).
    pub fn remove<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        let Links { prev, next } = arena.at(slot).links;
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
        self.len -= 1;
    }

    /// The works in the list, in order.
    pub fn iter<'a, C: ?Sized>(
        &self,
        arena: &'a Arena<C>,
    ) -> impl Iterator<Item = u32> + use<'a, C> {
        let step = |slot: u32| (slot != NONE).then_some(slot);
        std::iter::successors(step(self.head), move |&slot| {
            step(arena.at(slot).links.next)
        })
    }
}

/// The works that have a turn coming.
pub(crate) struct Ready {
    lists: [List; 2],
    /// Which list is the present round's, 0 or 1; the flag `SIDE` of a work says in which it is. A byte that is flipped,
    /// and not two lists that are swapped: a copy would have to wait for what has just been written.
    current: u8,
}

impl Ready {
    pub fn new() -> Self {
        Ready {
            lists: [List::EMPTY; 2],
            current: 0,
        }
    }

    /// The works of the next round. (The mask spares a check of the index.)
    #[inline]
    fn later(&mut self) -> &mut List {
        &mut self.lists[(self.current ^ 1) as usize & 1]
    }

    /// Whether nobody has a turn coming, in this round or the next.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.lists[0].is_empty() && self.lists[1].is_empty()
    }

    #[inline]
    pub fn round_is_over(&self) -> bool {
        self.lists[self.current as usize & 1].is_empty()
    }

    /// A turn in the next round.
    #[inline]
    pub fn push<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        self.push_without(arena, slot, 0);
    }

    /// The same, and clears the flags `done`.
    #[inline]
    pub fn push_without<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32, done: u16) {
        let side = if self.current & 1 == 0 { flag::SIDE } else { 0 };
        let later = self.later();
        let record = arena.at_mut(slot);
        debug_assert!(
            !record.flags.has(flag::READY),
            "a work that has a turn coming was given another"
        );
        record.flags.clear(flag::SIDE | done);
        record.flags.set(flag::READY | side);
        record.links = Links {
            prev: later.tail,
            next: NONE,
        };
        later.append(arena, slot);
    }

    /// The next work of this round.
    #[inline]
    pub fn pop<C: ?Sized>(&mut self, arena: &mut Arena<C>) -> Option<u32> {
        let slot = self.lists[self.current as usize & 1].pop_front(arena)?;
        arena.clear(slot, flag::READY);
        Some(slot)
    }

    /// Takes a work out, if it has a turn coming. O(1).
    pub fn remove<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        if arena.take(slot, flag::READY) {
            let side = arena.is(slot, flag::SIDE) as usize;
            self.lists[side].remove(arena, slot);
        }
    }

    /// What has become ready makes the next round. The last one must be over.
    #[inline]
    pub fn start_round(&mut self) {
        debug_assert!(self.round_is_over());
        self.current ^= 1;
    }

    /// The works whose turns of this round are still to come.
    pub fn round<'a, C: ?Sized>(
        &self,
        arena: &'a Arena<C>,
    ) -> impl Iterator<Item = u32> + use<'a, C> {
        self.lists[self.current as usize & 1].iter(arena)
    }

    pub fn round_len(&self) -> u32 {
        self.lists[self.current as usize & 1].len()
    }

    pub fn len(&self) -> u32 {
        self.lists[0].len() + self.lists[1].len()
    }
}
