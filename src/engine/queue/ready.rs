//! The works that have a turn coming: first those of the present round, then those that become ready meanwhile.
//!
//! They are in one ring with a mark where the present round ends. A work knows its place, so it can be taken out in
//! O(1), and leaves a gap. A ring and not links through the records, so that a turn touches no record but its own.
//! Works that a decider takes out of turn leave no gap: see `picked`.

mod picked;

use crate::engine::store::arena::Arena;
use crate::engine::store::flags::flag;
use crate::engine::store::record::{NONE, Record};
use std::ops::{Range, RangeInclusive};

/// The first length of a ring. Below it, gaps are not worth closing.
const SHORT: u32 = 64;

/// How many works are read ahead at once where they are scattered.
pub(crate) const BATCH: usize = 16;

/// How many works a round may have to be read ahead all at once. Larger rounds would not fit into a near cache.
const LARGE: RangeInclusive<u32> = 64..=2_048;

/// The ready ring. Places count on for ever, and wrap: their lower bits say where in the ring.
///
/// There is no gap at the head of the present round or at the tail of the next. So either is empty just if it has no
/// place.
///
/// The order of the fields is kept: with `end` beside `tail`, one access would read both, and each turn would be
/// slower.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Ready {
    /// The place that the next work gets.
    tail: u32,
    /// How many places hold no work.
    gaps: u32,
    /// The first place that has not had its turn.
    head: u32,
    /// Empty, or a power of two long.
    ring: Vec<u32>,
    /// Where the present round ends and the next begins.
    end: u32,
    /// The first place for which nothing has been read ahead (`run/prefetch.rs`).
    unread: u32,
    /// The end of the last round that was looked at as a whole.
    looked_at: u32,
}

impl Ready {
    /// Returns an empty ring.
    pub fn new() -> Self {
        Ready::default()
    }

    /// Forgets all works, but keeps the ring.
    pub fn clear(&mut self) {
        // Field by field, since a search resets too often to make the ring anew.
        (self.tail, self.gaps, self.head, self.end) = (0, 0, 0, 0);
        (self.unread, self.looked_at) = (0, 0);
    }

    /// Returns where in the ring a place is.
    #[inline]
    fn index(&self, place: u32) -> usize {
        (place & (self.ring.len() as u32).wrapping_sub(1)) as usize
    }

    /// Returns whether no work has a turn coming, in this round or the next.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Returns whether all works of the present round have had their turns.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn round_is_over(&self) -> bool {
        self.head == self.end
    }

    /// Gives a work a turn in the next round. Amortised O(1).
    #[inline]
    pub fn push(&mut self, arena: &mut Arena, slot: u32) {
        let record = arena.at_mut(slot);
        debug_assert!(
            !record.flags.has(flag::READY),
            "a work that has a turn coming was given another"
        );
        record.flags.set(flag::READY);
        self.push_flagged(record, slot);
    }

    /// Gives a work, whose flags say `READY` already, a turn in the next round.
    #[inline]
    pub fn push_flagged(&mut self, record: &mut Record, slot: u32) {
        debug_assert!(record.flags.has(flag::READY));
        record.links.prev = self.enter(slot);
    }

    /// Enters a work, and returns its place.
    #[inline(always)]
    fn enter(&mut self, slot: u32) -> u32 {
        if self.tail.wrapping_sub(self.head) as usize == self.ring.len() {
            self.grow();
        }
        let (place, index) = (self.tail, self.index(self.tail));
        self.ring[index] = slot;
        self.tail = place.wrapping_add(1);
        place
    }

    /// Doubles the ring: each place stays where it is or moves by the old length.
    #[cold]
    fn grow(&mut self) {
        let old = self.ring.len();
        self.ring.resize((old * 2).max(SHORT as usize), NONE);
        for count in 0..old as u32 {
            let place = self.head.wrapping_add(count);
            let (from, to) = (place as usize & (old - 1), self.index(place));
            self.ring[to] = self.ring[from];
        }
    }

    /// Takes the next work of this round, which must not be over. The caller gives the work its turn.
    #[inline]
    pub fn pop(&mut self) -> u32 {
        let slot = self.pop_before_no_gap();
        if self.gaps > 0 {
            self.skip_gaps();
        }
        slot
    }

    /// Takes the next work of this round, where no gap follows.
    #[inline]
    fn pop_before_no_gap(&mut self) -> u32 {
        debug_assert!(!self.round_is_over());
        let slot = self.ring[self.index(self.head)];
        self.head = self.head.wrapping_add(1);
        slot
    }

    /// Takes a work out, if it has a turn coming. Amortised O(1), unless it has moved up: see `picked`.
    pub fn remove(&mut self, arena: &mut Arena, slot: u32) {
        if arena.take(slot, flag::READY) {
            self.take(arena, slot);
        }
    }

    /// Takes a work out as [`Ready::remove`] does. Its flag goes on to say that it has a turn coming.
    pub fn take(&mut self, arena: &mut Arena, slot: u32) {
        let index = self.index(self.place(arena, slot));
        self.ring[index] = NONE;
        self.gaps += 1;
        self.skip_gaps();
        let places = self.tail.wrapping_sub(self.head);
        // Closing gaps costs as much as all places, so it waits until half of them are gaps.
        if places >= SHORT && self.gaps >= places / 2 {
            self.close_gaps(arena);
        }
    }

    /// Returns whether some places hold no work.
    #[inline]
    pub fn has_gaps(&self) -> bool {
        self.gaps > 0
    }

    /// Leaves no gaps, so that works can be numbered by their places. O(1) without gaps.
    #[inline]
    pub fn without_gaps(&mut self, arena: &mut Arena) {
        if self.gaps > 0 {
            self.close_gaps(arena);
        }
    }

    /// Returns a ready work by its number in the order of turns, this round's first. There must be no gaps.
    #[inline]
    pub fn nth(&self, number: usize) -> u32 {
        debug_assert!(self.gaps == 0 && number < self.len());
        self.ring[self.index(self.head.wrapping_add(number as u32))]
    }

    /// Returns how many works of the present round have their turns still to come. There must be no gaps.
    #[inline]
    pub fn left_in_round(&self) -> usize {
        debug_assert!(self.gaps == 0);
        self.end.wrapping_sub(self.head) as usize
    }

    /// Skips the gaps at the head of the round and at the tail of the next. Each gap goes once.
    #[cold]
    fn skip_gaps(&mut self) {
        while self.head != self.end && self.ring[self.index(self.head)] == NONE {
            self.head = self.head.wrapping_add(1);
            self.gaps -= 1;
        }
        while self.tail != self.end && self.ring[self.index(self.tail.wrapping_sub(1))] == NONE {
            self.tail = self.tail.wrapping_sub(1);
            self.gaps -= 1;
        }
    }

    /// Closes all gaps, so that works that are added and cancelled without end fill no memory.
    fn close_gaps(&mut self, arena: &mut Arena) {
        let (mut place, mut to, end, tail) = (self.head, self.head, self.end, self.tail);
        while place != tail {
            if place == end {
                self.end = to;
            }
            let slot = self.ring[self.index(place)];
            if slot != NONE {
                let index = self.index(to);
                self.ring[index] = slot;
                arena.at_mut(slot).links.prev = to;
                to = to.wrapping_add(1);
            }
            place = place.wrapping_add(1);
        }
        if end == tail {
            self.end = to;
        }
        (self.tail, self.gaps) = (to, 0);
    }

    /// Starts the next round with all works that have become ready. The last round must be over.
    #[inline]
    pub fn start_round(&mut self) {
        debug_assert!(self.round_is_over());
        self.end = self.tail;
        if self.gaps > 0 {
            self.skip_gaps();
        }
    }

    /// Starts the next round, which must have a work, and takes its first work.
    #[inline]
    pub fn start_and_pop(&mut self) -> u32 {
        debug_assert!(self.round_is_over() && !self.next_is_empty());
        if self.gaps > 0 {
            self.start_round();
            return self.pop();
        }
        self.end = self.tail;
        self.pop_before_no_gap()
    }

    /// Returns whether no work has become ready since the present round began.
    #[inline]
    pub fn next_is_empty(&self) -> bool {
        self.end == self.tail
    }

    /// Returns the works whose turns of this round are still to come.
    pub fn round(&self) -> impl Iterator<Item = u32> + '_ {
        let places = 0..self.end.wrapping_sub(self.head);
        let slots = places.map(|count| self.ring[self.index(self.head.wrapping_add(count))]);
        slots.filter(|&slot| slot != NONE)
    }

    /// Returns the works that have become ready since the present round began.
    pub fn next_round(&self) -> impl Iterator<Item = u32> + '_ {
        let places = 0..self.tail.wrapping_sub(self.end);
        let slots = places.map(|count| self.ring[self.index(self.end.wrapping_add(count))]);
        slots.filter(|&slot| slot != NONE)
    }

    /// Returns all works that have a turn coming, the last first.
    pub fn newest_first(&self) -> impl Iterator<Item = u32> + '_ {
        let places = 1..=self.tail.wrapping_sub(self.head);
        let slots = places.map(|count| self.ring[self.index(self.tail.wrapping_sub(count))]);
        slots.filter(|&slot| slot != NONE)
    }

    /// Ends the present round. Works that have had no turn come first in the next one.
    pub fn end_round(&mut self) {
        self.end = self.head;
        // At the head of the next round a gap is harmless, but not at its tail.
        self.skip_gaps();
    }

    /// Lets the works of the next round be of the present one, as if that had ended and the next one begun. There must
    /// be no gaps.
    #[inline]
    pub fn widen_round(&mut self) {
        debug_assert!(self.gaps == 0);
        self.end = self.tail;
    }

    /// Returns whether nothing has been read ahead for the next place.
    #[inline]
    pub fn is_unread(&self) -> bool {
        // At most the largest of rounds is read ahead. A greater distance means that the place is long past.
        self.unread.wrapping_sub(self.head).wrapping_sub(1) >= *LARGE.end()
    }

    /// Returns the works that have their turns next, `NONE` for a gap, and counts them as read ahead. Returns `None`
    /// if there are fewer, or if they lie in memory in the order of their turns: a processor then needs no help.
    #[inline]
    pub fn next_batch(&mut self) -> Option<[u32; BATCH]> {
        self.unread = self.head.wrapping_add(BATCH as u32);
        if self.tail.wrapping_sub(self.head) < BATCH as u32 {
            return None;
        }
        let at = |count| self.ring[self.index(self.head.wrapping_add(count as u32))];
        let batch: [u32; BATCH] = std::array::from_fn(at);
        (batch[0].abs_diff(batch[BATCH - 1]) >= 2 * BATCH as u32).then_some(batch)
    }

    /// Returns the slots among which all works of this round are, and counts the works as read ahead. The round must
    /// be [`LARGE`], and at least half of these slots its own. O(works), once in a round.
    pub fn dense_round(&mut self) -> Option<Range<u32>> {
        let works = self.end.wrapping_sub(self.head);
        if !LARGE.contains(&works) || self.looked_at == self.end {
            return None;
        }
        self.looked_at = self.end;
        let (mut low, mut high) = (u32::MAX, 0);
        for count in 0..works {
            let slot = self.ring[self.index(self.head.wrapping_add(count))];
            (low, high) = (low.min(slot), high.max(slot));
        }
        // A gap is far from every slot.
        if high - low >= 2 * works {
            return None;
        }
        self.unread = self.end;
        Some(low..high + 1)
    }

    /// Returns how many works have a turn coming, in this round and the next.
    pub fn len(&self) -> usize {
        (self.tail.wrapping_sub(self.head) - self.gaps) as usize
    }
}

#[cfg(test)]
mod tests;
