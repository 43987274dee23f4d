//! Works that are taken out of turn, as a decider picks them. Those in front move up, so that candidates stay in order.
//!
//! The records of works that move up keep the old places: a search takes many turns and cancels few works. So a work is
//! looked for if it is not where its record says.

use super::Ready;
use crate::engine::store::arena::Arena;
use std::hint::select_unpredictable;

/// How many works are moved up without a branch.
const FEW: usize = 4;

impl Ready {
    /// Returns the place of a work that has a turn coming. O(1), or O(places) if it has moved up.
    pub(super) fn place(&self, arena: &Arena, slot: u32) -> u32 {
        let noted = arena.at(slot).links.prev;
        let places = self.tail.wrapping_sub(self.head);
        let is_there = |place| self.ring[self.index(place)] == slot;
        // What is left of works that have had their turns lies in front of the head.
        if noted.wrapping_sub(self.head) < places && is_there(noted) {
            return noted;
        }
        let mut all = (0..places).map(|count| self.head.wrapping_add(count));
        all.find(|&place| is_there(place)).unwrap_or(noted)
    }

    /// Takes a work of the present round out, wherever it stands. Its flag goes on to say that it has a turn coming.
    /// There must be no gaps. O(works in front).
    pub fn take_from_round(&mut self, arena: &Arena, slot: u32) {
        let place = self.place(arena, slot);
        self.take_nth(place.wrapping_sub(self.head) as usize);
    }

    /// Takes a work of the present round out by its number, as [`Ready::take_from_round`] does.
    pub fn take_nth(&mut self, number: usize) -> u32 {
        debug_assert!(number < self.left_in_round());
        let slot = self.nth(number);
        for count in (0..number as u32).rev() {
            let place = self.head.wrapping_add(count);
            let (from, to) = (self.index(place), self.index(place.wrapping_add(1)));
            self.ring[to] = self.ring[from];
        }
        self.head = self.head.wrapping_add(1);
        slot
    }

    /// Takes one of the first few ready works by its number. If it is of the next round, the present one is widened as
    /// by [`Ready::widen_round`]. Returns `None` for any other work, or near the end of the ring. There must be no
    /// gaps.
    #[inline(always)]
    pub fn take_near(&mut self, number: usize) -> Option<u32> {
        debug_assert!(number < self.len());
        if number >= FEW {
            return None;
        }
        let (first, is_next) = (self.index(self.head), number >= self.left_in_round());
        let few = self.ring.get_mut(first..)?.first_chunk_mut()?;
        let slot = few[number];
        move_up(few, number);
        // A drawn number is foreseen badly, so there is no branch on it.
        self.end = select_unpredictable(is_next, self.tail, self.end);
        self.head = self.head.wrapping_add(1);
        Some(slot)
    }
}

/// Moves the first `number` works up by one place, without a branch.
#[inline(always)]
fn move_up(works: &mut [u32; FEW], number: usize) {
    let [a, b, c, d] = *works;
    let pick = |place, moved, stays| select_unpredictable(number >= place, moved, stays);
    *works = [a, pick(1, a, b), pick(2, b, c), pick(3, c, d)];
}
