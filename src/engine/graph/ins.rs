//! The edges into works. Nothing is in them that the edges out of works do not say, too, and who runs a graph to its end
//! and keeps it does not ask: so a graph that came whole has none until somebody does (a work that is reclaimed asks, too).

use super::blocks::{Blocks, Entry, Header};
use super::size_for;
use crate::engine::store::arena::Arena;
use crate::engine::store::record::NONE;

/// By slot: the block of a work's list. As long as the highest slot that an edge has ever led into.
struct Heads(Vec<u32>);

impl Heads {
    #[inline]
    fn at_mut(&mut self, slot: u32) -> &mut u32 {
        if self.0.len() <= slot as usize {
            self.0.resize(slot as usize + 1, NONE);
        }
        &mut self.0[slot as usize]
    }
}

pub(crate) struct Ins {
    heads: Heads,
    pub blocks: Blocks,
}

impl Ins {
    pub const fn new() -> Self {
        Ins {
            heads: Heads(Vec::new()),
            blocks: Blocks::new(),
        }
    }

    /// Whether there has never been an edge in them.
    pub fn is_unused(&self) -> bool {
        self.heads.0.is_empty()
    }

    /// Those of all edges. O(slots + edges).
    #[cold]
    pub fn of(arena: &Arena, outs: &Blocks) -> Self {
        let mut counts = vec![0; arena.slots_end() as usize];
        for slot in arena.slots() {
            for entry in outs.entries(arena.at(slot).outs) {
                counts[entry.peer() as usize] += 1;
            }
        }
        let mut ins = Ins::new();
        for (slot, count) in (0..).zip(counts) {
            ins.make_room(slot, count);
        }
        ins.fill(arena, outs, arena.slots());
        ins
    }

    #[inline]
    pub fn head(&self, slot: u32) -> u32 {
        self.heads.0.get(slot as usize).copied().unwrap_or(NONE)
    }

    #[inline]
    pub fn head_mut(&mut self, slot: u32) -> &mut u32 {
        self.heads.at_mut(slot)
    }

    #[inline]
    pub fn entries(&self, slot: u32) -> &[Entry] {
        self.blocks.entries(self.head(slot))
    }

    /// See [`Blocks::next_place`].
    #[inline]
    pub fn next_place(&mut self, slot: u32) -> Option<(u32, u32)> {
        self.blocks.next_place(self.heads.at_mut(slot))
    }

    /// So many more edges will be filled in, into a work no edge into which has ever gone. How many there will be then.
    pub fn make_room(&mut self, slot: u32, more: u32) -> u32 {
        if more == 0 {
            return 0;
        }
        let old = self.head(slot);
        let known = self.blocks.entries(old).len() as u32;
        let all = known + more;
        let block = self.blocks.take(Header::new(size_for(all), all));
        if old != NONE {
            self.blocks.copy(old, block);
            self.blocks.give_back(old);
        }
        *self.head_mut(slot) = block;
        all
    }

    /// Fills in the edges out of these works, none of which is a gap, where they say that they are.
    pub fn fill(&mut self, arena: &Arena, outs: &Blocks, slots: impl Iterator<Item = u32>) {
        for slot in slots {
            for (place, entry) in (1..).zip(outs.entries(arena.at(slot).outs)) {
                let block = self.heads.0[entry.peer() as usize];
                *self.blocks.at_mut(block + entry.place()) = Entry::new(slot, place);
            }
        }
    }

    /// No edge is left.
    pub fn clear(&mut self) {
        self.blocks.clear();
    }
}
