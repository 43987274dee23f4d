//! Reading ahead: touches the memory of many turns at once, before they come.
//!
//! The works of a wide graph have their turns in an order that is not that of memory. Each turn would wait for a
//! body, for an edge list and for the records of dependents, one after the other. Read in one go, they come together.
//! Safe code has no prefetch instruction, so this room reads values that nothing uses. The benches' README has the
//! figures.
//!
//! If the works of a round lie side by side, in whatever order they come, all of them are read in the order of
//! memory. Else the next few works are read.

use crate::engine::Engine;
use crate::engine::queue::ready::BATCH;
use crate::engine::store::record::NONE;
use std::hint::black_box;
use std::ops::Range;

/// How many edges out of each work are read ahead. The limit keeps a work with very many from being read again and
/// again.
const EDGES: usize = 8;

/// How many slots an arena must have to need reading ahead. A smaller one stays in a near cache anyway.
const MANY: u32 = 1 << 12;

/// The bodies that will soon be called, by slot.
pub(crate) enum Ahead<'a> {
    /// All bodies in memory between those of the first two slots, if they are less than the third number of places
    /// apart.
    Between(u32, u32, u32),
    /// These slots; `NONE` for a gap.
    Each(&'a [u32]),
}

impl Engine {
    /// Reads ahead for the works that have their turns next, if there are many. `bodies` reads their bodies.
    ///
    /// The shell calls it after a work with dependents when the next turn is unread; it need not call it every time.
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
        // Without this the compiler would drop the reads, since nothing uses their result.
        black_box(read);
    }

    /// Reads the lists of works that lie side by side, and the records of their first dependents if those are near
    /// each other.
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

    /// Reads the lists of scattered works, and the records of their first dependents.
    fn prefetch_scattered(&self, slots: [u32; BATCH]) -> u32 {
        // First all records and then all lists, so that no read waits for the one before it.
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
