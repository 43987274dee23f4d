//! The works that have a turn coming: first those of the present round, then those that become ready meanwhile.
//!
//! They are in one ring with a mark where the present round ends. A work knows its place, so it can be taken out in
//! O(1), and leaves a gap. A ring and not links through the records, so that a turn touches no record but its own.

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

    /// Takes a work out, if it has a turn coming. Amortised O(1).
    pub fn remove(&mut self, arena: &mut Arena, slot: u32) {
        if !arena.take(slot, flag::READY) {
            return;
        }
        let index = self.index(arena.at(slot).links.prev);
        self.ring[index] = NONE;
        self.gaps += 1;
        self.skip_gaps();
        let places = self.tail.wrapping_sub(self.head);
        // Closing gaps costs as much as all places, so it waits until half of them are gaps.
        if places >= SHORT && self.gaps >= places / 2 {
            self.close_gaps(arena);
        }
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
mod tests {
    use super::*;
    use crate::Name;
    use std::collections::VecDeque;

    const WORKS: u32 = 300;

    fn arena() -> Arena {
        let mut arena = Arena::new();
        for _ in 0..WORKS {
            arena.insert(&mut Name::Static("w"), 0, 0);
        }
        arena
    }

    /// Returns whether there was a batch to be read ahead, and checks that it is what comes next.
    fn is_read_ahead(ready: &mut Ready, round: &VecDeque<u32>, later: &VecDeque<u32>) -> bool {
        let batch = ready.next_batch();
        assert!(!ready.is_unread());
        let slots = batch.into_iter().flatten().filter(|&slot| slot != NONE);
        let next: Vec<u32> = slots.collect();
        assert!(next.iter().eq(round.iter().chain(later).take(next.len())));
        batch.is_some()
    }

    /// Rounds of pushes, pops and removals, against two queues. Places start just before they wrap.
    #[test]
    fn a_ring_does_what_two_queues_do() {
        let (mut arena, mut ready) = (arena(), Ready::new());
        (ready.head, ready.end, ready.tail) = (u32::MAX - 500, u32::MAX - 500, u32::MAX - 500);
        let (mut round, mut later) = (VecDeque::new(), VecDeque::new());
        let mut random = crate::Stream::new(7);
        let (mut popped, mut removed, mut batches) = (0, 0, 0);
        for step in 0..100_000 {
            let slot = random.below(WORKS as u64) as u32;
            let removing = step % 3_000 > 2_000;
            match random.below(if removing { 12 } else { 5 }) {
                0 | 1 if !arena.is(slot, flag::READY) => {
                    ready.push(&mut arena, slot);
                    later.push_back(slot);
                }
                2 if round.is_empty() => {
                    assert!(ready.round_is_over());
                    ready.start_round();
                    std::mem::swap(&mut round, &mut later);
                }
                2 | 3 if !round.is_empty() => {
                    let slot = ready.pop();
                    assert_eq!(Some(slot), round.pop_front());
                    popped += 1;
                    arena.clear(slot, flag::READY);
                }
                _ => {
                    removed += arena.is(slot, flag::READY) as u32;
                    ready.remove(&mut arena, slot);
                    round.retain(|&other| other != slot);
                    later.retain(|&other| other != slot);
                }
            }
            if removing || step % 100 == 0 {
                batches += is_read_ahead(&mut ready, &round, &later) as u32;
            }
            assert!(ready.round().eq(round.iter().copied()));
            assert_eq!(ready.round_is_over(), round.is_empty());
            assert_eq!(ready.len(), round.len() + later.len());
            assert_eq!(ready.is_empty(), round.is_empty() && later.is_empty());
        }
        assert!(
            popped > 1_000 && removed > 1_000 && ready.tail < u32::MAX / 2,
            "{popped} {removed}"
        );
        assert!(batches > 100, "{batches}");
    }

    /// Returns what is to be read ahead for a round of `slots`, whose first `had` works have had their turns.
    fn dense(arena: &mut Arena, slots: impl Iterator<Item = u32>, had: u32) -> Option<Range<u32>> {
        let mut ready = Ready::new();
        for slot in slots {
            arena.clear(slot, flag::READY);
            ready.push(arena, slot);
        }
        ready.start_round();
        (0..had).for_each(|_| _ = ready.pop());
        let dense = ready.dense_round();
        assert_eq!(dense.is_some(), !ready.is_unread());
        assert_eq!(ready.dense_round(), None, "once in a round");
        dense
    }

    #[test]
    fn a_large_round_is_dense_if_its_works_lie_side_by_side() {
        let arena = &mut arena();
        let scattered =
            |works: u32, every: u32| (0..works).map(move |n| 20 + n * 7 % works * every);
        assert_eq!(dense(arena, scattered(100, 1), 0), Some(20..120));
        assert_eq!(dense(arena, scattered(100, 1), 1), Some(21..120));
        assert_eq!(dense(arena, scattered(100, 2), 0), Some(20..219));
        assert_eq!(dense(arena, scattered(90, 3), 0), None);
        assert_eq!(dense(arena, scattered(LARGE.start() - 1, 1), 0), None);
        assert_eq!(dense(arena, scattered(*LARGE.start(), 1), 1), None);
    }

    #[test]
    fn a_round_with_gaps_is_not_dense() {
        let (mut arena, mut ready) = (arena(), Ready::new());
        (0..100).for_each(|slot| ready.push(&mut arena, slot));
        ready.start_round();
        ready.remove(&mut arena, 50);
        assert_eq!(ready.dense_round(), None);
        let batch = ready.next_batch();
        assert_eq!(batch, None, "in the order of memory");
    }

    #[test]
    fn coming_and_going_without_end_takes_no_more_room() {
        let (mut arena, mut ready) = (arena(), Ready::new());
        for round in 0..100_000 {
            let slot = round % WORKS;
            ready.push(&mut arena, slot);
            ready.remove(&mut arena, slot);
        }
        assert!(ready.is_empty() && ready.ring.len() <= 2 * SHORT as usize);
    }
}
