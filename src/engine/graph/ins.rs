//! The edges into works.
//!
//! They repeat what the edges out of works say, and a program that runs a whole graph to its end never asks for them.
//! So a graph that came whole has none until a caller needs them; reclaiming a work does.
//!
//! Invariant: the entry of an edge here and its entry in the list out of the work before it name each other. A head is
//! `NONE`, or leads to a block with at least one edge.
//!
//! Trap: once the lists are made, each edge is written on both sides for the rest of the scheduler's life. Only
//! [`Graph::link_many`](super::Graph) gives them up again, and only if they have never held an edge.

use super::blocks::{Blocks, Entry, Header};
use super::size_for;
use crate::engine::store::arena::Arena;
use crate::engine::store::record::NONE;

/// By slot, the block of a work's list. As long as the highest slot that an edge has ever led into.
struct Heads(Vec<u32>);

impl Heads {
    /// Returns the entry of a slot for changes, and makes it if need be.
    #[inline]
    fn at_mut(&mut self, slot: u32) -> &mut u32 {
        if self.0.len() <= slot as usize {
            self.0.resize(slot as usize + 1, NONE);
        }
        &mut self.0[slot as usize]
    }
}

/// The lists of edges into works.
pub(crate) struct Ins {
    /// Where the list of each work is.
    heads: Heads,
    /// The memory of the lists.
    pub blocks: Blocks,
}

impl Ins {
    /// Returns no lists.
    pub const fn new() -> Self {
        Ins {
            heads: Heads(Vec::new()),
            blocks: Blocks::new(),
        }
    }

    /// Returns whether no edge has ever been in them. A query may have made them while there were no edges.
    pub fn is_unused(&self) -> bool {
        self.heads.0.is_empty()
    }

    /// Makes the lists for all edges in `outs`. O(slots + edges). Each list gets the order in which its edges were
    /// added, because the entries out of works name their places.
    #[cold]
    pub fn of(arena: &Arena, outs: &Blocks) -> Self {
        // Counted first, so that each list is made in its final size.
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

    /// Returns the block of a work's list. `NONE` if no edge leads into the work.
    #[inline]
    pub fn head(&self, slot: u32) -> u32 {
        self.heads.0.get(slot as usize).copied().unwrap_or(NONE)
    }

    /// Returns the block of a work's list for changes.
    #[inline]
    pub fn head_mut(&mut self, slot: u32) -> &mut u32 {
        self.heads.at_mut(slot)
    }

    /// Returns the entries of a work's list, gaps included.
    #[inline]
    pub fn entries(&self, slot: u32) -> &[Entry] {
        self.blocks.entries(self.head(slot))
    }

    /// Returns the next place of a work's list, as [`Blocks::next_place`] does.
    #[inline]
    pub fn next_place(&mut self, slot: u32) -> Option<(u32, u32)> {
        self.blocks.next_place(self.heads.at_mut(slot))
    }

    /// Makes room for `more` edges into a work, and returns how many there will be then. The caller fills them in at
    /// once. The list of the work has no gaps.
    pub fn make_room(&mut self, slot: u32, more: u32) -> u32 {
        if more == 0 {
            return 0;
        }
        let old = self.head(slot);
        // Without gaps the number of entries is also the last place.
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

    /// Enters the edges out of the works in `slots` at the places that their entries name. None of them is a gap.
    /// [`Ins::make_room`] has made these places.
    pub fn fill(&mut self, arena: &Arena, outs: &Blocks, slots: impl Iterator<Item = u32>) {
        for slot in slots {
            for (place, entry) in (1..).zip(outs.entries(arena.at(slot).outs)) {
                let block = self.heads.0[entry.peer() as usize];
                *self.blocks.at_mut(block + entry.place()) = Entry::new(slot, place);
            }
        }
    }

    /// Takes all lists back, once no edge is left. All heads are `NONE` by then, since an empty list gives its block
    /// back.
    pub fn clear(&mut self) {
        self.blocks.clear();
    }
}
