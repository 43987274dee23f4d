//! Ahead of a run of turns: reads what they will touch, for several works at once.
//!
//! The works of a wide graph have their turns in an order that is not that of memory. Each turn would wait for a body, for
//! a list of edges and for the records of dependents to come from a far cache, one after the other; read in one go, they
//! come together. Safe code has no prefetch instruction, but a read whose result nobody waits for is as good, as long as
//! there are few instructions between one and the next.

use super::WorkScheduler;
use super::body::Place;
use super::record::NONE;
use std::hint::black_box;

/// Works that are read ahead at once.
pub(super) const BATCH: usize = 16;

/// Of so many edges out of each: a work with very many, and many turns, must not have them read again and again.
const EDGES: usize = 8;

/// Fewer works than these stay in a near cache anyway.
const MANY: u32 = 1 << 12;

impl<C: ?Sized> WorkScheduler<C> {
    /// Reads ahead for the works that have their turns next, unless there are few or they lie in memory as they come: those
    /// a processor reads ahead by itself. For once every [`BATCH`] turns.
    #[inline(never)]
    pub(super) fn prefetch(&mut self) {
        let Some(batch) = self.ready.next_batch() else {
            return;
        };
        let in_order = batch[0].abs_diff(batch[BATCH - 1]) < 2 * BATCH as u32;
        if in_order || self.arena.slots_end() < MANY {
            return;
        }
        let mut lists = [NONE; BATCH];
        let mut places = [Place::NOWHERE; BATCH];
        let mut read = 0;
        for (at, slot) in batch.into_iter().enumerate() {
            if let Some(record) = self.arena.get(slot) {
                (lists[at], places[at]) = (record.outs, record.body.place());
                read ^= self.graph.prefetch(record.outs);
            }
        }
        read ^= self.shelves.prefetch(&places);
        for list in lists {
            for edge in self.graph.entries(list).iter().take(EDGES) {
                read ^= self.arena.prefetch(edge.peer());
            }
        }
        // Else a compiler would see that nobody wants it.
        black_box(read);
    }
}
