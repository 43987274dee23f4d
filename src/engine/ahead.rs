//! Before many turns follow one another: what they will touch is touched first, for several works at once.

use super::WorkScheduler;
use super::body::Body;
use super::record::NONE;
use std::hint::black_box;

pub(super) const BATCH: usize = 16;

impl<C: ?Sized> WorkScheduler<C> {
    #[inline(never)]
    pub(super) fn touch_ahead(&mut self) {
        self.ready.has_touched();
        if self.arena.slots_end() < 4096 {
            return;
        }
        let mut sum = 0u32;
        let mut heads = [NONE; BATCH];
        let mut cells = [0; BATCH];
        let (mut shelf, mut shelved) = (NONE, 0);
        for (head, slot) in heads.iter_mut().zip(self.ready.batch()) {
            let Some(record) = self.arena.get(slot) else {
                continue;
            };
            if record.outs != NONE {
                *head = record.outs;
                sum ^= self.graph.at(record.outs).peer();
            }
            if let Body::Shelved(place) = record.body {
                cells[shelved] = place.cell;
                shelved += 1;
                shelf = place.shelf;
            }
        }
        sum ^= self.shelves.touch(shelf, &cells[..shelved]) as u32;
        for head in heads {
            for entry in self.graph.entries(head) {
                sum ^= self.arena.touch(entry.peer());
            }
        }
        black_box(sum);
    }
}
