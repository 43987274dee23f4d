//! Edges that are added and removed one by one. Both ends of an edge are written together; lists grow, close gaps and
//! shrink.
//!
//! Invariant: between two calls both entries of an edge are there. A function that moves an entry tells its twin before
//! it returns.
//!
//! Trap: any of these functions may move a list to another block. An index of a cell is good until the next of them is
//! called.

use super::{Entry, Graph, Side, size_for};
use crate::engine::graph::blocks::Header;
use crate::engine::store::arena::Arena;
use crate::engine::store::record::{NONE, Record};
use crate::work::EdgeKind;

impl Graph {
    /// Adds edges from `befores` into a new work without edges. At most `most` come, and a `before` that comes twice
    /// counts once. `look` gets the record of each `before` and returns whether the edge is satisfied. Amortised
    /// O(edges), but see [`Graph::find`].
    #[inline]
    pub fn link_new(
        &mut self,
        arena: &mut Arena,
        after: u32,
        most: usize,
        befores: impl Iterator<Item = u32>,
        mut look: impl FnMut(&mut Record) -> bool,
    ) {
        self.ins_or_new(arena);
        // The new list gets its final size at once, so that it need not grow edge by edge.
        let size = size_for(most as u32);
        let block = self.ins_mut().blocks.take(Header::new(size, 0));
        let mut len = 0;
        for before in befores {
            let record = arena.at_mut(before);
            // The header does not count the entries yet, so `len` says how many there are.
            let into = self.known_ins().blocks.first(block, len);
            // An edge that is named twice counts once (L15).
            if self.find_in(record.outs, into, before, after).is_some() {
                continue;
            }
            let satisfied = look(record);
            let (outs, out) = self
                .outs
                .next_place(&mut record.outs)
                .unwrap_or_else(|| self.grow(arena, before, Side::Outs));
            len += 1;
            *self.ins_mut().blocks.at_mut(block + len) = Entry::new(before, out);
            *self.outs.at_mut(outs + out) = Entry::new(after, len).with(EdgeKind::After, satisfied);
        }
        let ins = self.ins_mut();
        // The block was taken with room for all, and fewer may have come.
        ins.blocks.set_header(block, Header::new(size, len));
        *ins.head_mut(after) = block;
        self.edges += len as usize;
    }

    /// Adds an edge. Amortised O(1).
    pub fn link(
        &mut self,
        arena: &mut Arena,
        before: u32,
        after: u32,
        kind: EdgeKind,
        satisfied: bool,
    ) {
        self.ins_or_new(arena);
        let (ins, into) = self.place(arena, after, Side::Ins);
        let (outs, out) = self.place(arena, before, Side::Outs);
        *self.ins_mut().blocks.at_mut(ins + into) = Entry::new(before, out);
        *self.outs.at_mut(outs + out) = Entry::new(after, into).with(kind, satisfied);
        self.edges += 1;
    }

    /// Returns the block of a list and its next place, which the caller fills at once.
    #[inline]
    fn place(&mut self, arena: &mut Arena, slot: u32, side: Side) -> (u32, u32) {
        let place = match side {
            Side::Outs => self.outs.next_place(&mut arena.at_mut(slot).outs),
            Side::Ins => self.ins_mut().next_place(slot),
        };
        place.unwrap_or_else(|| self.grow(arena, slot, side))
    }

    /// Makes room in a full list, and returns its new block and next place. The cost is that of the list, and amortised
    /// O(1) for each edge.
    #[inline(never)]
    fn grow(&mut self, arena: &mut Arena, slot: u32, side: Side) -> (u32, u32) {
        let list = self.list(arena, slot, side);
        let header = self.blocks_mut(side).header(list);
        // With many gaps, closing them gives enough room, and the block keeps its size.
        let half_are_gaps = header.gaps() > header.len() / 2;
        let size = header.size() + !half_are_gaps as u32;
        let len = header.live() + 1;
        (self.rebuild(arena, slot, side, Header::new(size, len)), len)
    }

    /// Moves a list to a block with `header`, closes its gaps, and returns the block. The block must have room for the
    /// live entries.
    fn rebuild(&mut self, arena: &mut Arena, slot: u32, side: Side, header: Header) -> u32 {
        let old = self.list(arena, slot, side);
        let blocks = self.blocks_mut(side);
        let block = blocks.take(header);
        if blocks.header(old).gaps() == 0 {
            blocks.copy(old, block);
        } else {
            self.copy_without_gaps(arena, old, block, side);
        }
        // Only after the copy, since the list of spare blocks writes into the block.
        self.blocks_mut(side).give_back(old);
        *self.list_mut(arena, slot, side) = block;
        block
    }

    /// Copies the entries of `old` to `block` without gaps, and writes each new place into the entry's twin. O(entries,
    /// gaps included).
    fn copy_without_gaps(&mut self, arena: &Arena, old: u32, block: u32, side: Side) {
        let mut place = 0;
        for index in self.blocks_mut(side).range(old) {
            let entry = self.blocks_mut(side).at(index);
            if !entry.is_gap() {
                place += 1;
                *self.blocks_mut(side).at_mut(block + place) = entry;
                let twins = self.list(arena, entry.peer(), side.other());
                let twin = self.blocks_mut(side.other()).at_mut(twins + entry.place());
                *twin = twin.with_place(place);
            }
        }
    }

    /// Removes all edges of a work and calls `lost` with each dependent whose dependency on it was never satisfied.
    /// Amortised O(its edges). The work is settled and about to leave.
    pub fn unlink_all(
        &mut self,
        arena: &mut Arena,
        slot: u32,
        mut lost: impl FnMut(&mut Arena, u32),
    ) {
        self.ins_or_new(arena);
        self.unlink_side(arena, slot, Side::Outs, |arena, entry| {
            if !entry.is_satisfied() {
                lost(arena, entry.peer());
            }
        });
        self.unlink_side(arena, slot, Side::Ins, |_, _| ());
        // Without edges no list is left, so all blocks can be taken back as they are.
        if self.edges == 0 {
            self.outs.clear();
            self.ins_mut().clear();
        }
    }

    /// Removes the edges in one list of a work and calls `gone` with each entry.
    #[inline]
    fn unlink_side(
        &mut self,
        arena: &mut Arena,
        slot: u32,
        side: Side,
        mut gone: impl FnMut(&mut Arena, Entry),
    ) {
        let block = self.list(arena, slot, side);
        if block == NONE {
            return;
        }
        for index in self.blocks_mut(side).range(block) {
            let entry = self.blocks_mut(side).at(index);
            if !entry.is_gap() {
                // A gap in the peer's list keeps all other places there, so no third work is touched.
                self.leave_gap(arena, entry, side.other());
                self.edges -= 1;
                gone(arena, entry);
            }
        }
        self.blocks_mut(side).give_back(block);
        *self.list_mut(arena, slot, side) = NONE;
    }

    /// Removes the twin of `entry`, which is in the list `side` of its peer. A list that is empty then gives its block
    /// back. A list that is almost empty moves to a smaller block. Amortised O(1).
    fn leave_gap(&mut self, arena: &mut Arena, entry: Entry, side: Side) {
        let block = self.list(arena, entry.peer(), side);
        let blocks = self.blocks_mut(side);
        let header = blocks.header(block).with_gap();
        if header.live() == 0 {
            blocks.give_back(block);
            *self.list_mut(arena, entry.peer(), side) = NONE;
            return;
        }
        *blocks.at_mut(block + entry.place()) = Entry::GAP;
        blocks.set_header(block, header);
        if header.live() < 1 << header.size() >> 3 {
            // The smaller block is half full, so that the list does not grow again at once.
            let smaller = Header::new(header.size() - 2, header.live());
            self.rebuild(arena, entry.peer(), side, smaller);
        }
    }
}
