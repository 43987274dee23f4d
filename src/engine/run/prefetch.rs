//! Ahead of a run of turns: reads what they will touch, for many works at once.
//!
//! The works of a wide graph have their turns in an order that is not that of memory. Each turn would wait for a body, for
//! a list of edges and for the records of dependents to come from a far cache, one after the other; read in one go, they
//! come together. Safe code has no prefetch instruction, but a read whose result nobody waits for is as good, as long as
//! there are few instructions between one and the next.
//!
//! If the works of a round lie side by side, in whatever order they come, all of them are read in the order of memory:
//! that a processor foresees. Else a few are read at once, as they come.

use crate::engine::Engine;
use crate::engine::queue::ready::BATCH;
use crate::engine::store::record::NONE;
use std::hint::black_box;
use std::ops::Range;

/// Of so many edges out of each: a work with very many, and many turns, must not have them read again and again.
const EDGES: usize = 8;

/// What has never had so many slots stays in a near cache anyway.
const MANY: u32 = 1 << 12;

/// Bodies that will soon be called, by slot.
pub(crate) enum Ahead<'a> {
    /// All between these two, if they are near: no more than so many.
    Between(u32, u32, u32),
    Each(&'a [u32]),
}

impl Engine {
    /// Reads ahead for the works that have their turns next, if they are many. For whenever a turn is next for which nothing
    /// has been read ahead, at the end of works that have dependents; it need not be called for each.
    #[inline(never)]
    pub(crate) fn prefetch(&mut self, bodies: &dyn Fn(Ahead<'_>) -> u32) {
        let Some(batch) = self.ready.next_batch() else {
            return;
        };
        if self.arena.slots_end() < MANY {
            return;
        }
        let read = match self.ready.dense_round() {
            Some(slots) => {
                let (first, last) = (slots.start, slots.end - 1);
                let most = 2 * slots.len() as u32;
                bodies(Ahead::Between(first, last, most)) ^ self.prefetch_side_by_side(slots, most)
            }
            None => bodies(Ahead::Each(&batch)) ^ self.prefetch_scattered(batch),
        };
        // Else a compiler would see that nobody wants it.
        black_box(read);
    }

    fn prefetch_side_by_side(&self, slots: Range<u32>, most: u32) -> u32 {
        let (mut low, mut high) = (u32::MAX, 0);
        for slot in slots {
            let list = self.arena.get(slot).map_or(NONE, |record| record.outs);
            if let Some(dependent) = self.graph.first_of(list) {
                (low, high) = (low.min(dependent), high.max(dependent));
            }
        }
        let mut read = 0;
        if low <= high && high - low < most {
            for slot in low..high + 1 {
                read ^= self.arena.prefetch(slot);
            }
        }
        read ^ low
    }

    fn prefetch_scattered(&self, slots: [u32; BATCH]) -> u32 {
        let mut lists = [NONE; BATCH];
        let mut read = 0;
        for (at, slot) in slots.into_iter().enumerate() {
            if let Some(record) = self.arena.get(slot) {
                lists[at] = record.outs;
                read ^= self.graph.first_of(record.outs).unwrap_or(0);
            }
        }
        for list in lists {
            for edge in self.graph.entries(list).iter().take(EDGES) {
                read ^= self.arena.prefetch(edge.peer());
            }
        }
        read
    }
}
