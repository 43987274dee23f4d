//! Dependencies: of each work two lists, the edges out of it and the edges into it, each in a block of memory of its own.
//!
//! An edge is an entry in the list of either end, and each says at which place the other is. So the edges of a work lie
//! side by side in the order in which they were added, and removing one leaves a gap in the other's list without a
//! search. A full list moves to a block of twice the size, or closes its gaps if they are half of it; one that is almost
//! empty moves to a smaller block. Places do not change with the block, only when gaps are closed, and then the other
//! ends are told: all in all O(1) per edge.
//!
//! An edge stays as long as both its works do: a satisfied one stays satisfied, and a restarted work takes its open
//! ones as they are. What an edge is like is kept on the side of the work that comes first, so that its end is told to
//! its dependents in one pass. Whether an edge exists already is looked for in the shorter of the two lists.
//!
//! At most 2^28 edges, and at most 2^30 cells of memory before one more is added: indices and counters have the room.

mod blocks;
#[cfg(test)]
mod tests;

use super::arena::Arena;
use super::record::{NONE, Record};
use crate::work::EdgeKind;
use blocks::{Blocks, Header};
use std::ops::Range;

pub(crate) use blocks::Entry;

/// Edges into a work that are looked at before the length of the other list is.
const FIRST_LOOK: usize = 16;

/// No edge is added once there are so many cells. One call doubles each list at most once, so it adds twice as many at
/// most, besides the list of a new work.
const MOST_CELLS: usize = 1 << 30;

/// Which of the two lists of a work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Outs,
    Ins,
}

impl Side {
    const fn other(self) -> Side {
        match self {
            Side::Outs => Side::Ins,
            Side::Ins => Side::Outs,
        }
    }

    #[inline]
    fn of<C: ?Sized>(self, record: &Record<C>) -> u32 {
        match self {
            Side::Outs => record.outs,
            Side::Ins => record.ins,
        }
    }

    #[inline]
    fn set<C: ?Sized>(self, record: &mut Record<C>, block: u32) {
        match self {
            Side::Outs => record.outs = block,
            Side::Ins => record.ins = block,
        }
    }
}

pub(crate) struct Graph {
    blocks: Blocks,
    edges: usize,
}

impl Graph {
    pub fn new() -> Self {
        Graph {
            blocks: Blocks::new(),
            edges: 0,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.edges
    }

    /// Whether so many edges more would be more than `limit`, or more than there is memory for.
    #[inline]
    pub fn lacks_room(&self, more: usize, limit: usize) -> bool {
        self.edges + more > limit || self.blocks.len() >= MOST_CELLS
    }

    /// Edges out of `slot`, in the order in which they were added.
    #[inline]
    pub fn outs<'a, C: ?Sized>(
        &'a self,
        arena: &Arena<C>,
        slot: u32,
    ) -> impl DoubleEndedIterator<Item = Entry> + use<'a, C> {
        live(self.blocks.entries(arena.at(slot).outs))
    }

    /// Edges into `slot`, in the order in which they were added; what they are like is told by [`Graph::out_of`].
    #[inline]
    pub fn ins<'a, C: ?Sized>(
        &'a self,
        arena: &Arena<C>,
        slot: u32,
    ) -> impl DoubleEndedIterator<Item = Entry> + use<'a, C> {
        live(self.blocks.entries(arena.at(slot).ins))
    }

    /// The same edge on the side of the work that comes first.
    #[inline]
    pub fn out_of<C: ?Sized>(&self, arena: &Arena<C>, into: Entry) -> Entry {
        self.blocks.at(arena.at(into.peer()).outs + into.place())
    }

    /// Where the entries of a list are, gaps included: for walks during which other things change.
    #[inline]
    pub fn range(&self, block: u32) -> Range<u32> {
        if block == NONE {
            return 0..0;
        }
        block + 1..block + 1 + self.blocks.header(block).len
    }

    /// The entry of such a range; `None` for a gap.
    #[inline]
    pub fn get(&self, index: u32) -> Option<Entry> {
        Some(self.blocks.at(index)).filter(|entry| !entry.is_gap())
    }

    /// Says what the edge of this outgoing entry is like from now on.
    #[inline]
    pub fn mark(&mut self, index: u32, kind: EdgeKind, satisfied: bool) {
        let entry = self.blocks.at_mut(index);
        *entry = entry.with(kind, satisfied);
    }

    /// The index of the outgoing entry of the edge from `before` to `after`, if there is one. Costs the shorter of the two
    /// lists, but for the first few edges into `after`: mostly they are all.
    #[inline]
    pub fn find<C: ?Sized>(&self, arena: &Arena<C>, before: u32, after: u32) -> Option<u32> {
        let (outs, ins) = (arena.at(before).outs, arena.at(after).ins);
        let into = self.blocks.entries(ins);
        if into.len() <= FIRST_LOOK {
            return position(into, before).map(|place| outs + into[place].place());
        }
        self.find_among_many(outs, into, before, after)
    }

    fn find_among_many(&self, outs: u32, into: &[Entry], before: u32, after: u32) -> Option<u32> {
        let out = self.blocks.entries(outs);
        if out.len() < into.len() {
            return position(out, after).map(|place| outs + 1 + place as u32);
        }
        position(into, before).map(|place| outs + into[place].place())
    }

    /// Makes room for so many edges into a new work.
    #[inline]
    pub fn make_room<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32, edges: usize) {
        debug_assert_eq!(arena.at(slot).ins, NONE);
        arena.at_mut(slot).ins = self.blocks.take(size_for(edges as u32));
    }

    /// Adds an edge. Amortised O(1).
    pub fn link<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        before: u32,
        after: u32,
        kind: EdgeKind,
        satisfied: bool,
    ) {
        let (ins, into) = self.place(arena, after, Side::Ins);
        let (outs, out) = self.place(arena, before, Side::Outs);
        *self.blocks.at_mut(ins + into) = Entry::new(before, out);
        *self.blocks.at_mut(outs + out) = Entry::new(after, into).with(kind, satisfied);
        self.edges += 1;
    }

    /// The next place in a list, which is the caller's to fill at once, and the list's block.
    #[inline]
    fn place<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32, side: Side) -> (u32, u32) {
        let mut block = side.of(arena.at(slot));
        if block == NONE {
            block = self.blocks.take(1);
            side.set(arena.at_mut(slot), block);
        }
        let mut header = self.blocks.header(block);
        if header.len == header.room() {
            (block, header) = self.grow(arena, slot, side);
        }
        header.len += 1;
        self.blocks.set_header(block, header);
        (block, header.len)
    }

    #[inline(never)]
    fn grow<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32, side: Side) -> (u32, Header) {
        let Header { len, gaps, size } = self.blocks.header(side.of(arena.at(slot)));
        let half_are_gaps = gaps > len / 2;
        self.rebuild(arena, slot, side, size + !half_are_gaps as u32)
    }

    /// Moves a list to a block of this size and closes its gaps.
    fn rebuild<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        slot: u32,
        side: Side,
        size: u32,
    ) -> (u32, Header) {
        let old = side.of(arena.at(slot));
        let block = self.blocks.take(size);
        let mut place = 0;
        for index in self.range(old) {
            let Some(entry) = self.get(index) else {
                continue;
            };
            place += 1;
            *self.blocks.at_mut(block + place) = entry;
            if index - old != place {
                let twins = side.other().of(arena.at(entry.peer()));
                let twin = self.blocks.at_mut(twins + entry.place());
                *twin = twin.with_place(place);
            }
        }
        self.blocks.give_back(old);
        side.set(arena.at_mut(slot), block);
        let (len, gaps) = (place, 0);
        let header = Header { len, gaps, size };
        self.blocks.set_header(block, header);
        (block, header)
    }

    /// Removes all edges of a work; `lost` is called with each dependent whose dependency on it was never satisfied.
    /// Amortised O(its edges).
    pub fn unlink_all<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        slot: u32,
        mut lost: impl FnMut(&mut Arena<C>, u32),
    ) {
        self.unlink_side(arena, slot, Side::Outs, |arena, entry| {
            if !entry.is_satisfied() {
                lost(arena, entry.peer());
            }
        });
        self.unlink_side(arena, slot, Side::Ins, |_, _| ());
        if self.edges == 0 {
            self.blocks.clear();
        }
    }

    #[inline]
    fn unlink_side<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        slot: u32,
        side: Side,
        mut gone: impl FnMut(&mut Arena<C>, Entry),
    ) {
        let block = side.of(arena.at(slot));
        if block == NONE {
            return;
        }
        for index in self.range(block) {
            if let Some(entry) = self.get(index) {
                self.leave_gap(arena, entry, side.other());
                self.edges -= 1;
                gone(arena, entry);
            }
        }
        self.blocks.give_back(block);
        side.set(arena.at_mut(slot), NONE);
    }

    /// Removes the other entry of an edge. An empty list has no block; one of which little is left gets a smaller one.
    fn leave_gap<C: ?Sized>(&mut self, arena: &mut Arena<C>, entry: Entry, side: Side) {
        let block = side.of(arena.at(entry.peer()));
        let mut header = self.blocks.header(block);
        header.gaps += 1;
        if header.live() == 0 {
            self.blocks.give_back(block);
            return side.set(arena.at_mut(entry.peer()), NONE);
        }
        *self.blocks.at_mut(block + entry.place()) = Entry::GAP;
        self.blocks.set_header(block, header);
        if header.live() < 1 << header.size >> 3 {
            // Half full, so that it does not grow again at once.
            self.rebuild(arena, entry.peer(), side, header.size - 2);
        }
    }

    /// Whether the lists of a work are as they should be, and how many cells they take. O(its edges).
    ///
    /// # Errors
    /// What is broken, in words.
    pub fn audit_work<C: ?Sized>(&self, arena: &Arena<C>, slot: u32) -> Result<usize, String> {
        let outs = self.audit_list(arena, slot, Side::Outs)?;
        Ok(outs + self.audit_list(arena, slot, Side::Ins)?)
    }

    fn audit_list<C: ?Sized>(
        &self,
        arena: &Arena<C>,
        slot: u32,
        side: Side,
    ) -> Result<usize, String> {
        let block = side.of(arena.at(slot));
        if block == NONE {
            return Ok(0);
        }
        let header = self.blocks.header(block);
        let entries = self.blocks.entries(block);
        let mut seen = 0;
        for (place, &entry) in (1..).zip(entries).filter(|(_, entry)| !entry.is_gap()) {
            seen += 1;
            let peer = arena
                .get(entry.peer())
                .ok_or("an edge with a work that is gone")?;
            let twins = self.blocks.entries(side.other().of(peer));
            let twin = twins.get(entry.place() as usize - 1);
            if twin.is_none_or(|twin| (twin.peer(), twin.place()) != (slot, place)) {
                return Err("the two ends of an edge do not point to each other".into());
            }
        }
        if seen == 0 || seen != header.live() || header.len > header.room() {
            return Err(format!("a list of {seen} edges says that it is {header:?}"));
        }
        Ok(1 << header.size)
    }

    /// Whether all cells are either in `used` or spare. O(blocks).
    ///
    /// # Errors
    /// What is broken, in words.
    pub fn audit_memory(&self, used: usize) -> Result<(), String> {
        let (spare, all) = (self.blocks.spare(), self.blocks.len());
        if used + spare != all {
            return Err(format!(
                "lists have {used} cells and {spare} are spare of {all}"
            ));
        }
        Ok(())
    }
}

/// The entries that are no gaps.
#[inline]
fn live(entries: &[Entry]) -> impl DoubleEndedIterator<Item = Entry> {
    entries.iter().copied().filter(|entry| !entry.is_gap())
}

#[inline]
fn position(entries: &[Entry], peer: u32) -> Option<usize> {
    let is_it = |entry: &Entry| entry.peer() == peer && !entry.is_gap();
    entries.iter().position(is_it)
}

/// The size of a block for so many entries and the header.
#[inline]
const fn size_for(entries: u32) -> u32 {
    u32::BITS - entries.leading_zeros()
}
